/* What the GRU kernel means. */
#ifndef MOTE_KERNELS_GRU_REF_H_
#define MOTE_KERNELS_GRU_REF_H_

#include "kernels/common/recurrent.h"
#include "kernels/gru/gru.h"

/* Scratch: sums of x and of h, [2, 3, units]. */
static inline int64_t mote_gru_scratch_bytes(const MoteGru* p) { return 2 * 3 * p->units * 4; }

/* h from the sums of its gates. */
static inline void mote_gru_update(int64_t units, const float* from_x, const float* from_h,
                                   float* h) {
  for (int64_t r = 0; r < units; ++r) {
    const float z = mote_sigmoid_f32(from_x[r] + from_h[r]);
    const float reset = mote_sigmoid_f32(from_x[units + r] + from_h[units + r]);
    const float n = tanhf(from_x[2 * units + r] + reset * from_h[2 * units + r]);
    h[r] = n + z * (h[r] - n);
  }
}

static inline void mote_gru_step(const MoteGru* p, const float* w, const float* bias_x,
                                 const float* bias_h, const float* x, float* h, float* sums) {
  const int64_t units = p->units, rows = 3 * units, columns = p->input + units;
  float* from_h = sums + rows;
  for (int64_t r = 0; r < rows; ++r) {
    const float* row = w + r * columns;
    sums[r] = (bias_x ? bias_x[r] : 0.0f) + (p->input > 0 ? mote_dot_f32(row, x, p->input) : x[r]);
    from_h[r] = (bias_h ? bias_h[r] : 0.0f) + mote_dot_f32(row + p->input, h, units);
  }
  mote_gru_update(units, sums, from_h, h);
}

/* Units are batches. */
static inline void mote_gru(const MoteGru* p, const float* x, const float* w, const float* bias_x,
                            const float* bias_h, const float* first, float* h, float* y,
                            void* scratch, int64_t begin, int64_t end) {
  for (int64_t b = begin; b < end; ++b) {
    float* state = h + b * p->units;
    for (int64_t r = 0; r < p->units; ++r) state[r] = first[b * p->units + r];
    for (int64_t t = 0; t < p->steps; ++t) {
      mote_gru_step(p, w, bias_x, bias_h, x + b * p->x_batch + t * p->x_step, state,
                    (float*)scratch);
      for (int64_t r = 0; y && r < p->units; ++r) y[b * p->y_batch + t * p->y_step + r] = state[r];
    }
  }
}

/* Scratch: sums of h [3, units], then its bytes. */
static inline int64_t mote_gru_hybrid_scratch_bytes(const MoteGruHybrid* p) {
  return 3 * p->units * 4 + p->units;
}

/* Units are batches. */
static inline void mote_gru_hybrid(const MoteGruHybrid* p, const float* x, const int8_t* w,
                                   const float* scales, const float* bias_h, const float* first,
                                   float* h, float* y, void* scratch, int64_t begin, int64_t end) {
  float* from_h = (float*)scratch;
  int8_t* q = (int8_t*)(from_h + 3 * p->units);
  for (int64_t b = begin; b < end; ++b) {
    float* state = h + b * p->units;
    for (int64_t r = 0; r < p->units; ++r) state[r] = first[b * p->units + r];
    for (int64_t t = 0; t < p->steps; ++t) {
      float scale;
      int32_t zero;
      if (p->asymmetric)
        mote_quantize_row_asymmetric(state, p->units, q, &scale, &zero);
      else
        mote_quantize_row_symmetric(state, p->units, q, &scale, &zero);
      for (int64_t r = 0; r < 3 * p->units; ++r)
        from_h[r] = (float)mote_dot_i8(w + r * p->units, q, zero, p->units) * (scale * scales[r]) +
                    (bias_h ? bias_h[r] : 0.0f);
      mote_gru_update(p->units, x + b * p->x_batch + t * p->x_step, from_h, state);
      for (int64_t r = 0; y && r < p->units; ++r) y[b * p->y_batch + t * p->y_step + r] = state[r];
    }
  }
}

#endif
