/* Operators that move elements without computing on them. They see elements by size, never by type:
 * `bits` is 8, 16, 32, 64 or 128, or 4 for packed pairs (the low half first). Offsets, strides and
 * extents count elements.
 *
 *   kernel              inputs                                           outputs   operators
 * lowered to it strided_copy        x                                                y transpose,
 * slice, strided_slice, tile, broadcast_to, reverse_v2, space_to_depth, depth_to_space pad x, value
 * [1] or null                             y         pad, padv2 mirror_pad          x y mirror_pad
 *   concat              inner int64 [count], x_0, ...                    y         concatenation,
 * pack concat_rescale_u8   inner int64 [count], affine f32 [count,2], x...  y         concatenation
 *   split               inner int64 [count], x                           y_0, ...  split, split_v,
 * unpack fill                value [1]                                        y         fill
 *   space_to_batch      x                                                y space_to_batch_nd
 *   batch_to_space      x                                                y batch_to_space_nd
 *   slice_at            x, begin int32|int64 [rank]                      y         slice with
 * computed begin update_slice        x, update, begin int32|int64 [rank]              y
 * dynamic_update_slice (y may be x) */
#ifndef MOTE_KERNELS_MOVEMENT_MOVEMENT_H_
#define MOTE_KERNELS_MOVEMENT_MOVEMENT_H_

#include <stdint.h>

enum { kMoteMoveRank = 8, kMoteCopyRank = 16 };

/* y[i0, i1, ...] = x[in_offset + sum_d i_d * in_stride[d]], y contiguous. Strides may be 0 or
 * negative. */
typedef struct {
  int64_t extent[kMoteCopyRank];
  int64_t in_stride[kMoteCopyRank];
  int64_t in_offset;
  int32_t rank;
  int32_t bits;
} MoteStridedCopy;

/* y[i] = x[i - before] where that is inside x, else the fill: input 1, or where that is null the
 * low `bits` of fill. */
typedef struct {
  int64_t in_extent[kMoteMoveRank];
  int64_t out_extent[kMoteMoveRank];
  int64_t before[kMoteMoveRank];
  uint64_t fill[2];
  int32_t rank;
  int32_t bits;
} MotePad;

/* The same, x mirrored at its edges. skip_edge = 1 does not repeat the edge itself ("reflect"), 0
 * does ("symmetric"). */
typedef struct {
  int64_t in_extent[kMoteMoveRank];
  int64_t out_extent[kMoteMoveRank];
  int64_t before[kMoteMoveRank];
  int32_t skip_edge;
  int32_t rank;
  int32_t bits;
  int32_t reserved;
} MoteMirrorPad;

/* y[outer, sum(inner)] from x_k[outer, inner[k]], or back. */
typedef struct {
  int64_t outer;
  int64_t total; /* sum of inner */
  int32_t count;
  int32_t bits;
  int32_t out_zero_point; /* concat_rescale_u8 */
  int32_t reserved;
} MoteConcat;

typedef struct {
  int64_t elements;
  int32_t bits;
  int32_t reserved;
} MoteFill;

/* x[batch, height, width, inner] and y[batch * block_h * block_w, ...]: y holds, for each phase of
 * the block, the phase's samples of x, padded by pad_top and pad_left (and whatever is needed
 * after). batch_to_space is the inverse and crops where this one pads. batch, height, width are
 * always those of the un-blocked side. */
typedef struct {
  int64_t batch, height, width, inner;
  int64_t block_h, block_w;
  int64_t phase_h, phase_w; /* height and width of the blocked side */
  int64_t pad_top, pad_left;
  uint64_t fill[2];
  int32_t bits;
  int32_t reserved;
} MoteSpaceBatch;

/* A box of extent `box` at a place that is known only at run time. slice_at refuses places outside
 * x; update_slice moves them inside, as XLA does. */
typedef struct {
  int64_t in_extent[kMoteMoveRank];
  int64_t box[kMoteMoveRank];
  int32_t rank;
  int32_t bits;
  int32_t begin_bits; /* 32 or 64 */
  int32_t reserved;
} MoteBox;

#endif
