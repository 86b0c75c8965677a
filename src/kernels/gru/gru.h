/* A gated recurrent unit over a sequence, its reset gate applied after the
 * product with h:
 *
 *   z = sigmoid(x_z + h_z), r = sigmoid(x_r + h_r), n = tanh(x_n + r h_n), h =
 * n + z (h - n)
 *
 * where (x_z, x_r, x_n) = W_x x + bias_x and (h_z, h_r, h_n) = W_h h + bias_h.
 * Inputs: x [.., input], weights [3 units, input + units] (rows: z, r, n;
 * columns: x, then h), bias_x [3 units] or null, bias_h [3 units] or null,
 * first h [batch, units]. With input = 0, x [.., 3 units] holds W_x x + bias_x.
 * Outputs: last h [batch, units]; every h, y [.., units], or null. A unit is a
 * batch.
 */
#ifndef MOTE_KERNELS_GRU_GRU_H_
#define MOTE_KERNELS_GRU_GRU_H_

#include <stdint.h>

typedef struct {
  int64_t batch, steps;
  int64_t input, units;
  /* Elements from one batch, and from one step, to the next. */
  int64_t x_batch, x_step, y_batch, y_step;
  int32_t half_weights; /* every weight is a float16: rows may pack them so */
  int32_t reserved;
} MoteGru;

/* The same with int8 weights of h, none of them -128, which is quantized at
 * every step. Inputs: x
 * [.., 3 units], which holds W_x x + bias_x; weights int8 [3 units, units] and
 * their scales [3 units]; bias_h [3 units] or null; first h [batch, units]. */
typedef struct {
  int64_t batch, steps;
  int64_t units;
  int64_t x_batch, x_step, y_batch, y_step;
  int32_t asymmetric; /* h is quantized with a zero point */
  int32_t reserved;
} MoteGruHybrid;

#endif
