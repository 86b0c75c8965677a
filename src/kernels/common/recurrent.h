/* Small vector arithmetic that the recurrent kernels share. Plain C99. */
#ifndef MOTE_KERNELS_COMMON_RECURRENT_H_
#define MOTE_KERNELS_COMMON_RECURRENT_H_

#include <math.h>
#include <stdint.h>

#include "kernels/quantize_rows/ref.h"

/* Eight partial sums, so that a compiler may use vectors. */
static inline float mote_dot_f32(const float* a, const float* b, int64_t size) {
  float part[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  int64_t i = 0;
  for (; i + 8 <= size; i += 8)
    for (int k = 0; k < 8; ++k) part[k] += a[i + k] * b[i + k];
  float sum =
      ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
  for (; i < size; ++i) sum += a[i] * b[i];
  return sum;
}

/* sum_i w[i] * (x[i] - zero), modulo 2^32. */
static inline int32_t mote_dot_i8(const int8_t* w, const int8_t* x, int32_t zero, int64_t size) {
  int32_t sum = 0;
  for (int64_t i = 0; i < size; ++i) sum += w[i] * (x[i] - zero);
  return sum;
}

static inline float mote_sigmoid_f32(float x) { return 1.0f / (1.0f + expf(-x)); }

/* The fused activations, by TFLite's number: none, relu, relu_n1_to_1, relu6, tanh. */
static inline float mote_cell_activation(int activation, float x) {
  switch (activation) {
    case 1:
      return x < 0.0f ? 0.0f : x;
    case 2:
      return x < -1.0f ? -1.0f : (x > 1.0f ? 1.0f : x);
    case 3:
      return x < 0.0f ? 0.0f : (x > 6.0f ? 6.0f : x);
    case 4:
      return tanhf(x);
    default:
      return x;
  }
}

static inline float mote_clip_f32(float x, float clip) {
  return clip > 0.0f ? (x < -clip ? -clip : (x > clip ? clip : x)) : x;
}

static inline int mote_all_zero_f32(const float* x, int64_t size) {
  for (int64_t i = 0; i < size; ++i)
    if (x[i] != 0.0f) return 0;
  return 1;
}

/* x = (x - mean) / sqrt(variance + 1e-8). */
static inline void mote_standardize_f32(float* x, int64_t size) {
  float sum = 0.0f, squares = 0.0f;
  for (int64_t i = 0; i < size; ++i) sum += x[i];
  const float mean = sum / (float)size;
  for (int64_t i = 0; i < size; ++i) squares += (x[i] - mean) * (x[i] - mean);
  const float factor = 1.0f / sqrtf(squares / (float)size + 1e-8f);
  for (int64_t i = 0; i < size; ++i) x[i] = (x[i] - mean) * factor;
}

/* A float vector as integers: float kernels use `x` only. */
typedef struct {
  const float* x;
  const int8_t* q;
  float scale;
  int32_t zero;
  int all_zero;
} MoteOperand;

static inline MoteOperand mote_operand(const float* x, int64_t size, int hybrid, int asymmetric,
                                       int8_t* q) {
  MoteOperand operand = {x, q, 1.0f, 0, 0};
  if (!hybrid) return operand;
  operand.all_zero = mote_all_zero_f32(x, size);
  if (operand.all_zero) return operand;
  if (asymmetric) {
    mote_quantize_row_asymmetric(x, size, q, &operand.scale, &operand.zero);
  } else {
    mote_quantize_row_symmetric(x, size, q, &operand.scale, &operand.zero);
  }
  return operand;
}

/* y[r] += W[r, :] . x */
static inline void mote_product_into(const void* weights, int hybrid, float weights_scale,
                                     const MoteOperand* x, int64_t rows, int64_t columns,
                                     float* y) {
  if (!hybrid) {
    for (int64_t r = 0; r < rows; ++r)
      y[r] += mote_dot_f32((const float*)weights + r * columns, x->x, columns);
    return;
  }
  if (x->all_zero) return;
  const float scale = weights_scale * x->scale;
  for (int64_t r = 0; r < rows; ++r)
    y[r] +=
        (float)mote_dot_i8((const int8_t*)weights + r * columns, x->q, x->zero, columns) * scale;
}

/* y[r] += W[r] * x[r]; a hybrid diagonal is int8 like any other weight. */
static inline void mote_diagonal_into(const void* weights, int hybrid, float scale, const float* x,
                                      int64_t size, float* y) {
  for (int64_t r = 0; r < size; ++r)
    y[r] +=
        (hybrid ? (float)((const int8_t*)weights)[r] * scale : ((const float*)weights)[r]) * x[r];
}

#endif
