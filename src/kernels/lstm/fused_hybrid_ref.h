/* The plain LSTM (fused.h) with int8 weights, none of them -128, and x and h
 * quantized on the fly at every step. Inputs: x float [.., input], weights int8
 * [4 cell, input + cell], bias float [4 cell]. Outputs: y, h and c, floats. A
 * unit is a batch. */
#ifndef MOTE_KERNELS_LSTM_FUSED_HYBRID_REF_H_
#define MOTE_KERNELS_LSTM_FUSED_HYBRID_REF_H_

#include "kernels/common/recurrent.h"

typedef struct {
  int64_t batch, steps;
  int64_t input, cell;
  /* Elements from one batch, and from one step, to the next. */
  int64_t x_batch, x_step, y_batch, y_step;
  int64_t y_offset;
  int32_t backward;             /* from the last step to the first */
  int32_t asymmetric;           /* x and h are quantized with a zero point */
  float cell_clip;              /* 0: none */
  float x_scale[4], h_scale[4]; /* of the weights, by gate */
  int32_t reserved;
} MoteLstmFusedHybrid;

/* Scratch: gates [4, cell], then the bytes of x and of h. */
static inline int64_t mote_lstm_fused_hybrid_scratch_bytes(const MoteLstmFusedHybrid* p) {
  return 16 * p->cell + p->input + p->cell;
}

static inline void mote_lstm_fused_hybrid_step(const MoteLstmFusedHybrid* p, const int8_t* w,
                                               const float* bias, const float* x, float* h,
                                               float* c, float* y, float* gates) {
  const int64_t columns = p->input + p->cell;
  int8_t* q = (int8_t*)(gates + 4 * p->cell);
  const MoteOperand ox = mote_operand(x, p->input, 1, p->asymmetric, q);
  const MoteOperand oh = mote_operand(h, p->cell, 1, p->asymmetric, q + p->input);
  for (int64_t r = 0; r < 4 * p->cell; ++r) {
    const int64_t g = r / p->cell;
    const int8_t* row = w + r * columns;
    gates[r] = bias[r];
    if (!ox.all_zero)
      gates[r] += (float)mote_dot_i8(row, ox.q, ox.zero, p->input) * (p->x_scale[g] * ox.scale);
    if (!oh.all_zero)
      gates[r] +=
          (float)mote_dot_i8(row + p->input, oh.q, oh.zero, p->cell) * (p->h_scale[g] * oh.scale);
  }
  for (int64_t r = 0; r < p->cell; ++r) {
    const float admitted = mote_sigmoid_f32(gates[r]) * tanhf(gates[2 * p->cell + r]);
    c[r] = mote_clip_f32(mote_sigmoid_f32(gates[p->cell + r]) * c[r] + admitted, p->cell_clip);
    y[r] = h[r] = mote_sigmoid_f32(gates[3 * p->cell + r]) * tanhf(c[r]);
  }
}

/* Units are batches. */
static inline void mote_lstm_fused_hybrid(const MoteLstmFusedHybrid* p, const float* x,
                                          const int8_t* w, const float* bias, float* y, float* h,
                                          float* c, void* scratch, int64_t begin, int64_t end) {
  for (int64_t b = begin; b < end; ++b) {
    for (int64_t i = 0; i < p->steps; ++i) {
      const int64_t t = p->backward ? p->steps - 1 - i : i;
      mote_lstm_fused_hybrid_step(p, w, bias, x + b * p->x_batch + t * p->x_step, h + b * p->cell,
                                  c + b * p->cell, y + p->y_offset + b * p->y_batch + t * p->y_step,
                                  (float*)scratch);
    }
  }
}

#endif
