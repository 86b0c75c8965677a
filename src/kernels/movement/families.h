// The families of the movement kernels; movement.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kStridedCopy, kPad, kMirrorPad, kConcat, kConcatRescaleU8, kSplit, kFill,
    kSpaceToBatch, kBatchToSpace, kSliceAt, kUpdateSlice;

}  // namespace mote::kernels
