/* What quantize, dequantize, fake_quant and cast mean. Plain C99. */
#ifndef MOTE_KERNELS_QUANTIZE_REF_H_
#define MOTE_KERNELS_QUANTIZE_REF_H_

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/common/activation.h"
#include "kernels/common/half.h"
#include "kernels/quantize/quantize.h"

/* --- Elements that C has no type for */

/* To nearest, ties to even. */
static inline uint16_t mote_f32_to_half(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  const uint32_t sign = bits >> 16 & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return (uint16_t)(sign | 0x7e00u);
  if (magnitude >= 0x477ff000u) return (uint16_t)(sign | 0x7c00u);
  if (magnitude < 0x38800000u) { /* below 2^-14: the adder rounds */
    float shifted;
    memcpy(&shifted, &magnitude, sizeof shifted);
    shifted += 0.5f;
    memcpy(&bits, &shifted, sizeof bits);
    return (uint16_t)(sign | (bits - 0x3f000000u));
  }
  const uint32_t odd = magnitude >> 13 & 1u;
  return (uint16_t)(sign | ((magnitude - 0x38000000u + 0xfffu + odd) >> 13));
}

static inline int8_t mote_unpack_i4(const uint8_t* packed, int64_t i) {
  const int nibble = packed[i / 2] >> (4 * (i % 2)) & 15;
  return (int8_t)(nibble < 8 ? nibble : nibble - 16);
}

/* --- Quantize and dequantize */

static inline int64_t mote_channel(const MoteQuantizeParams* p, int64_t i) {
  return p->channels == 1 ? 0 : i / p->inner % p->channels;
}

/* Saturates; NaN is taken as 0. */
static inline int32_t mote_quantize_value(float x, float scale, int32_t zero_point, int32_t low,
                                          int32_t high) {
  const float rounded = roundf(x / scale);
  if (rounded != rounded) return zero_point;
  const float held = mote_clamp_f32(rounded, -1e9f, 1e9f);
  return (int32_t)mote_clamp_i64((int64_t)held + zero_point, low, high);
}

#define MOTE_QUANTIZED_TYPE(id, T, low, high)                                                      \
  static inline void mote_quantize_f32_##id(const MoteQuantizeParams* p, const float* x,           \
                                            const float* scales, const int32_t* zero_points, T* y, \
                                            int64_t begin, int64_t end) {                          \
    for (int64_t i = begin; i < end; ++i) {                                                        \
      const int64_t c = mote_channel(p, i);                                                        \
      y[i] = (T)mote_quantize_value(x[i], scales[c], zero_points[c], low, high);                   \
    }                                                                                              \
  }                                                                                                \
  static inline void mote_dequantize_##id##_f32(const MoteQuantizeParams* p, const T* x,           \
                                                const float* scales, const int32_t* zero_points,   \
                                                float* y, int64_t begin, int64_t end) {            \
    for (int64_t i = begin; i < end; ++i) {                                                        \
      const int64_t c = mote_channel(p, i);                                                        \
      y[i] = (float)((double)scales[c] * (double)((int64_t)x[i] - zero_points[c]));                \
    }                                                                                              \
  }
#include "kernels/quantize/types.inc"
#undef MOTE_QUANTIZED_TYPE

/* Bytes [begin, end) of y. */
static inline void mote_quantize_f32_i4(const MoteQuantizeParams* p, const float* x,
                                        const float* scales, const int32_t* zero_points, uint8_t* y,
                                        int64_t begin, int64_t end) {
  for (int64_t byte = begin; byte < end; ++byte) {
    unsigned packed = 0;
    for (int half = 0; half < 2 && 2 * byte + half < p->count; ++half) {
      const int64_t i = 2 * byte + half;
      const int64_t c = mote_channel(p, i);
      const int32_t q = mote_quantize_value(x[i], scales[c], zero_points[c], -8, 7);
      packed |= ((unsigned)q & 15u) << (4 * half);
    }
    y[byte] = (uint8_t)packed;
  }
}

static inline void mote_dequantize_i4_f32(const MoteQuantizeParams* p, const uint8_t* x,
                                          const float* scales, const int32_t* zero_points, float* y,
                                          int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    const int64_t c = mote_channel(p, i);
    y[i] = scales[c] * (float)(mote_unpack_i4(x, i) - zero_points[c]);
  }
}

static inline void mote_dequantize_f16_f32(const uint16_t* x, float* y, int64_t begin,
                                           int64_t end) {
  for (int64_t i = begin; i < end; ++i) y[i] = mote_half_to_f32(x[i]);
}

static inline void mote_fake_quant_f32(const MoteFakeQuantParams* p, const float* x, float* y,
                                       int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    const float above = mote_clamp_f32(x[i], p->low, p->high) - p->low;
    y[i] = roundf(above * p->inverse_scale) * p->scale + p->low;
  }
}

/* --- Cast */

/* A number of any kind: an integer exactly, or a real one. */
typedef struct {
  int is_real;
  int64_t integer; /* of uint64: its bits */
  int is_unsigned;
  double real;
} MoteNumber;

static inline MoteNumber mote_number_of_real(double real) {
  MoteNumber n = {1, 0, 0, real};
  return n;
}
static inline MoteNumber mote_number_of_integer(int64_t integer) {
  MoteNumber n = {0, integer, 0, 0.0};
  return n;
}

