// The families of the svdf kernels; svdf.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kSvdfF32, kSvdfHybrid, kSvdfI8, kSvdfI8I8;

}  // namespace mote::kernels
