/* Normalizations along the last axis. Input: x, [outer, depth]. Output: y. One unit a row.
 *
 *   softmax_f32            exp(beta (x - max)) / sum
 *   log_softmax_f32        x - max - log(sum of exp(x - max))
 *   softmax_q*             in fixed point; outputs of 8 bits have scale 1/256, of 16 bits 1/65536
 *                          (int16 from int8) or 1/32768 (int16 from int16)
 *   softmax_qi16_qi16      in: x, exp table, 1/(1+x) table (513 entries each, ../lut/tables.h)
 *   log_softmax_q*         in fixed point; output scale 16/256, zero point the type's largest
 *   l2_normalization_*     x / sqrt(sum of x^2); quantized outputs have scale 1/128
 *   layer_normalization_f32
 *                          (x - mean) / sqrt(mean of (x - mean)^2 + bias) * gamma + beta
 *                          in: x, gamma [depth] or null, beta [depth] or null
 *   local_response_normalization_f32
 *                          x / (bias + alpha * sum of x^2 over neighbours within radius)^beta */
#ifndef MOTE_KERNELS_SOFTMAX_SOFTMAX_H_
#define MOTE_KERNELS_SOFTMAX_SOFTMAX_H_

#include <stdint.h>

typedef struct {
  int64_t outer, depth;
  float beta;        /* softmax_f32 and local_response_normalization */
  float bias, alpha; /* local_response_normalization; bias: layer_normalization */
  int32_t radius;
  /* softmax_q*, log_softmax_q*: differences to the maximum as Q5, m = (multiplier, shift); those
   * below diff_min count as nothing. */
  int32_t multiplier, shift;
  int32_t diff_min;
  int32_t reverse_multiplier, reverse_shift; /* log_softmax_q*: from Q5 back to differences */
  int32_t zero_x;                            /* l2_normalization_q* */
} MoteRowParams;

#endif
