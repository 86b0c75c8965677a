/* What the plain LSTM kernel means; ref.h has the general one. */
#ifndef MOTE_KERNELS_LSTM_FUSED_REF_H_
#define MOTE_KERNELS_LSTM_FUSED_REF_H_

#include "kernels/common/recurrent.h"
#include "kernels/lstm/fused.h"

/* Scratch: gates [4, cell]. */
static inline int64_t mote_lstm_fused_scratch_bytes(const MoteLstmFused* p) {
  return 4 * p->cell * 4;
}

static inline void mote_lstm_fused_step(const MoteLstmFused* p, const float* w, const float* bias,
                                        const float* x, float* h, float* c, float* y,
                                        float* gates) {
  const int64_t columns = p->input + p->cell;
  for (int64_t r = 0; r < 4 * p->cell; ++r) {
    gates[r] = bias[r] + mote_dot_f32(w + r * columns, x, p->input) +
               mote_dot_f32(w + r * columns + p->input, h, p->cell);
  }
  for (int64_t r = 0; r < p->cell; ++r) {
    const float admitted = mote_sigmoid_f32(gates[r]) * tanhf(gates[2 * p->cell + r]);
    c[r] = mote_clip_f32(mote_sigmoid_f32(gates[p->cell + r]) * c[r] + admitted, p->cell_clip);
    y[r] = h[r] = mote_sigmoid_f32(gates[3 * p->cell + r]) * tanhf(c[r]);
  }
}

/* Units are batches. */
static inline void mote_lstm_fused(const MoteLstmFused* p, const float* x, const float* w,
                                   const float* bias, float* y, float* h, float* c, void* scratch,
                                   int64_t begin, int64_t end) {
  for (int64_t b = begin; b < end; ++b) {
    for (int64_t i = 0; i < p->steps; ++i) {
      const int64_t t = p->backward ? p->steps - 1 - i : i;
      mote_lstm_fused_step(p, w, bias, x + b * p->x_batch + t * p->x_step, h + b * p->cell,
                           c + b * p->cell, y + p->y_offset + b * p->y_batch + t * p->y_step,
                           (float*)scratch);
    }
  }
}

#endif
