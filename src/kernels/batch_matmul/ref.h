/* What batch_matmul means. Plain C99. Each function computes matrices [begin, end) of y. */
#ifndef MOTE_KERNELS_BATCH_MATMUL_REF_H_
#define MOTE_KERNELS_BATCH_MATMUL_REF_H_

#include "kernels/batch_matmul/batch_matmul.h"

/* Which matrix of x (or w) goes into matrix `unit` of y. */
static inline int64_t mote_batch_matmul_source(const MoteBatchMatmulShape* s, const int64_t* stride,
                                               int64_t unit) {
  int64_t at = 0;
  for (int axis = kMoteBatchAxes - 1; axis >= 0; --axis) {
    at += unit % s->batch[axis] * stride[axis];
    unit /= s->batch[axis];
  }
  return at;
}

/* Element (row, k) of a matrix of x, and (k, column) of one of w. */
static inline int64_t mote_batch_matmul_x(const MoteBatchMatmulShape* s, int64_t row, int64_t k) {
  return s->transpose_x ? k * s->rows + row : row * s->depth + k;
}

static inline int64_t mote_batch_matmul_w(const MoteBatchMatmulShape* s, int64_t k,
                                          int64_t column) {
  return s->transpose_w ? column * s->depth + k : k * s->columns + column;
}

static inline void mote_batch_matmul_f32_ref(const MoteBatchMatmulF32* p, const float* x,
                                             const float* w, float* y, int64_t begin, int64_t end) {
  const MoteBatchMatmulShape* s = &p->shape;
  for (int64_t unit = begin; unit < end; ++unit) {
    const float* xs = x + mote_batch_matmul_source(s, s->x_stride, unit) * s->rows * s->depth;
    const float* ws = w + mote_batch_matmul_source(s, s->w_stride, unit) * s->depth * s->columns;
    for (int64_t row = 0; row < s->rows; ++row) {
      for (int64_t column = 0; column < s->columns; ++column) {
        float sum = 0.0f;
        for (int64_t k = 0; k < s->depth; ++k) {
          sum += xs[mote_batch_matmul_x(s, row, k)] * ws[mote_batch_matmul_w(s, k, column)];
        }
        y[(unit * s->rows + row) * s->columns + column] = sum;
      }
    }
  }
}

static inline void mote_batch_matmul_store(const MoteBatchMatmulInt* p, const MoteScales* scales,
                                           int64_t sum, void* y, int64_t at) {
  const int32_t value = p->mac.y_type == kMoteI32 ? (int32_t)(uint32_t)(uint64_t)sum
                                                  : mote_requantize(&p->mac, scales, 0, sum);
  mote_store(y, at, p->mac.y_type, value);
}

static inline void mote_batch_matmul_int_ref(const MoteBatchMatmulInt* p, const void* x,
                                             const void* w, const void* multiplier,
                                             const void* shift, void* y, int64_t begin,
                                             int64_t end) {
  const MoteBatchMatmulShape* s = &p->shape;
  const MoteScales scales = mote_scales(p->mac.rounding, multiplier, shift);
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t xs = mote_batch_matmul_source(s, s->x_stride, unit) * s->rows * s->depth;
    const int64_t ws = mote_batch_matmul_source(s, s->w_stride, unit) * s->depth * s->columns;
    for (int64_t row = 0; row < s->rows; ++row) {
      for (int64_t column = 0; column < s->columns; ++column) {
        int64_t sum = 0;
        for (int64_t k = 0; k < s->depth; ++k) {
          sum +=
              (int64_t)(mote_load(x, xs + mote_batch_matmul_x(s, row, k), p->mac.x_type) -
                        p->mac.x_zero) *
              (mote_load(w, ws + mote_batch_matmul_w(s, k, column), p->mac.w_type) - p->mac.w_zero);
        }
        mote_batch_matmul_store(p, &scales, sum, y, (unit * s->rows + row) * s->columns + column);
      }
    }
  }
}

/* The zero point's share is taken off in float, as the reference kernel does. */
static inline float mote_batch_matmul_hybrid_output(int32_t sum, int32_t w_sum, float s_x,
                                                    int32_t x_zero, float s_w) {
  const float centered = (float)sum - (float)w_sum * (float)x_zero;
  return s_x * s_w * (float)(int32_t)centered;
}

static inline void mote_batch_matmul_hybrid_ref(const MoteBatchMatmulHybrid* p, const int8_t* x,
                                                const int8_t* w, const float* w_scale,
                                                const float* x_scale, const int32_t* x_zero,
                                                float* y, int64_t begin, int64_t end) {
  const MoteBatchMatmulShape* s = &p->shape;
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t first = mote_batch_matmul_source(s, s->x_stride, unit) * s->rows;
    const int8_t* ws = w + mote_batch_matmul_source(s, s->w_stride, unit) * s->depth * s->columns;
    for (int64_t row = 0; row < s->rows; ++row) {
      for (int64_t column = 0; column < s->columns; ++column) {
        int32_t sum = 0, w_sum = 0;
        for (int64_t k = 0; k < s->depth; ++k) {
          const int32_t right = ws[mote_batch_matmul_w(s, k, column)];
          sum = mote_add_wrap(sum, x[(first + row) * s->depth + k] * right);
          w_sum = mote_add_wrap(w_sum, right);
        }
        y[(unit * s->rows + row) * s->columns + column] = mote_batch_matmul_hybrid_output(
            sum, w_sum, x_scale[first + row], x_zero[first + row], w_scale[column]);
      }
    }
  }
}

#endif
