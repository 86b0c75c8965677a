/* Numbers of 16 bits (binary16), which C has no type for. Plain C99. */
#ifndef MOTE_KERNELS_COMMON_HALF_H_
#define MOTE_KERNELS_COMMON_HALF_H_

#include <stdint.h>
#include <string.h>

static inline float mote_half_to_f32(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
  const uint32_t magnitude = half & 0x7fffu;
  uint32_t bits;
  float value;
  if (magnitude >= 0x7c00u) {
    bits = sign | 0x7f800000u | (magnitude & 0x3ffu) << 13;
    memcpy(&value, &bits, sizeof value);
    return value;
  }
  bits = magnitude << 13;
  memcpy(&value, &bits, sizeof value);
  value *= 5.192296858534828e33f; /* 2^112: undoes the shift of the exponent */
  return sign != 0 ? -value : value;
}

/* Element i of weights that are halves or floats. */
static inline float mote_weight_f32(const void* w, int64_t i, int half) {
  return half ? mote_half_to_f32(((const uint16_t*)w)[i]) : ((const float*)w)[i];
}

#endif
