/* What the reductions mean. Plain C99. */
#ifndef MOTE_KERNELS_REDUCE_REF_H_
#define MOTE_KERNELS_REDUCE_REF_H_

#include <math.h>
#include <stdint.h>

#include "kernels/common/activation.h"
#include "kernels/common/fixed_math.h"
#include "kernels/common/fixed_point.h"
#include "kernels/reduce/reduce.h"

/* Offset in x of the index-th place of these axes. */
static inline int64_t mote_axes_offset(const MoteAxes* axes, int64_t index) {
  int64_t offset = 0;
  for (int k = axes->rank - 1; k >= 0; --k) {
    offset += index % axes->extent[k] * axes->stride[k];
    index /= axes->extent[k];
  }
  return offset;
}

static inline int64_t mote_reduce_output(const MoteReduceParams* p, int32_t sum, int64_t low,
                                         int64_t high) {
  if (p->reduced == 0) return 0;
  const uint32_t zeros = (uint32_t)((int64_t)p->zero_x * p->reduced);
  const int64_t y = mote_rescale((int32_t)((uint32_t)sum - zeros), p->multiplier, p->shift);
  return mote_clamp_i64(y + p->zero_y, low, high);
}

/* Every product is scaled as it is made. */
static inline int32_t mote_prod_step(const MoteReduceParams* p, int32_t a, int32_t x, int64_t i) {
  const int32_t factor = x - p->zero_x;
  if (i == 0) return factor;
  return mote_rescale_i64((int64_t)a * factor, p->multiplier, p->shift);
}

static inline int64_t mote_prod_output(const MoteReduceParams* p, int32_t a, int64_t low,
                                       int64_t high) {
  if (p->reduced == 0) return 0;
  const int64_t y = mote_rescale_i64(a, p->multiplier, p->shift);
  return mote_clamp_i64(y + p->zero_y, low, high);
}

/* Elements [begin, end) of y. */
#define MOTE_REDUCE_LOOP(id, X, A, Y, first, next, last)                              \
  static inline void mote_reduce_##id(const MoteReduceParams* p, const X* in, Y* out, \
                                      int64_t begin, int64_t end) {                   \
    for (int64_t o = begin; o < end; ++o) {                                           \
      const X* from = in + mote_axes_offset(&p->kept, o);                             \
      A a = first;                                                                    \
      for (int64_t i = 0; i < p->reduced; ++i) {                                      \
        const X x = from[mote_axes_offset(&p->over, i)];                              \
        a = (A)(next);                                                                \
      }                                                                               \
      out[o] = (Y)(last);                                                             \
    }                                                                                 \
  }
#define MOTE_REDUCE(id, X, A, Y, first, next, last) MOTE_REDUCE_LOOP(id, X, A, Y, first, next, last)
#define MOTE_REDUCE_ORDERED(id, X, A, Y, next, last) MOTE_REDUCE_LOOP(id, X, A, Y, 0, next, last)
#include "kernels/reduce/reduce.inc"
#undef MOTE_REDUCE_ORDERED
#undef MOTE_REDUCE
#undef MOTE_REDUCE_LOOP

#endif
