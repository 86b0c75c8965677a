/* What the float and hybrid LSTM kernels mean; ref_i8.h has the integer one.
 *
 *   gate   = act(W_x x + W_aux aux + W_h h + peephole * c + bias)
 *            with layer norm: act(norm * standardize(the same without bias) + bias)
 *   c      = clip(forget * c + input * cell);  forget and input gates see the old c, the output
 * gate the new one h      = output * act(c), projected if there are projection weights: clip(P h +
 * bias) */
#ifndef MOTE_KERNELS_LSTM_REF_H_
#define MOTE_KERNELS_LSTM_REF_H_

#include "kernels/common/recurrent.h"
#include "kernels/lstm/lstm.h"

enum {
  kMoteLstmWx = 1,
  kMoteLstmWh = 5,
  kMoteLstmPeephole = 9,
  kMoteLstmBias = 12,
  kMoteLstmNorm = 16,
  kMoteLstmProjection = 20,
  kMoteLstmProjectionBias = 21,
  kMoteLstmAux = 22,
  kMoteLstmWaux = 23,
  kMoteLstmNormBias = 27,
  kMoteLstmInputs = 31
};

/* Peephole index of a gate; the cell gate has none. */
static inline int mote_lstm_peephole(int gate) {
  return gate == 0 ? 0 : (gate == 1 ? 1 : (gate == 3 ? 2 : -1));
}

static inline void mote_lstm_gate(const MoteLstm* p, const void* const* in, int hybrid, int g,
                                  const MoteOperand* x, const MoteOperand* aux,
                                  const MoteOperand* h, const float* c, float* gate) {
  const float* norm = (const float*)in[kMoteLstmNorm + g];
  const float* bias = (const float*)in[kMoteLstmBias + g];
  for (int64_t r = 0; r < p->cell; ++r) gate[r] = norm || !bias ? 0.0f : bias[r];
  mote_product_into(in[kMoteLstmWx + g], hybrid, p->x_scale[g], x, p->cell, p->input, gate);
  if (aux->x)
    mote_product_into(in[kMoteLstmWaux + g], hybrid, p->aux_scale[g], aux, p->cell, p->aux, gate);
  if (p->diagonal >> g & 1) {
    mote_diagonal_into(in[kMoteLstmWh + g], hybrid, p->h_scale[g], h->x, p->cell, gate);
  } else {
    mote_product_into(in[kMoteLstmWh + g], hybrid, p->h_scale[g], h, p->cell, p->output, gate);
  }
  const int peephole = mote_lstm_peephole(g);
  if (peephole >= 0 && in[kMoteLstmPeephole + peephole])
    mote_diagonal_into(in[kMoteLstmPeephole + peephole], hybrid, p->peephole_scale[peephole], c,
                       p->cell, gate);
  if (norm) {
    mote_standardize_f32(gate, p->cell);
    for (int64_t r = 0; r < p->cell; ++r) gate[r] = gate[r] * norm[r] + (bias ? bias[r] : 0.0f);
  }
  for (int64_t r = 0; r < p->cell; ++r)
    gate[r] = g == 2 ? mote_cell_activation(p->activation, gate[r]) : mote_sigmoid_f32(gate[r]);
}

/* h = output gate * act(c), projected. `hidden` holds `cell` values, `q` as many bytes. */
static inline void mote_lstm_output(const MoteLstm* p, const void* const* in, int hybrid,
                                    const float* gate, const float* c, float* hidden, int8_t* q,
                                    float* h) {
  const float* bias = (const float*)in[kMoteLstmProjectionBias];
  for (int64_t r = 0; r < p->cell; ++r)
    hidden[r] = gate[r] * mote_cell_activation(p->activation, c[r]);
  if (!in[kMoteLstmProjection]) {
    for (int64_t r = 0; r < p->output; ++r) h[r] = hidden[r];
    return;
  }
  const MoteOperand operand = mote_operand(hidden, p->cell, hybrid, p->asymmetric, q);
  for (int64_t r = 0; r < p->output; ++r) h[r] = bias ? bias[r] : 0.0f;
  mote_product_into(in[kMoteLstmProjection], hybrid, p->projection_scale, &operand, p->output,
                    p->cell, h);
  for (int64_t r = 0; r < p->output; ++r) h[r] = mote_clip_f32(h[r], p->proj_clip);
}

/* Scratch: gates [4, cell] and hidden [cell], then for hybrid the bytes of x, aux, h and hidden. */
static inline int64_t mote_lstm_scratch_bytes(const MoteLstm* p, int hybrid) {
  return 5 * p->cell * 4 + (hybrid ? p->input + p->aux + p->output + p->cell : 0);
}

static inline void mote_lstm_step(const MoteLstm* p, const void* const* in, int hybrid,
                                  const float* x, const float* aux, float* h, float* c, float* y,
                                  float* scratch) {
  float* gate[4] = {scratch, scratch + p->cell, scratch + 2 * p->cell, scratch + 3 * p->cell};
  float* hidden = scratch + 4 * p->cell;
  int8_t* q = (int8_t*)(scratch + 5 * p->cell);
  const int coupled = in[kMoteLstmWx] == 0; /* no input gate */
  MoteOperand no_aux = {0, 0, 1.0f, 0, 1};
  const MoteOperand ox = mote_operand(x, p->input, hybrid, p->asymmetric, q);
  const MoteOperand oaux =
      aux ? mote_operand(aux, p->aux, hybrid, p->asymmetric, q + p->input) : no_aux;
  const MoteOperand oh = mote_operand(h, p->output, hybrid, p->asymmetric, q + p->input + p->aux);
  for (int g = coupled; g < 3; ++g) mote_lstm_gate(p, in, hybrid, g, &ox, &oaux, &oh, c, gate[g]);
  for (int64_t r = 0; r < p->cell; ++r) {
    const float kept = gate[1][r] * c[r];
    const float admitted = coupled ? 1.0f - gate[1][r] : gate[0][r];
    c[r] = mote_clip_f32(kept + gate[2][r] * admitted, p->cell_clip);
  }
  mote_lstm_gate(p, in, hybrid, 3, &ox, &oaux, &oh, c, gate[3]);
  mote_lstm_output(p, in, hybrid, gate[3], c, hidden, q + p->input + p->aux + p->output, h);
  for (int64_t r = 0; r < p->output; ++r) y[r] = h[r];
}

/* Units are batches. */
static inline void mote_lstm(const MoteLstm* p, const void* const* in, int hybrid, float* y,
                             float* h, float* c, void* scratch, int64_t begin, int64_t end) {
  const float* x = (const float*)in[0];
  const float* aux = (const float*)in[kMoteLstmAux];
  for (int64_t b = begin; b < end; ++b) {
    for (int64_t i = 0; i < p->steps; ++i) {
      const int64_t t = p->backward ? p->steps - 1 - i : i;
      mote_lstm_step(p, in, hybrid, x + b * p->x_batch + t * p->x_step,
                     aux ? aux + b * p->aux_batch + t * p->aux_step : 0, h + b * p->output,
                     c + b * p->cell, y + p->y_offset + b * p->y_batch + t * p->y_step,
                     (float*)scratch);
    }
  }
}

#endif
