/* y = a reduction of x over some of its axes. Input: x. Output: y. One unit an element of y. The
 * operators and their types are the lines of reduce.inc.
 *
 * Axes are split in those that are kept and those that are reduced, each list outermost first;
 * neighbours of one kind are one axis, extents of 1 are gone (reduce_plan in families.h). */
#ifndef MOTE_KERNELS_REDUCE_REDUCE_H_
#define MOTE_KERNELS_REDUCE_REDUCE_H_

#include <stdint.h>

enum { kMoteReduceAxes = 8 };

typedef struct {
  int32_t rank;
  int32_t extent[kMoteReduceAxes];
  int32_t stride[kMoteReduceAxes]; /* in elements of x */
  int32_t padding;
} MoteAxes;

typedef struct {
  int64_t outputs; /* elements of y */
  int64_t reduced; /* elements of x for each of them */
  MoteAxes kept;
  MoteAxes over;
  /* Quantized: y = clamp(zero_y + m * (sum of (x - zero_x))); m divides by `reduced` for a mean. */
  int32_t zero_x, zero_y;
  int32_t multiplier, shift;
} MoteReduceParams;

#endif
