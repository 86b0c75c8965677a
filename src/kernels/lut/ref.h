/* What the table operators mean. Plain C99. */
#ifndef MOTE_KERNELS_LUT_REF_H_
#define MOTE_KERNELS_LUT_REF_H_

#include <stdint.h>

#include "kernels/lut/lut.h"

static inline void mote_lut_8(const uint8_t* x, const uint8_t* table, uint8_t* y, int64_t begin,
                              int64_t end) {
  for (int64_t i = begin; i < end; ++i) y[i] = table[x[i]];
}

/* The high 9 bits of x choose an interval, the low 7 the place in it. */
static inline int16_t mote_lut_16_value(int16_t x, const int16_t* table) {
  const int interval = 256 + (x >> 7);
  const int place = x & 0x7f;
  const int16_t slope = (int16_t)(table[interval + 1] - table[interval]); /* wraps */
  return (int16_t)(table[interval] + ((slope * place + 64) >> 7));
}

static inline void mote_lut_16(const int16_t* x, const int16_t* table, int16_t* y, int64_t begin,
                               int64_t end) {
  for (int64_t i = begin; i < end; ++i) y[i] = mote_lut_16_value(x[i], table);
}

static inline int32_t mote_lut_scale(const MoteLutParams* p, int16_t x) {
  const int32_t half = p->shift > 0 ? 1 << (p->shift - 1) : 0;
  return (int32_t)((uint32_t)(x * (int64_t)p->multiplier) + (uint32_t)half) >> p->shift;
}

static inline uint32_t mote_lut_magnitude(int32_t x) {
  return x < 0 ? 0u - (uint32_t)x : (uint32_t)x;
}

/* sigmoid(-v) = 1 - sigmoid(v); the sum is Q16.9 before its 10 last bits are rounded off. */
static inline int16_t mote_logistic_i16(const MoteLutParams* p, int16_t x, const uint16_t* table) {
  const int32_t v = mote_lut_scale(p, x);
  const uint32_t size = mote_lut_magnitude(v);
  const uint32_t i = size >> 9;
  uint32_t sum = 0x7fffu << 10;
  if (i < 255) {
    sum = ((uint32_t)table[i] << 9) + (size & 0x1ffu) * ((uint32_t)table[i + 1] - table[i]);
  }
  sum = v >= 0 ? sum + (1u << 9) : (1u << 25) - sum + (1u << 9) - 1;
  return (int16_t)(sum >> 10);
}

/* tanh(v) = 2 sigmoid(2v) - 1. */
static inline int16_t mote_tanh_i16(const MoteLutParams* p, int16_t x, const uint16_t* table) {
  const int32_t v = mote_lut_scale(p, x);
  const uint32_t size = mote_lut_magnitude(v);
  const uint32_t i = size >> 8;
  int32_t sum = 0xffff << 8;
  if (i < 255) {
    sum =
        (int32_t)(((uint32_t)table[i] << 8) + (size & 0xffu) * ((uint32_t)table[i + 1] - table[i]));
  }
  sum = v >= 0 ? sum - (1 << 23) + (1 << 7) : -sum + (1 << 23) + (1 << 7) - 1;
  return (int16_t)(sum >> 8);
}

static inline void mote_logistic_qi16(const MoteLutParams* p, const int16_t* x,
                                      const uint16_t* table, int16_t* y, int64_t begin,
                                      int64_t end) {
  for (int64_t i = begin; i < end; ++i) y[i] = mote_logistic_i16(p, x[i], table);
}

static inline void mote_tanh_qi16(const MoteLutParams* p, const int16_t* x, const uint16_t* table,
                                  int16_t* y, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) y[i] = mote_tanh_i16(p, x[i], table);
}

#endif
