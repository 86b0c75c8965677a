/* What conv2d means. Plain C99. Each function computes rows [begin, end) of the batches * out_h
 * output rows. */
#ifndef MOTE_KERNELS_CONV2D_REF_H_
#define MOTE_KERNELS_CONV2D_REF_H_

#include "kernels/common/half.h"
#include "kernels/conv2d/conv2d.h"

/* The first tap of a window that starts at `origin` to lie inside [0, extent), and one past the
 * last. */
static inline void mote_conv2d_taps(int32_t origin, int32_t dilation, int32_t taps, int32_t extent,
                                    int32_t* first, int32_t* last) {
  int32_t f = 0;
  while (f < taps && origin + f * dilation < 0) ++f;
  int32_t l = taps;
  while (l > f && origin + (l - 1) * dilation >= extent) --l;
  *first = f;
  *last = l;
}

static inline float mote_conv2d_sum_f32(const MoteWindow* g, int32_t depth, const float* x,
                                        const void* w, int64_t w_at, int half, int32_t y0,
                                        int32_t x0) {
  int32_t fy0, fy1, fx0, fx1;
  mote_conv2d_taps(y0, g->dilation_h, g->filter_h, g->in_h, &fy0, &fy1);
  mote_conv2d_taps(x0, g->dilation_w, g->filter_w, g->in_w, &fx0, &fx1);
  float sum = 0.0f;
  for (int32_t fy = fy0; fy < fy1; ++fy) {
    for (int32_t fx = fx0; fx < fx1; ++fx) {
      const float* xs =
          x + ((int64_t)(y0 + fy * g->dilation_h) * g->in_w + x0 + fx * g->dilation_w) * g->in_c;
      const int64_t ws = w_at + ((int64_t)fy * g->filter_w + fx) * depth;
      for (int32_t c = 0; c < depth; ++c) sum += xs[c] * mote_weight_f32(w, ws + c, half);
    }
  }
  return sum;
}

static inline void mote_conv2d_float(const MoteConv2dF32* p, const float* x, const void* w,
                                     int half, const float* bias, float* y, int64_t begin,
                                     int64_t end) {
  const MoteWindow* g = &p->window;
  const int32_t depth = g->in_c / p->groups;
  const int32_t outputs = g->out_c / p->groups;
  const int64_t filter = (int64_t)g->filter_h * g->filter_w * depth;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t batch = row / g->out_h;
    const int32_t y0 = (int32_t)(row % g->out_h) * g->stride_h - g->pad_top;
    const float* image = x + batch * g->in_h * g->in_w * g->in_c;
    for (int32_t ox = 0; ox < g->out_w; ++ox) {
      const int32_t x0 = ox * g->stride_w - g->pad_left;
      for (int32_t oc = 0; oc < g->out_c; ++oc) {
        const float sum = mote_conv2d_sum_f32(g, depth, image + (int64_t)(oc / outputs) * depth, w,
                                              oc * filter, half, y0, x0);
        y[(row * g->out_w + ox) * g->out_c + oc] =
            mote_clamp_f32(sum + (bias ? bias[oc] : 0.0f), p->act_min, p->act_max);
      }
    }
  }
}

static inline void mote_conv2d_f32_ref(const MoteConv2dF32* p, const float* x, const float* w,
                                       const float* bias, float* y, int64_t begin, int64_t end) {
  mote_conv2d_float(p, x, w, 0, bias, y, begin, end);
}

static inline void mote_conv2d_f16_ref(const MoteConv2dF32* p, const float* x, const uint16_t* w,
                                       const float* bias, float* y, int64_t begin, int64_t end) {
  mote_conv2d_float(p, x, w, 1, bias, y, begin, end);
}

/* Sum of (x - x_zero) * (w - w_zero); x_at and w_at are the elements where the image's group and
 * the filter start. */
