// The families of pooling; pool2d.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kAveragePoolF32, kMaxPoolF32, kL2PoolF32, kAveragePoolInt, kMaxPoolInt;

}  // namespace mote::kernels
