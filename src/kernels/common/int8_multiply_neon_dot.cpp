#include "kernels/common/int8_multiply_neon-inl.h"