static inline int64_t mote_conv2d_sum_int(const MoteWindow* g, int32_t depth, const void* x,
                                          int64_t x_at, int32_t x_type, int32_t x_zero,
                                          const void* w, int64_t w_at, int32_t w_type,
                                          int32_t w_zero, int32_t y0, int32_t x0) {
  int32_t fy0, fy1, fx0, fx1;
  mote_conv2d_taps(y0, g->dilation_h, g->filter_h, g->in_h, &fy0, &fy1);
  mote_conv2d_taps(x0, g->dilation_w, g->filter_w, g->in_w, &fx0, &fx1);
  int64_t sum = 0;
  for (int32_t fy = fy0; fy < fy1; ++fy) {
    for (int32_t fx = fx0; fx < fx1; ++fx) {
      const int64_t xs =
          x_at + ((int64_t)(y0 + fy * g->dilation_h) * g->in_w + x0 + fx * g->dilation_w) * g->in_c;
      const int64_t ws = w_at + ((int64_t)fy * g->filter_w + fx) * depth;
      for (int32_t c = 0; c < depth; ++c) {
        sum += (int64_t)(mote_load(x, xs + c, x_type) - x_zero) *
               (mote_load(w, ws + c, w_type) - w_zero);
      }
    }
  }
  return sum;
}

static inline void mote_conv2d_int_ref(const MoteConv2dInt* p, const void* x, const void* w,
                                       const void* bias, const void* scale, const void* shift,
                                       void* y, int64_t begin, int64_t end) {
  const MoteWindow* g = &p->window;
  const MoteIntMac* m = &p->mac;
  const MoteScales scales = mote_scales(m->rounding, scale, shift);
  const int32_t depth = g->in_c / p->groups;
  const int32_t outputs = g->out_c / p->groups;
  const int64_t filter = (int64_t)g->filter_h * g->filter_w * depth;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t image = row / g->out_h * g->in_h * g->in_w * g->in_c;
    const int32_t y0 = (int32_t)(row % g->out_h) * g->stride_h - g->pad_top;
    for (int32_t ox = 0; ox < g->out_w; ++ox) {
      const int32_t x0 = ox * g->stride_w - g->pad_left;
      for (int32_t oc = 0; oc < g->out_c; ++oc) {
        const int64_t sum =
            mote_conv2d_sum_int(g, depth, x, image + (int64_t)(oc / outputs) * depth, m->x_type,
                                m->x_zero, w, oc * filter, m->w_type, m->w_zero, y0, x0);
        const int64_t acc = sum + mote_bias(bias, m->rounding, oc);
        mote_store(y, (row * g->out_w + ox) * g->out_c + oc, m->y_type,
                   mote_requantize(m, &scales, oc, acc));
      }
    }
  }
}

static inline void mote_conv2d_hybrid_ref(const MoteConv2dHybrid* p, const int8_t* x, const void* w,
                                          const float* bias, const float* w_scale,
                                          const float* x_scale, const int32_t* x_zero, float* y,
                                          int64_t begin, int64_t end) {
  const MoteWindow* g = &p->window;
  const int32_t depth = g->in_c / p->groups;
  const int32_t outputs = g->out_c / p->groups;
  const int64_t filter = (int64_t)g->filter_h * g->filter_w * depth;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t batch = row / g->out_h;
    const int64_t image = batch * g->in_h * g->in_w * g->in_c;
    const int32_t y0 = (int32_t)(row % g->out_h) * g->stride_h - g->pad_top;
    for (int32_t ox = 0; ox < g->out_w; ++ox) {
      const int32_t x0 = ox * g->stride_w - g->pad_left;
      for (int32_t oc = 0; oc < g->out_c; ++oc) {
        const int64_t sum =
            mote_conv2d_sum_int(g, depth, x, image + (int64_t)(oc / outputs) * depth, kMoteI8,
                                x_zero[batch], w, oc * filter, p->mac.w_type, 0, y0, x0);
        y[(row * g->out_w + ox) * g->out_c + oc] =
            mote_hybrid_output(&p->mac, (int32_t)(uint32_t)(uint64_t)sum, x_scale[batch],
                               w_scale[oc], bias ? bias[oc] : 0.0f);
      }
    }
  }
}

#endif
