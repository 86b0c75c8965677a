// The families of the rfft kernels; rfft.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kRfft;

}  // namespace mote::kernels
