/* Functions of one quantized element, by table. Inputs: x, table. Output: y. One unit an element.
 *
 *   lut_8           y = table[x], 256 entries of one byte, indexed by the byte that x is
 *   lut_16          513 entries of int16; between two of them a straight line
 *   logistic_qi16,  256 entries of uint16, sigmoid(i / 24) * 2^16, for both signs; x is first
 * scaled tanh_qi16       to steps of 1/24 with 9 (tanh: 8) fractional bits
 *
 * The tables are built when the model is prepared (tables.h). */
#ifndef MOTE_KERNELS_LUT_LUT_H_
#define MOTE_KERNELS_LUT_LUT_H_

#include <stdint.h>

typedef struct {
  int64_t count;
  int32_t multiplier; /* logistic_qi16, tanh_qi16: x * multiplier, rounded, >> shift */
  int32_t shift;
} MoteLutParams;

#endif
