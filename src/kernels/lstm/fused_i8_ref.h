/* The plain integer LSTM (no peepholes, projection or layer norm), all its weights in one matrix,
 * so that rows may pack them. Inputs: x int8 [.., input]; weights int8 [4 cell, input + cell], none
 * of them -128 (rows: gate by gate in the order input, forget, cell, output; columns: x, then h);
 * int32 biases of the x products and of the h products, [4 cell] each, with the zero points folded
 * in. Outputs: y int8; h int8 [batch, cell] and c int16 [batch, cell], which persist. A unit is a
 * batch. The parameters are those of the general kernel. */
#ifndef MOTE_KERNELS_LSTM_FUSED_I8_REF_H_
#define MOTE_KERNELS_LSTM_FUSED_I8_REF_H_

#include "kernels/lstm/ref_i8.h"

/* Scratch: gates int16 [4, cell]. */
static inline int64_t mote_lstm_fused_i8_scratch_bytes(const MoteLstmI8* p) { return 8 * p->cell; }

static inline void mote_lstm_fused_i8_step(const MoteLstmI8* p, const int8_t* w,
                                           const int32_t* bias_x, const int32_t* bias_h,
                                           const int8_t* x, int8_t* h, int16_t* c, int16_t* gates) {
  const void* none[kMoteLstmInputs] = {0};
  const int64_t columns = p->input + p->cell;
  int16_t* gate[4] = {gates, gates + p->cell, gates + 2 * p->cell, gates + 3 * p->cell};
  for (int g = 0; g < 4; ++g) {
    for (int64_t r = 0; r < p->cell; ++r) {
      const int64_t at = g * p->cell + r;
      const int8_t* row = w + at * columns;
      const uint32_t from_x = (uint32_t)mote_dot_i8(row, x, 0, p->input) + (uint32_t)bias_x[at];
      const uint32_t from_h =
          (uint32_t)mote_dot_i8(row + p->input, h, 0, p->cell) + (uint32_t)bias_h[at];
      const int16_t partial = mote_q15_saturate(mote_factor((int32_t)from_x, p->x[g]));
      const int16_t sum =
          mote_q15_saturate(mote_add_wrap(mote_factor((int32_t)from_h, p->h[g]), partial));
      gate[g][r] = g == 2 ? mote_q15_tanh(sum, 3) : mote_q15_logistic(sum);
    }
  }
  mote_lstm_cell_i16(p, 0, gate, c);
  mote_lstm_output_i8(p, none, gate[3], c, 0, h);
}

/* Units are batches. */
static inline void mote_lstm_fused_i8(const MoteLstmI8* p, const int8_t* x, const int8_t* w,
                                      const int32_t* bias_x, const int32_t* bias_h, int8_t* y,
                                      int8_t* h, int16_t* c, void* scratch, int64_t begin,
                                      int64_t end) {
  for (int64_t b = begin; b < end; ++b) {
    int8_t* hb = h + b * p->cell;
    for (int64_t t = 0; t < p->steps; ++t) {
      mote_lstm_fused_i8_step(p, w, bias_x, bias_h, x + b * p->x_batch + t * p->x_step, hb,
                              c + b * p->cell, (int16_t*)scratch);
      for (int64_t r = 0; r < p->cell; ++r) y[b * p->y_batch + t * p->y_step + r] = hb[r];
    }
  }
}

#endif
