/* What the SVDF kernels mean. */
#ifndef MOTE_KERNELS_SVDF_REF_H_
#define MOTE_KERNELS_SVDF_REF_H_

#include <string.h>

#include "kernels/common/fixed_point.h"
#include "kernels/common/recurrent.h"
#include "kernels/svdf/svdf.h"

/* Scratch: features [filters] floats, then for hybrid the bytes of x. */
static inline int64_t mote_svdf_scratch_bytes(const MoteSvdf* p) {
  return p->filters * 4 + p->input;
}

/* The weighted sum over time of one filter; hybrid weights are int8 times a scale. */
static inline float mote_svdf_time_f32(const MoteSvdf* p, const void* weights, int hybrid,
                                       int64_t f, const float* state) {
  if (!hybrid) return mote_dot_f32((const float*)weights + f * p->memory, state, p->memory);
  const int8_t* w = (const int8_t*)weights + f * p->memory;
  float sum = 0.0f;
  for (int64_t m = 0; m < p->memory; ++m) sum += (float)w[m] * p->time_scale * state[m];
  return sum;
}

static inline void mote_svdf_float(const MoteSvdf* p, const void* const* in, int hybrid, float* y,
                                   float* state, void* scratch, int64_t begin, int64_t end) {
  float* feature = (float*)scratch;
  int8_t* q = (int8_t*)(feature + p->filters);
  const float* bias = (const float*)in[3];
  const int64_t units = p->filters / p->rank;
  for (int64_t b = begin; b < end; ++b) {
    const MoteOperand x =
        mote_operand((const float*)in[0] + b * p->input, p->input, hybrid, p->asymmetric, q);
    for (int64_t f = 0; f < p->filters; ++f) feature[f] = 0.0f;
    mote_product_into(in[1], hybrid, p->feature_scale, &x, p->filters, p->input, feature);
    for (int64_t u = 0; u < units; ++u) {
      float sum = 0.0f;
      for (int64_t f = u * p->rank; f < (u + 1) * p->rank; ++f) {
        float* past = state + (b * p->filters + f) * p->memory;
        memmove(past, past + 1, (size_t)(p->memory - 1) * sizeof(float));
        past[p->memory - 1] = feature[f];
        sum += mote_svdf_time_f32(p, in[2], hybrid, f, past);
      }
      y[b * units + u] = mote_cell_activation(p->activation, bias ? sum + bias[u] : sum);
    }
  }
}

static inline int32_t mote_svdf_feature(const MoteSvdf* p, const int8_t* weights, const int8_t* x,
                                        int64_t f) {
  const int32_t sum = mote_dot_i8(weights + f * p->input, x, p->in_zero_point, p->input);
  return mote_rescale(sum, p->feature_multiplier, p->feature_shift);
}

static inline int8_t mote_svdf_output(const MoteSvdf* p, uint32_t sum) {
  const int32_t value = mote_rescale((int32_t)sum, p->time_multiplier, p->time_shift);
  return (int8_t)mote_clamp_i32(value + p->out_zero_point, INT8_MIN, INT8_MAX);
}

/* Features are rounded to int16; the sum over time and rank is exact in 32 bits. */
static inline void mote_svdf_i8(const MoteSvdf* p, const void* const* in, int8_t* y, int16_t* state,
                                int64_t begin, int64_t end) {
  const int8_t* weights = (const int8_t*)in[1];
  const int16_t* over_time = (const int16_t*)in[2];
  const int32_t* bias = (const int32_t*)in[3];
  const int64_t units = p->filters / p->rank;
  for (int64_t b = begin; b < end; ++b) {
    const int8_t* x = (const int8_t*)in[0] + b * p->input;
    for (int64_t u = 0; u < units; ++u) {
      uint32_t sum = bias ? (uint32_t)bias[u] : 0u;
      for (int64_t f = u * p->rank; f < (u + 1) * p->rank; ++f) {
        int16_t* past = state + (b * p->filters + f) * p->memory;
        memmove(past, past + 1, (size_t)(p->memory - 1) * sizeof(int16_t));
        const int32_t feature = mote_svdf_feature(p, weights, x, f);
        past[p->memory - 1] = (int16_t)mote_clamp_i32(feature, INT16_MIN, INT16_MAX);
        for (int64_t m = 0; m < p->memory; ++m)
          sum += (uint32_t)(over_time[f * p->memory + m] * past[m]);
      }
      y[b * units + u] = mote_svdf_output(p, sum);
    }
  }
}

/* The same with 8-bit state. A feature is clamped, then its zero point added modulo 2^8. */
static inline void mote_svdf_i8_i8(const MoteSvdf* p, const void* const* in, int8_t* y,
                                   int8_t* state, int64_t begin, int64_t end) {
  const int8_t* over_time = (const int8_t*)in[2];
  const int32_t* bias = (const int32_t*)in[3];
  const int64_t units = p->filters / p->rank;
  for (int64_t b = begin; b < end; ++b) {
    const int8_t* x = (const int8_t*)in[0] + b * p->input;
    for (int64_t u = 0; u < units; ++u) {
      uint32_t sum = bias ? (uint32_t)bias[u] : 0u;
      for (int64_t f = u * p->rank; f < (u + 1) * p->rank; ++f) {
        int8_t* past = state + (b * p->filters + f) * p->memory;
        memmove(past, past + 1, (size_t)(p->memory - 1));
        const int32_t feature = mote_svdf_feature(p, (const int8_t*)in[1], x, f);
        past[p->memory - 1] =
            (int8_t)(uint8_t)(mote_clamp_i32(feature, INT8_MIN, INT8_MAX) + p->state_zero_point);
        sum +=
            (uint32_t)mote_dot_i8(over_time + f * p->memory, past, p->state_zero_point, p->memory);
      }
      y[b * units + u] = mote_svdf_output(p, sum);
    }
  }
}

#endif
