/* The plain LSTM (four gates with biases, sigmoid and tanh, nothing else) with all its weights in
 * one matrix, so that rows may pack them. Inputs: x [.., input], weights [4 cell, input + cell]
 * (rows: gate by gate in the order input, forget, cell, output; columns: x, then h), bias [4 cell].
 * Outputs: y [.., cell]; h [batch, cell] and c [batch, cell], which persist. A unit is a batch. */
#ifndef MOTE_KERNELS_LSTM_FUSED_H_
#define MOTE_KERNELS_LSTM_FUSED_H_

#include <stdint.h>

typedef struct {
  int64_t batch, steps;
  int64_t input, cell;
  /* Elements from one batch, and from one step, to the next. */
  int64_t x_batch, x_step, y_batch, y_step;
  int64_t y_offset;
  int32_t backward;     /* from the last step to the first */
  int32_t half_weights; /* every weight is a float16: rows may pack them so */
  float cell_clip;      /* 0: none */
  int32_t reserved;
} MoteLstmFused;

#endif
