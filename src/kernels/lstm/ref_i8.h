/* What the integer LSTM kernel means: 8-bit x, h, weights; 16-bit gates and cell. */
#ifndef MOTE_KERNELS_LSTM_REF_I8_H_
#define MOTE_KERNELS_LSTM_REF_I8_H_

#include "kernels/common/fixed_math.h"
#include "kernels/common/fixed_point.h"
#include "kernels/common/q15.h"
#include "kernels/common/recurrent.h"
#include "kernels/lstm/lstm.h"
#include "kernels/lstm/ref.h"

static inline int32_t mote_factor(int32_t x, MoteFactor factor) {
  return mote_rescale(x, factor.multiplier, factor.shift);
}

/* gate = saturate(gate + factor * (bias + W x)). */
static inline void mote_lstm_product_i8(const int8_t* weights, const int32_t* bias, const int8_t* x,
                                        int64_t rows, int64_t columns, MoteFactor factor,
                                        int16_t* gate) {
  for (int64_t r = 0; r < rows; ++r) {
    const int32_t sum =
        (int32_t)((uint32_t)mote_dot_i8(weights + r * columns, x, 0, columns) + (uint32_t)bias[r]);
    gate[r] = mote_q15_saturate(mote_add_wrap(mote_factor(sum, factor), gate[r]));
  }
}

/* Standardizes in 2^-10, weighs and biases: the statistics are integers, the variance at least the
 * guard. */
static inline void mote_lstm_norm_i16(int16_t* gate, const int16_t* weights, const int32_t* bias,
                                      MoteFactor factor, int32_t guard, int64_t size) {
  int64_t sum = 0, squares = 0;
  for (int64_t r = 0; r < size; ++r) {
    sum += gate[r];
    squares += (int64_t)gate[r] * gate[r];
  }
  const int32_t mean = (int32_t)(sum * 1024 / size);
  const int32_t share = (int32_t)((1 << 20) / size);
  const int64_t spread = squares * share - (int64_t)mean * mean;
  int32_t variance = (int32_t)(spread / (1 << 20));
  if (variance < 1) variance = guard;
  int32_t multiplier;
  int shift;
  mote_inverse_sqrt(variance, &multiplier, &shift);
  for (int64_t r = 0; r < size; ++r) {
    const int32_t centred = 1024 * gate[r] - mean;
    const int32_t standard = mote_rescale(centred, multiplier, shift);
    const int64_t weighed =
        (int32_t)((uint32_t)standard * (uint32_t)(int32_t)weights[r] + (uint32_t)bias[r]);
    const int32_t rounded = (int32_t)((weighed > 0 ? weighed + 512 : weighed - 512) / 1024);
    gate[r] = mote_q15_saturate(mote_rescale(rounded, factor.multiplier, factor.shift + 12));
  }
}

static inline void mote_lstm_gate_i8(const MoteLstmI8* p, const void* const* in, int g,
                                     const int8_t* x, const int8_t* h, const int16_t* c,
                                     int16_t* gate) {
  const int16_t* norm = (const int16_t*)in[kMoteLstmNorm + g];
  for (int64_t r = 0; r < p->cell; ++r) gate[r] = 0;
  mote_lstm_product_i8((const int8_t*)in[kMoteLstmWx + g], (const int32_t*)in[kMoteLstmBias + g], x,
                       p->cell, p->input, p->x[g], gate);
  mote_lstm_product_i8((const int8_t*)in[kMoteLstmWh + g], (const int32_t*)in[kMoteLstmWaux + g], h,
                       p->cell, p->output, p->h[g], gate);
  const int hole = mote_lstm_peephole(g);
  const int16_t* peephole = hole >= 0 ? (const int16_t*)in[kMoteLstmPeephole + hole] : 0;
  /* The official kernel gives only the first `output` cells their peephole. */
  for (int64_t r = 0; peephole && r < p->output; ++r)
    gate[r] = mote_q15_saturate(mote_factor(peephole[r] * c[r], p->peephole[hole]) + gate[r]);
  if (norm)
    mote_lstm_norm_i16(gate, norm, (const int32_t*)in[kMoteLstmNormBias + g], p->norm[g],
                       p->variance_guard[g], p->cell);
  for (int64_t r = 0; r < p->cell; ++r)
    gate[r] = g == 2 ? mote_q15_tanh(gate[r], 3) : mote_q15_logistic(gate[r]);
}

