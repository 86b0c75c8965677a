/* What the simple recurrent kernels mean. */
#ifndef MOTE_KERNELS_RNN_REF_H_
#define MOTE_KERNELS_RNN_REF_H_

#include "kernels/common/recurrent.h"
#include "kernels/rnn/rnn.h"

/* Scratch: sums [units] floats, then for hybrid the bytes of the longest operand. */
static inline int64_t mote_rnn_scratch_bytes(const MoteRnn* p) {
  const int64_t longer = p->input > p->aux ? p->input : p->aux;
  return p->units * 4 + (longer > p->units ? longer : p->units);
}

static inline void mote_rnn_step(const MoteRnn* p, const void* const* in, int hybrid,
                                 const float* x, const float* aux, float* h, float* y, float* sum) {
  const float* bias = (const float*)in[3];
  int8_t* q = (int8_t*)(sum + p->units);
  for (int64_t r = 0; r < p->units; ++r) sum[r] = bias ? bias[r] : 0.0f;
  MoteOperand operand = mote_operand(x, p->input, hybrid, p->asymmetric, q);
  mote_product_into(in[1], hybrid, p->x_scale, &operand, p->units, p->input, sum);
  if (aux) {
    operand = mote_operand(aux, p->aux, hybrid, p->asymmetric, q);
    mote_product_into(in[5], hybrid, p->aux_scale, &operand, p->units, p->aux, sum);
  }
  operand = mote_operand(h, p->units, hybrid, p->asymmetric, q);
  mote_product_into(in[2], hybrid, p->h_scale, &operand, p->units, p->units, sum);
  for (int64_t r = 0; r < p->units; ++r) y[r] = h[r] = mote_cell_activation(p->activation, sum[r]);
}

static inline void mote_rnn(const MoteRnn* p, const void* const* in, int hybrid, float* y, float* h,
                            void* scratch, int64_t begin, int64_t end) {
  const float* x = (const float*)in[0];
  const float* aux = (const float*)in[4];
  for (int64_t b = begin; b < end; ++b) {
    for (int64_t i = 0; i < p->steps; ++i) {
      const int64_t t = p->backward ? p->steps - 1 - i : i;
      mote_rnn_step(p, in, hybrid, x + b * p->x_batch + t * p->x_step,
                    aux ? aux + b * p->aux_batch + t * p->aux_step : 0, h + b * p->units,
                    y + p->y_offset + b * p->y_batch + t * p->y_step, (float*)scratch);
    }
  }
}

#endif
