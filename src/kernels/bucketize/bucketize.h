/* The bin of each number. x f32 [count], boundaries f32 [bins - 1], ascending; y i32 [count].
 *
 *   kernel          inputs
 *   bucketize_f32   x, boundaries: y = how many boundaries are not above x
 *
 * One unit is one number. A NaN is below every boundary. */
#ifndef MOTE_KERNELS_BUCKETIZE_BUCKETIZE_H_
#define MOTE_KERNELS_BUCKETIZE_BUCKETIZE_H_

#include <stdint.h>

typedef struct {
  int64_t count, boundaries;
} MoteBucketize;

#endif