static inline int16_t mote_clip_i16(int32_t x, int32_t clip) {
  return mote_q15_saturate(clip > 0 ? mote_clamp_i32(x, -clip, clip) : x);
}

/* c = forget * c + input * cell. */
static inline void mote_lstm_cell_i16(const MoteLstmI8* p, int coupled, int16_t* const* gate,
                                      int16_t* c) {
  for (int64_t r = 0; r < p->cell; ++r) {
    const int16_t kept = mote_q15_wrap(mote_shift_right(gate[1][r] * c[r], 15));
    const int16_t admitted = coupled ? (int16_t)(INT16_MAX - gate[1][r]) : gate[0][r];
    const int16_t added = mote_q15_wrap(mote_shift_right(admitted * gate[2][r], 15 + p->cell_bits));
    c[r] = mote_clip_i16(mote_q15_saturate(kept + added), p->cell_clip);
  }
}

static inline int8_t mote_saturate_i8(int32_t x) { return (int8_t)mote_clamp_i32(x, -128, 127); }

/* h = output gate * tanh(c), projected. The zero point of the hidden value enters with the sign
 * that the official kernel gives it: negative before a projection. */
static inline void mote_lstm_output_i8(const MoteLstmI8* p, const void* const* in,
                                       const int16_t* gate, const int16_t* c, int8_t* hidden,
                                       int8_t* h) {
  const int8_t* projection = (const int8_t*)in[kMoteLstmProjection];
  const int32_t* bias = (const int32_t*)in[kMoteLstmProjectionBias];
  const int32_t zero = projection ? -p->hidden_zero_point : p->hidden_zero_point;
  int8_t* out = projection ? hidden : h;
  for (int64_t r = 0; r < p->cell; ++r) {
    const int32_t product = gate[r] * mote_q15_tanh(c[r], p->cell_bits);
    out[r] = mote_saturate_i8(mote_add_wrap(mote_factor(product, p->hidden), zero));
  }
  for (int64_t r = 0; projection && r < p->output; ++r) {
    const int32_t sum =
        (int32_t)((uint32_t)mote_dot_i8(projection + r * p->cell, hidden, 0, p->cell) +
                  (uint32_t)bias[r]);
    const int32_t value = mote_saturate_i8(mote_factor(sum, p->projection) + p->output_zero_point);
    h[r] = (int8_t)(p->proj_clip > 0 ? mote_clamp_i32(value, -p->proj_clip, p->proj_clip) : value);
  }
}

/* Scratch: gates int16 [4, cell], hidden int8 [cell]. */
static inline int64_t mote_lstm_i8_scratch_bytes(const MoteLstmI8* p) { return 9 * p->cell; }

static inline void mote_lstm_i8(const MoteLstmI8* p, const void* const* in, int8_t* y, int8_t* h,
                                int16_t* c, void* scratch, int64_t begin, int64_t end) {
  int16_t* gates = (int16_t*)scratch;
  int16_t* gate[4] = {gates, gates + p->cell, gates + 2 * p->cell, gates + 3 * p->cell};
  int8_t* hidden = (int8_t*)(gates + 4 * p->cell);
  const int coupled = in[kMoteLstmWx] == 0;
  for (int64_t b = begin; b < end; ++b) {
    int8_t* hb = h + b * p->output;
    int16_t* cb = c + b * p->cell;
    for (int64_t t = 0; t < p->steps; ++t) {
      const int8_t* x = (const int8_t*)in[0] + b * p->x_batch + t * p->x_step;
      for (int g = coupled; g < 3; ++g) mote_lstm_gate_i8(p, in, g, x, hb, cb, gate[g]);
      mote_lstm_cell_i16(p, coupled, gate, cb);
      mote_lstm_gate_i8(p, in, 3, x, hb, cb, gate[3]);
      mote_lstm_output_i8(p, in, gate[3], cb, hidden, hb);
      for (int64_t r = 0; r < p->output; ++r) y[b * p->y_batch + t * p->y_step + r] = hb[r];
    }
  }
}

#endif
