/* A simple recurrent layer over a sequence: h = act(bias + W_x x + W_aux aux + W_h h), y_t = h.
 * Inputs: x [.., input], W_x [units, input], W_h [units, units], bias [units], aux [.., aux] or
 * null, W_aux [units, aux] or null. Outputs: y; h [batch, units], which persists. rnn_f32: float;
 * rnn_hybrid: weights int8. A unit is one batch. */
#ifndef MOTE_KERNELS_RNN_RNN_H_
#define MOTE_KERNELS_RNN_RNN_H_

#include <stdint.h>

typedef struct {
  int64_t batch, steps;
  int64_t input, aux, units;
  /* Elements from one batch, and from one step, to the next. */
  int64_t x_batch, x_step, aux_batch, aux_step, y_batch, y_step;
  int64_t y_offset;
  int32_t backward;
  int32_t activation;                /* TFLite's number of the fused activation */
  int32_t asymmetric;                /* hybrid: activations are quantized with a zero point */
  float x_scale, h_scale, aux_scale; /* hybrid */
} MoteRnn;

#endif
