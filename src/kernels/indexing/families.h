// The families of the indexing kernels; indexing.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kGather, kGatherNd, kScatterNd, kReverseSequence, kOneHot, kSegmentSum, kRange,
    kBroadcastArgs, kMatrixDiag, kMatrixSetDiag;

}  // namespace mote::kernels
