/* What conv3d and conv3d_transpose mean. Plain C99. Each function computes lines [begin, end) of
 * the batches * out_d * out_h lines of y. */
#ifndef MOTE_KERNELS_CONV3D_REF_H_
#define MOTE_KERNELS_CONV3D_REF_H_

#include "kernels/conv3d/conv3d.h"

/* Input position of tap f of output o along an axis, or -1 outside. */
static inline int32_t mote_conv3d_source(const MoteConv3d* p, int axis, int32_t o, int32_t f) {
  const int32_t at = o * p->stride[axis] - p->pad[axis] + f * p->dilation[axis];
  return at < 0 || at >= p->in[axis] ? -1 : at;
}

/* Input position whose tap f falls on output o, or -1. */
static inline int32_t mote_conv3d_transpose_source(const MoteConv3d* p, int axis, int32_t o,
                                                   int32_t f) {
  const int32_t at = o + p->pad[axis] - f * p->dilation[axis];
  if (at < 0 || at % p->stride[axis] != 0 || at / p->stride[axis] >= p->in[axis]) return -1;
  return at / p->stride[axis];
}

static inline float mote_conv3d_sum(const MoteConv3d* p, const float* x, const float* w, int32_t od,
                                    int32_t oy, int32_t ox, int32_t oc) {
  float sum = 0.0f;
  for (int32_t fd = 0; fd < p->filter[0]; ++fd) {
    const int32_t id = mote_conv3d_source(p, 0, od, fd);
    for (int32_t fy = 0; id >= 0 && fy < p->filter[1]; ++fy) {
      const int32_t iy = mote_conv3d_source(p, 1, oy, fy);
      for (int32_t fx = 0; iy >= 0 && fx < p->filter[2]; ++fx) {
        const int32_t ix = mote_conv3d_source(p, 2, ox, fx);
        if (ix < 0) continue;
        const float* xs = x + (((int64_t)id * p->in[1] + iy) * p->in[2] + ix) * p->in_c;
        const float* ws =
            w + (((int64_t)fd * p->filter[1] + fy) * p->filter[2] + fx) * p->in_c * p->out_c + oc;
        for (int32_t c = 0; c < p->in_c; ++c) sum += xs[c] * ws[(int64_t)c * p->out_c];
      }
    }
  }
  return sum;
}

static inline float mote_conv3d_transpose_sum(const MoteConv3d* p, const float* x, const float* w,
                                              int32_t od, int32_t oy, int32_t ox, int32_t oc) {
  float sum = 0.0f;
  for (int32_t fd = p->filter[0] - 1; fd >= 0; --fd) {
    const int32_t id = mote_conv3d_transpose_source(p, 0, od, fd);
    for (int32_t fy = p->filter[1] - 1; id >= 0 && fy >= 0; --fy) {
      const int32_t iy = mote_conv3d_transpose_source(p, 1, oy, fy);
      for (int32_t fx = p->filter[2] - 1; iy >= 0 && fx >= 0; --fx) {
        const int32_t ix = mote_conv3d_transpose_source(p, 2, ox, fx);
        if (ix < 0) continue;
        const float* xs = x + (((int64_t)id * p->in[1] + iy) * p->in[2] + ix) * p->in_c;
        const float* ws =
            w + ((((int64_t)fd * p->filter[1] + fy) * p->filter[2] + fx) * p->out_c + oc) * p->in_c;
        for (int32_t c = 0; c < p->in_c; ++c) sum += xs[c] * ws[c];
      }
    }
  }
  return sum;
}

static inline void mote_conv3d_lines(const MoteConv3d* p, int transposed, const float* x,
                                     const float* w, const float* bias, float* y, int64_t begin,
                                     int64_t end) {
  const int64_t volume = (int64_t)p->in[0] * p->in[1] * p->in[2] * p->in_c;
  for (int64_t line = begin; line < end; ++line) {
    const int32_t oy = (int32_t)(line % p->out[1]);
    const int32_t od = (int32_t)(line / p->out[1] % p->out[0]);
    const float* image = x + line / p->out[1] / p->out[0] * volume;
    for (int32_t ox = 0; ox < p->out[2]; ++ox) {
      for (int32_t oc = 0; oc < p->out_c; ++oc) {
        const float sum = transposed ? mote_conv3d_transpose_sum(p, image, w, od, oy, ox, oc)
                                     : mote_conv3d_sum(p, image, w, od, oy, ox, oc);
        y[(line * p->out[2] + ox) * p->out_c + oc] =
            mote_clamp_f32(sum + (bias ? bias[oc] : 0.0f), p->act_min, p->act_max);
      }
    }
  }
}

static inline void mote_conv3d_f32_ref(const MoteConv3d* p, const float* x, const float* w,
                                       const float* bias, float* y, int64_t begin, int64_t end) {
  mote_conv3d_lines(p, 0, x, w, bias, y, begin, end);
}

static inline void mote_conv3d_transpose_f32_ref(const MoteConv3d* p, const float* x,
                                                 const float* w, const float* bias, float* y,
                                                 int64_t begin, int64_t end) {
  mote_conv3d_lines(p, 1, x, w, bias, y, begin, end);
}

#endif
