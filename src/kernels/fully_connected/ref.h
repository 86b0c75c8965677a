/* What fully_connected means. Plain C99. Each function computes rows [begin, end) of y. */
#ifndef MOTE_KERNELS_FULLY_CONNECTED_REF_H_
#define MOTE_KERNELS_FULLY_CONNECTED_REF_H_

#include "kernels/common/half.h"
#include "kernels/fully_connected/fully_connected.h"

static inline void mote_fully_connected_float(const MoteFullyConnectedF32* p, const float* x,
                                              const void* w, int half, const float* bias, float* y,
                                              int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t o = 0; o < p->out_c; ++o) {
      float sum = 0.0f;
      for (int64_t i = 0; i < p->in_c; ++i)
        sum += x[row * p->in_c + i] * mote_weight_f32(w, o * p->in_c + i, half);
      y[row * p->out_c + o] = mote_clamp_f32(sum + (bias ? bias[o] : 0.0f), p->act_min, p->act_max);
    }
  }
}

static inline void mote_fully_connected_f32_ref(const MoteFullyConnectedF32* p, const float* x,
                                                const float* w, const float* bias, float* y,
                                                int64_t begin, int64_t end) {
  mote_fully_connected_float(p, x, w, 0, bias, y, begin, end);
}

static inline void mote_fully_connected_f16_ref(const MoteFullyConnectedF32* p, const float* x,
                                                const uint16_t* w, const float* bias, float* y,
                                                int64_t begin, int64_t end) {
  mote_fully_connected_float(p, x, w, 1, bias, y, begin, end);
}

static inline void mote_fully_connected_int_ref(const MoteFullyConnectedInt* p, const void* x,
                                                const void* w, const void* bias, const void* scale,
                                                const void* shift, void* y, int64_t begin,
                                                int64_t end) {
  const MoteIntMac* m = &p->mac;
  const MoteScales scales = mote_scales(m->rounding, scale, shift);
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t o = 0; o < p->out_c; ++o) {
      int64_t acc = mote_bias(bias, m->rounding, o);
      for (int64_t i = 0; i < p->in_c; ++i) {
        acc += (int64_t)(mote_load(x, row * p->in_c + i, m->x_type) - m->x_zero) *
               (mote_load(w, o * p->in_c + i, m->w_type) - m->w_zero);
      }
      mote_store(y, row * p->out_c + o, m->y_type, mote_requantize(m, &scales, o, acc));
    }
  }
}

static inline void mote_fully_connected_hybrid_ref(const MoteFullyConnectedHybrid* p,
                                                   const int8_t* x, const void* w,
                                                   const float* bias, const float* w_scale,
                                                   const float* x_scale, const int32_t* x_zero,
                                                   float* y, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    for (int64_t o = 0; o < p->out_c; ++o) {
      int64_t sum = 0;
      for (int64_t i = 0; i < p->in_c; ++i) {
        sum += (int64_t)(x[row * p->in_c + i] - x_zero[row]) *
               mote_load(w, o * p->in_c + i, p->mac.w_type);
      }
      y[row * p->out_c + o] = mote_hybrid_output(&p->mac, (int32_t)(uint32_t)(uint64_t)sum,
                                                 x_scale[row], w_scale[o], bias ? bias[o] : 0.0f);
    }
  }
}

#endif
