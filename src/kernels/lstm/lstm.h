/* Long short-term memory over a sequence. Gates in the order input, forget, cell, output; a
 * family's inputs are
 *
 *   0        x [.., input]               5..8    W_h, one a gate [cell, output], or [cell] where
 * diagonal 1..4     W_x, one a gate             9..11   peephole weights of input, forget, output
 * [cell] [cell, input]               12..15  bias, one a gate [cell] 16..19   layer norm weights
 * [cell]   20, 21  projection weights [output, cell], projection bias [output] 22       second
 * input [.., aux]      23..26  W of the second input, one a gate [cell, aux]
 *
 * Absent ones are null. Without the input gate's weights the input gate is 1 - forget gate.
 * Outputs: y; h [batch, output] and c [batch, cell], which persist and are read before they are
 * written.
 *
 * lstm_f32: everything float. lstm_hybrid: weights and peepholes int8 with a scale each, the rest
 * float. lstm_i8: x, h, y, weights int8; c, peepholes, norm weights int16; inputs 12..15 are the
 * int32 bias of the x product with the zero point of x folded in, 23..26 the same of the h product,
 * 21 of the projection, and 27..30 the int32 layer norm bias. A unit is one batch. */
#ifndef MOTE_KERNELS_LSTM_LSTM_H_
#define MOTE_KERNELS_LSTM_LSTM_H_

#include <stdint.h>

/* What fused activations of recurrent operators can be; TFLite's numbers, and its kernels' sigmoid.
 */
enum {
  kMoteCellNone = 0,
  kMoteCellRelu = 1,
  kMoteCellReluN1To1 = 2,
  kMoteCellRelu6 = 3,
  kMoteCellTanh = 4
};

typedef struct {
  int64_t batch, steps;
  int64_t input, aux, cell, output;
  /* Elements from one batch, and from one step, to the next. */
  int64_t x_batch, x_step, aux_batch, aux_step, y_batch, y_step;
  int64_t y_offset;
  int32_t backward;           /* from the last step to the first */
  int32_t diagonal;           /* bit g: W_h of gate g is a diagonal */
  int32_t activation;         /* of the cell gate and of the output */
  int32_t asymmetric;         /* hybrid: activations are quantized with a zero point */
  float cell_clip, proj_clip; /* 0: none */
  /* Hybrid: scales of the weights. */
  float x_scale[4], h_scale[4], aux_scale[4], peephole_scale[3], projection_scale;
} MoteLstm;

/* A real factor, as fixed_point.h has it. */
typedef struct {
  int32_t multiplier, shift;
} MoteFactor;

typedef struct {
  int64_t batch, steps;
  int64_t input, cell, output;
  int64_t x_batch, x_step, y_batch, y_step;
  MoteFactor x[4], h[4], norm[4], hidden, projection;
  MoteFactor peephole[3];
  int32_t variance_guard[4];
  int32_t hidden_zero_point, output_zero_point;
  int32_t cell_bits;            /* c is in Q`cell_bits`: its scale is 2^(cell_bits - 15) */
  int32_t cell_clip, proj_clip; /* 0: none */
  int32_t reserved;
} MoteLstmI8;

#endif
