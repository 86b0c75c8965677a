// The families of the rnn kernels; rnn.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kRnnF32, kRnnHybrid;

}  // namespace mote::kernels
