/* Between real numbers and quantized ones, and between element types.
 *
 *   quantize_f32_T     in: x, scales (float), zero points (int32). One of each, or one a channel
 *   dequantize_T_f32   in: x, scales, zero points; of float16: x alone
 *   fake_quant_f32     in: x. Quantizes and dequantizes in one step
 *   cast               in: x. From any kind to any other, by value
 *
 * The channel of element i is i / inner % channels. One unit an element; of quantize_f32_i4 a byte
 * (two elements, the low half first). */
#ifndef MOTE_KERNELS_QUANTIZE_QUANTIZE_H_
#define MOTE_KERNELS_QUANTIZE_QUANTIZE_H_

#include <stdint.h>

typedef struct {
  int64_t count;
  int64_t inner;    /* elements inside one channel step; `count` where there is one channel */
  int64_t channels; /* 1: per tensor */
} MoteQuantizeParams;

typedef struct {
  int64_t count;
  float low, high; /* the range, moved so that 0 is one of its numbers */
  float scale;
  float inverse_scale;
} MoteFakeQuantParams;

/* Kinds of elements that cast knows. */
enum {
  kMoteCastF32,
  kMoteCastF16,
  kMoteCastF64,
  kMoteCastI8,
  kMoteCastI16,
  kMoteCastI32,
  kMoteCastI64,
  kMoteCastU8,
  kMoteCastU16,
  kMoteCastU32,
  kMoteCastU64,
  kMoteCastBool,
  kMoteCastC64,
  kMoteCastI4,
  kMoteCastKinds
};

typedef struct {
  int64_t count;
  int32_t from, to; /* kMoteCast... */
} MoteCastParams;

#endif
