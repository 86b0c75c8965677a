/* Quantizes floats on the fly, each row on its own, to int8. x f32 [rows, size] -> y i8 [rows,
 * size], scale f32 [rows], zero i32 [rows]. One unit is one row. */
#ifndef MOTE_KERNELS_QUANTIZE_ROWS_QUANTIZE_ROWS_H_
#define MOTE_KERNELS_QUANTIZE_ROWS_QUANTIZE_ROWS_H_

#include <stdint.h>

typedef struct {
  int64_t rows, size;
  int32_t asymmetric; /* 0: zero is 0 and values lie in [-127, 127] */
  int32_t reserved;
} MoteQuantizeRows;

#endif