static inline MoteNumber mote_cast_load(int32_t kind, const void* x, int64_t i) {
  MoteNumber n;
  switch (kind) {
    case kMoteCastF32:
      return mote_number_of_real((double)((const float*)x)[i]);
    case kMoteCastF16:
      return mote_number_of_real((double)mote_half_to_f32(((const uint16_t*)x)[i]));
    case kMoteCastF64:
      return mote_number_of_real(((const double*)x)[i]);
    case kMoteCastC64:
      return mote_number_of_real((double)((const float*)x)[2 * i]);
    case kMoteCastI8:
      return mote_number_of_integer(((const int8_t*)x)[i]);
    case kMoteCastI16:
      return mote_number_of_integer(((const int16_t*)x)[i]);
    case kMoteCastI32:
      return mote_number_of_integer(((const int32_t*)x)[i]);
    case kMoteCastI64:
      return mote_number_of_integer(((const int64_t*)x)[i]);
    case kMoteCastU8:
      return mote_number_of_integer(((const uint8_t*)x)[i]);
    case kMoteCastU16:
      return mote_number_of_integer(((const uint16_t*)x)[i]);
    case kMoteCastU32:
      return mote_number_of_integer(((const uint32_t*)x)[i]);
    case kMoteCastU64:
      n = mote_number_of_integer((int64_t)((const uint64_t*)x)[i]);
      n.is_unsigned = 1;
      return n;
    case kMoteCastBool:
      return mote_number_of_integer(((const uint8_t*)x)[i] != 0);
    default:
      return mote_number_of_integer(mote_unpack_i4((const uint8_t*)x, i));
  }
}

/* As an integer of [low, high]: real numbers are truncated and saturate, NaN gives `high`;
 * integers keep their low bits. */
static inline int64_t mote_number_to_integer(MoteNumber n, double low, double high, int64_t largest,
                                             int64_t smallest) {
  if (!n.is_real) return n.integer;
  if (!(n.real < high)) return largest;
  return n.real <= low ? smallest : (int64_t)n.real;
}

static inline double mote_number_to_real(MoteNumber n) {
  if (n.is_real) return n.real;
  return n.is_unsigned ? (double)(uint64_t)n.integer : (double)n.integer;
}

static inline float mote_number_to_f32(MoteNumber n) {
  if (n.is_real) return (float)n.real;
  return n.is_unsigned ? (float)(uint64_t)n.integer : (float)n.integer;
}

static inline uint64_t mote_number_to_u64(MoteNumber n) {
  if (!n.is_real) return (uint64_t)n.integer;
  if (!(n.real < 18446744073709551616.0)) return UINT64_MAX;
  return n.real <= 0.0 ? 0u : (uint64_t)n.real;
}

static inline void mote_cast_store(int32_t kind, MoteNumber n, void* y, int64_t i) {
  switch (kind) {
    case kMoteCastF32:
      ((float*)y)[i] = mote_number_to_f32(n);
      break;
    case kMoteCastF16:
      ((uint16_t*)y)[i] = mote_f32_to_half(mote_number_to_f32(n));
      break;
    case kMoteCastF64:
      ((double*)y)[i] = mote_number_to_real(n);
      break;
    case kMoteCastC64:
      ((float*)y)[2 * i] = mote_number_to_f32(n);
      ((float*)y)[2 * i + 1] = 0.0f;
      break;
    case kMoteCastI8:
      ((int8_t*)y)[i] = (int8_t)mote_number_to_integer(n, -128.0, 127.0, 127, -128);
      break;
    case kMoteCastI16:
      ((int16_t*)y)[i] = (int16_t)mote_number_to_integer(n, -32768.0, 32767.0, 32767, -32768);
      break;
    case kMoteCastI32:
      ((int32_t*)y)[i] =
          (int32_t)mote_number_to_integer(n, -2147483648.0, 2147483647.0, INT32_MAX, INT32_MIN);
      break;
    case kMoteCastI64:
      ((int64_t*)y)[i] = mote_number_to_integer(n, -9223372036854775808.0, 9223372036854775808.0,
                                                INT64_MAX, INT64_MIN);
      break;
    case kMoteCastU8:
      ((uint8_t*)y)[i] = (uint8_t)mote_number_to_integer(n, 0.0, 255.0, 255, 0);
      break;
    case kMoteCastU16:
      ((uint16_t*)y)[i] = (uint16_t)mote_number_to_integer(n, 0.0, 65535.0, 65535, 0);
      break;
    case kMoteCastU32:
      ((uint32_t*)y)[i] =
          (uint32_t)mote_number_to_integer(n, 0.0, 4294967295.0, (int64_t)UINT32_MAX, 0);
      break;
    case kMoteCastU64:
      ((uint64_t*)y)[i] = mote_number_to_u64(n);
      break;
    default:
      ((uint8_t*)y)[i] = n.is_real ? n.real != 0.0 : n.integer != 0;
      break;
  }
}

/* To every kind but int4. */
static inline void mote_cast(const MoteCastParams* p, const void* x, void* y, int64_t begin,
                             int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    mote_cast_store(p->to, mote_cast_load(p->from, x, i), y, i);
  }
}

#endif
