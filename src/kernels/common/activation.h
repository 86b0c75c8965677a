/* Clamps that fused activations are, as the reference kernels apply them. Plain C99. */
#ifndef MOTE_KERNELS_COMMON_ACTIVATION_H_
#define MOTE_KERNELS_COMMON_ACTIVATION_H_

#include <stdint.h>

/* A NaN passes. */
static inline float mote_clamp_f32(float x, float low, float high) {
  const float raised = x < low ? low : x;
  return high < raised ? high : raised;
}

static inline int64_t mote_clamp_i64(int64_t x, int64_t low, int64_t high) {
  return x < low ? low : (x > high ? high : x);
}

#endif
