/* What transpose_conv means. Plain C99. Each function computes rows [begin, end) of the batches *
 * out_h rows. Inputs add to an output in the order of their position, which is the order of the
 * sums in floating point. */
#ifndef MOTE_KERNELS_TRANSPOSE_CONV_REF_H_
#define MOTE_KERNELS_TRANSPOSE_CONV_REF_H_

#include "kernels/transpose_conv/transpose_conv.h"

/* The input whose tap f falls on output o, or -1. */
static inline int32_t mote_transpose_conv_source(int32_t o, int32_t pad, int32_t f, int32_t stride,
                                                 int32_t extent) {
  const int32_t at = o + pad - f;
  if (at < 0 || at % stride != 0 || at / stride >= extent) return -1;
  return at / stride;
}

static inline float mote_transpose_conv_sum_f32(const MoteWindow* g, const float* x, const float* w,
                                                int32_t oy, int32_t ox) {
  float sum = 0.0f;
  for (int32_t fy = g->filter_h - 1; fy >= 0; --fy) {
    const int32_t iy = mote_transpose_conv_source(oy, g->pad_top, fy, g->stride_h, g->in_h);
    for (int32_t fx = g->filter_w - 1; iy >= 0 && fx >= 0; --fx) {
      const int32_t ix = mote_transpose_conv_source(ox, g->pad_left, fx, g->stride_w, g->in_w);
      if (ix < 0) continue;
      const float* xs = x + ((int64_t)iy * g->in_w + ix) * g->in_c;
      const float* ws = w + ((int64_t)fy * g->filter_w + fx) * g->in_c;
      for (int32_t c = 0; c < g->in_c; ++c) sum += xs[c] * ws[c];
    }
  }
  return sum;
}

static inline void mote_transpose_conv_f32_ref(const MoteTransposeConvF32* p, const float* x,
                                               const float* w, const float* bias, float* y,
                                               int64_t begin, int64_t end) {
  const MoteWindow* g = &p->window;
  const int64_t filter = (int64_t)g->filter_h * g->filter_w * g->in_c;
  for (int64_t row = begin; row < end; ++row) {
    const float* image = x + row / g->out_h * g->in_h * g->in_w * g->in_c;
    for (int32_t ox = 0; ox < g->out_w; ++ox) {
      for (int32_t oc = 0; oc < g->out_c; ++oc) {
        const float sum =
            mote_transpose_conv_sum_f32(g, image, w + oc * filter, (int32_t)(row % g->out_h), ox);
        y[(row * g->out_w + ox) * g->out_c + oc] =
            mote_clamp_f32(sum + (bias ? bias[oc] : 0.0f), p->act_min, p->act_max);
      }
    }
  }
}

/* Exact sum of (x - x_zero) * (w - w_zero); and, if `scaled` is given, the sum of those products
 * each times s_w * s_x, rounded to float one by one. */
static inline int64_t mote_transpose_conv_sum_int(const MoteWindow* g, const void* x, int64_t x_at,
                                                  int32_t x_type, int32_t x_zero, const void* w,
                                                  int64_t w_at, int32_t w_type, int32_t w_zero,
                                                  int32_t oy, int32_t ox, float s_w, float s_x,
                                                  float* scaled) {
  int64_t sum = 0;
  for (int32_t fy = g->filter_h - 1; fy >= 0; --fy) {
    const int32_t iy = mote_transpose_conv_source(oy, g->pad_top, fy, g->stride_h, g->in_h);
    for (int32_t fx = g->filter_w - 1; iy >= 0 && fx >= 0; --fx) {
      const int32_t ix = mote_transpose_conv_source(ox, g->pad_left, fx, g->stride_w, g->in_w);
      if (ix < 0) continue;
      const int64_t xs = x_at + ((int64_t)iy * g->in_w + ix) * g->in_c;
      const int64_t ws = w_at + ((int64_t)fy * g->filter_w + fx) * g->in_c;
      for (int32_t c = 0; c < g->in_c; ++c) {
        const int32_t left = mote_load(x, xs + c, x_type) - x_zero;
        const int32_t right = mote_load(w, ws + c, w_type) - w_zero;
        sum += (int64_t)left * right;
        if (scaled) *scaled += (float)(left * right) * s_w * s_x;
      }
    }
  }
  return sum;
}

static inline void mote_transpose_conv_int_ref(const MoteTransposeConvInt* p, const void* x,
                                               const void* w, const void* bias, const void* scale,
                                               const void* shift, void* y, int64_t begin,
                                               int64_t end) {
  const MoteWindow* g = &p->window;
  const MoteIntMac* m = &p->mac;
  const MoteScales scales = mote_scales(m->rounding, scale, shift);
  const int64_t filter = (int64_t)g->filter_h * g->filter_w * g->in_c;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t image = row / g->out_h * g->in_h * g->in_w * g->in_c;
    const int32_t oy = (int32_t)(row % g->out_h);
    for (int32_t ox = 0; ox < g->out_w; ++ox) {
      for (int32_t oc = 0; oc < g->out_c; ++oc) {
        const int64_t acc =
            mote_bias(bias, m->rounding, oc) +
            mote_transpose_conv_sum_int(g, x, image, m->x_type, m->x_zero, w, oc * filter,
                                        m->w_type, m->w_zero, oy, ox, 0.0f, 0.0f, 0);
        mote_store(y, (row * g->out_w + ox) * g->out_c + oc, m->y_type,
                   mote_requantize(m, &scales, oc, acc));
      }
    }
  }
}

static inline void mote_transpose_conv_hybrid_ref(const MoteTransposeConvHybrid* p, const int8_t* x,
                                                  const void* w, const float* bias,
                                                  const float* w_scale, const float* x_scale,
                                                  const int32_t* x_zero, float* y, int64_t begin,
                                                  int64_t end) {
  const MoteWindow* g = &p->window;
  const int64_t filter = (int64_t)g->filter_h * g->filter_w * g->in_c;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t batch = row / g->out_h;
    const int64_t image = batch * g->in_h * g->in_w * g->in_c;
    const int32_t oy = (int32_t)(row % g->out_h);
    for (int32_t ox = 0; ox < g->out_w; ++ox) {
      for (int32_t oc = 0; oc < g->out_c; ++oc) {
        float sum = 0.0f;
        mote_transpose_conv_sum_int(g, x, image, kMoteI8, x_zero[batch], w, oc * filter,
                                    p->mac.w_type, 0, oy, ox, w_scale[oc], x_scale[batch], &sum);
        y[(row * g->out_w + ox) * g->out_c + oc] =
            mote_clamp_f32(sum + (bias ? bias[oc] : 0.0f), p->mac.act_min, p->mac.act_max);
      }
    }
  }
}

#endif
