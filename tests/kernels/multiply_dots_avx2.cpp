// The products of {conv2d,fully_connected}_dots_avx2.cpp.
#undef MOTE_ISA
#define MOTE_ISA emulated_dots
#define MOTE_HAS_DOTS

#include "kernels/common/int8_multiply-inl.h"
