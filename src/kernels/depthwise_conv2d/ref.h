/* What depthwise_conv2d means. Plain C99. Each function computes rows [begin, end) of the batches *
 * out_h rows. */
#ifndef MOTE_KERNELS_DEPTHWISE_CONV2D_REF_H_
#define MOTE_KERNELS_DEPTHWISE_CONV2D_REF_H_

#include "kernels/depthwise_conv2d/depthwise_conv2d.h"

static inline float mote_depthwise_sum_f32(const MoteWindow* g, const float* x, const float* w,
                                           int64_t batch, int32_t y0, int32_t x0, int32_t oc) {
  const int32_t ic = oc / (g->out_c / g->in_c);
  float sum = 0.0f;
  for (int32_t fy = 0; fy < g->filter_h; ++fy) {
    for (int32_t fx = 0; fx < g->filter_w; ++fx) {
      const int32_t iy = y0 + fy * g->dilation_h;
      const int32_t ix = x0 + fx * g->dilation_w;
      if (iy < 0 || iy >= g->in_h || ix < 0 || ix >= g->in_w) continue;
      sum += x[((batch * g->in_h + iy) * g->in_w + ix) * g->in_c + ic] *
             w[((int64_t)fy * g->filter_w + fx) * g->out_c + oc];
    }
  }
  return sum;
}

static inline void mote_depthwise_f32_ref(const MoteDepthwiseF32* p, const float* x, const float* w,
                                          const float* bias, float* y, int64_t begin, int64_t end) {
  const MoteWindow* g = &p->window;
  for (int64_t row = begin; row < end; ++row) {
    const int32_t y0 = (int32_t)(row % g->out_h) * g->stride_h - g->pad_top;
    for (int32_t ox = 0; ox < g->out_w; ++ox) {
      const int32_t x0 = ox * g->stride_w - g->pad_left;
      for (int32_t oc = 0; oc < g->out_c; ++oc) {
        const float sum = mote_depthwise_sum_f32(g, x, w, row / g->out_h, y0, x0, oc);
        y[(row * g->out_w + ox) * g->out_c + oc] =
            mote_clamp_f32(sum + (bias ? bias[oc] : 0.0f), p->act_min, p->act_max);
      }
    }
  }
}

static inline int64_t mote_depthwise_sum_int(const MoteWindow* g, const void* x, int32_t x_type,
                                             int32_t x_zero, const void* w, int32_t w_type,
                                             int32_t w_zero, int64_t batch, int32_t y0, int32_t x0,
                                             int32_t oc) {
  const int32_t ic = oc / (g->out_c / g->in_c);
  int64_t sum = 0;
  for (int32_t fy = 0; fy < g->filter_h; ++fy) {
    for (int32_t fx = 0; fx < g->filter_w; ++fx) {
      const int32_t iy = y0 + fy * g->dilation_h;
      const int32_t ix = x0 + fx * g->dilation_w;
      if (iy < 0 || iy >= g->in_h || ix < 0 || ix >= g->in_w) continue;
      sum +=
          (int64_t)(mote_load(x, ((batch * g->in_h + iy) * g->in_w + ix) * g->in_c + ic, x_type) -
                    x_zero) *
          (mote_load(w, ((int64_t)fy * g->filter_w + fx) * g->out_c + oc, w_type) - w_zero);
    }
  }
  return sum;
}

static inline void mote_depthwise_int_ref(const MoteDepthwiseInt* p, const void* x, const void* w,
                                          const void* bias, const void* scale, const void* shift,
                                          void* y, int64_t begin, int64_t end) {
  const MoteWindow* g = &p->window;
  const MoteIntMac* m = &p->mac;
  const MoteScales scales = mote_scales(m->rounding, scale, shift);
  for (int64_t row = begin; row < end; ++row) {
    const int32_t y0 = (int32_t)(row % g->out_h) * g->stride_h - g->pad_top;
    for (int32_t ox = 0; ox < g->out_w; ++ox) {
      const int32_t x0 = ox * g->stride_w - g->pad_left;
      for (int32_t oc = 0; oc < g->out_c; ++oc) {
        const int64_t acc = mote_bias(bias, m->rounding, oc) +
                            mote_depthwise_sum_int(g, x, m->x_type, m->x_zero, w, m->w_type,
                                                   m->w_zero, row / g->out_h, y0, x0, oc);
        mote_store(y, (row * g->out_w + ox) * g->out_c + oc, m->y_type,
                   mote_requantize(m, &scales, oc, acc));
      }
    }
  }
}

static inline void mote_depthwise_hybrid_ref(const MoteDepthwiseHybrid* p, const int8_t* x,
                                             const void* w, const float* bias, const float* w_scale,
                                             const float* x_scale, const int32_t* x_zero, float* y,
                                             int64_t begin, int64_t end) {
  const MoteWindow* g = &p->window;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t batch = row / g->out_h;
    const int32_t y0 = (int32_t)(row % g->out_h) * g->stride_h - g->pad_top;
    for (int32_t ox = 0; ox < g->out_w; ++ox) {
      const int32_t x0 = ox * g->stride_w - g->pad_left;
      for (int32_t oc = 0; oc < g->out_c; ++oc) {
        const int64_t sum = mote_depthwise_sum_int(g, x, kMoteI8, x_zero[batch], w, p->mac.w_type,
                                                   0, batch, y0, x0, oc);
        y[(row * g->out_w + ox) * g->out_c + oc] =
            mote_hybrid_output(&p->mac, (int32_t)(uint32_t)(uint64_t)sum, x_scale[batch],
                               w_scale[oc], bias ? bias[oc] : 0.0f);
      }
    }
  }
}

#endif
