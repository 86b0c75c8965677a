// The families of the resize kernels; resize.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kResizeBilinearF32, kResizeBilinearU8, kResizeBilinearI8, kResizeBilinearI16,
    kResizeNearest;

}  // namespace mote::kernels
