#include "kernels/common/int8_multiply-inl.h"
