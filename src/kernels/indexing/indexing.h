/* Operators that go where data tells them. An index outside its range ends the run with "index out
 * of range".
 *
 *   kernel            inputs                                    outputs   operators
 *   gather            x, indices                                y         gather, embedding_lookup
 *   gather_nd         x, indices                                y         gather_nd
 *   scatter_nd        indices, updates                          y         scatter_nd
 *   reverse_sequence  x, lengths                                y         reverse_sequence
 *   one_hot           indices, on [1], off [1]                  y         one_hot
 *   segment_sum       x, ids int32                              y         segment_sum
 *   range             start [1], delta [1]                      y         range
 *   broadcast_args    a int, b int                              y         broadcast_args
 *   matrix_diag       diagonal                                  y         matrix_diag
 *   matrix_set_diag   x, diagonal                               y         matrix_set_diag */
#ifndef MOTE_KERNELS_INDEXING_INDEXING_H_
#define MOTE_KERNELS_INDEXING_INDEXING_H_

#include <stdint.h>

enum { kMoteIndexRank = 8 };

/* How values add up where the operator sums. */
typedef enum {
  kMoteSumF32,
  kMoteSumI8, /* and uint8, bool: wrapping */
  kMoteSumI16,
  kMoteSumI32,
  kMoteSumI64
} MoteSumType;

/* y[b, o, i, :] = x[b, o, indices[b, i], :] with x[batch, outer, axis, inner], indices[batch,
 * count]. */
typedef struct {
  int64_t batch, outer, axis, inner, count;
  int32_t bits;       /* of an element of x */
  int32_t index_bits; /* 16, 32 or 64 */
} MoteGather;

/* indices[count, depth]; the first `depth` extents of x (of y for scatter_nd) are `extent`; `inner`
 * elements follow. */
typedef struct {
  int64_t extent[kMoteIndexRank];
  int64_t count, inner;
  int32_t depth;
  int32_t bits;
  int32_t index_bits;
  int32_t sum_type; /* MoteSumType, scatter_nd */
} MoteGatherNd;

/* x[outer, first, middle, second, inner]; one of `first` and `second` is the batch, the other is
 * reversed. */
typedef struct {
  int64_t outer, first, middle, second, inner;
  int32_t batch_is_first;
  int32_t bits;
  int32_t length_bits; /* 32 or 64 */
  int32_t reserved;
} MoteReverseSequence;

/* y[o, d, i] = indices[o, i] == d ? on : off. */
typedef struct {
  int64_t outer, depth, inner;
  int32_t bits;
  int32_t index_bits;
} MoteOneHot;

/* y[ids[i], :] += x[i, :]; ids are sorted. */
typedef struct {
  int64_t count, inner, segments;
  int32_t sum_type; /* kMoteSumF32 or kMoteSumI32 */
  int32_t reserved;
} MoteSegmentSum;

/* y[0] = start, y[i + 1] = y[i] + delta, added in y's own type as the official kernel does. */
typedef struct {
  int64_t count;
  int32_t sum_type; /* F32, I32 or I64 */
  int32_t reserved;
} MoteRange;

/* Two shapes to the shape that both broadcast to. */
typedef struct {
  int64_t a_count, b_count;
  int32_t bits; /* 32 or 64 */
  int32_t reserved;
} MoteBroadcastArgs;

/* y[batch, rows, columns]; the diagonal has min(rows, columns) elements. */
typedef struct {
  int64_t batch, rows, columns;
  int32_t bits;
  int32_t reserved;
} MoteMatrixDiag;

#endif
