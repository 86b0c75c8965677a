/* Batched matrix products with broadcast batches. x [batches..., rows, depth] (or [..., depth,
 * rows] if transpose_x), w [batches..., depth, columns] (or [..., columns, depth] if transpose_w),
 * y [batches..., rows, columns].
 *
 *   kernel               inputs
 *   batch_matmul_f32     x f32, w f32
 *   batch_matmul_int     x, w, multiplier i32 [1], shift i32 [1] (null, null if y is i32: then y is
 * the bare sum) batch_matmul_hybrid  x i8, w i8, w_scale f32 [columns], x_scale f32 [x's rows],
 * x_zero i32 [x's rows]; x is not transposed
 *
 * One unit is one batch (reference) or a few columns of one. */
#ifndef MOTE_KERNELS_BATCH_MATMUL_BATCH_MATMUL_H_
#define MOTE_KERNELS_BATCH_MATMUL_BATCH_MATMUL_H_

#include "kernels/common/mac.h"

enum { kMoteBatchAxes = 3 };

typedef struct {
  int64_t rows, depth, columns;
  int64_t batch[kMoteBatchAxes];    /* extents of y's batch axes, outermost first; 1 where there are
                                       fewer */
  int64_t x_stride[kMoteBatchAxes]; /* in matrices; 0 where x is repeated */
  int64_t w_stride[kMoteBatchAxes];
  int32_t transpose_x, transpose_w;
} MoteBatchMatmulShape;

typedef struct {
  MoteBatchMatmulShape shape;
} MoteBatchMatmulF32;

typedef struct {
  MoteBatchMatmulShape shape;
  MoteIntMac mac;
} MoteBatchMatmulInt;

typedef struct {
  MoteBatchMatmulShape shape;
} MoteBatchMatmulHybrid;

#endif
