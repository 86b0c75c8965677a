/* What the operators of this family mean. Plain C99. */
#ifndef MOTE_KERNELS_ARG_REF_H_
#define MOTE_KERNELS_ARG_REF_H_

#include <stdint.h>

#include "kernels/arg/arg.h"

/* Offset of the first element of unit u: u counts pairs (outer, inner). */
static inline int64_t mote_arg_start(const MoteArgParams* p, int64_t u) {
  return u / p->inner * p->depth * p->inner + u % p->inner;
}

#define MOTE_ARG(id, X, Index, better)                                                         \
  static inline void mote_##id(const MoteArgParams* p, const X* in, Index* out, int64_t begin, \
                               int64_t end) {                                                  \
    for (int64_t u = begin; u < end; ++u) {                                                    \
      const X* from = in + mote_arg_start(p, u);                                               \
      X best = from[0];                                                                        \
      int64_t index = 0;                                                                       \
      for (int64_t i = 1; i < p->depth; ++i) {                                                 \
        const X x = from[i * p->inner];                                                        \
        if (better) {                                                                          \
          best = x;                                                                            \
          index = i;                                                                           \
        }                                                                                      \
      }                                                                                        \
      out[u] = (Index)index;                                                                   \
    }                                                                                          \
  }

#define MOTE_CUMSUM(id, X, Sum)                                                            \
  static inline void mote_##id(const MoteArgParams* p, const X* in, X* out, int64_t begin, \
                               int64_t end) {                                              \
    for (int64_t u = begin; u < end; ++u) {                                                \
      const int64_t start = mote_arg_start(p, u);                                          \
      Sum sum = 0;                                                                         \
      for (int64_t i = 0; i < p->depth; ++i) {                                             \
        const int64_t at = start + (p->reverse ? p->depth - 1 - i : i) * p->inner;         \
        const Sum with = sum + (Sum)in[at];                                                \
        out[at] = (X)(p->exclusive ? sum : with);                                          \
        sum = with;                                                                        \
      }                                                                                    \
    }                                                                                      \
  }

/* Rows [begin, end). The best so far stand sorted in the output; equal values keep their order, NaN
 * comes last. */
#define MOTE_TOPK(id, X)                                                                         \
  static inline int mote_before_##id(X a, X b) { return a > b || (a == a && b != b); }           \
  static inline void mote_##id(const MoteArgParams* p, const X* in, X* values, int32_t* indices, \
                               int64_t begin, int64_t end) {                                     \
    for (int64_t r = begin; r < end; ++r) {                                                      \
      const X* row = in + r * p->depth;                                                          \
      X* best = values + r * p->k;                                                               \
      int32_t* where = indices + r * p->k;                                                       \
      for (int64_t i = 0; i < p->depth; ++i) {                                                   \
        int64_t place = i < p->k ? i : p->k;                                                     \
        if (place == p->k && (p->k == 0 || !mote_before_##id(row[i], best[p->k - 1]))) {         \
          continue;                                                                              \
        }                                                                                        \
        if (place == p->k) --place;                                                              \
        for (; place > 0 && mote_before_##id(row[i], best[place - 1]); --place) {                \
          best[place] = best[place - 1];                                                         \
          where[place] = where[place - 1];                                                       \
        }                                                                                        \
        best[place] = row[i];                                                                    \
        where[place] = (int32_t)i;                                                               \
      }                                                                                          \
    }                                                                                            \
  }

/* Returns 1 if there are not as many as the output has rows. */
#define MOTE_WHERE(id, X)                                                            \
  static inline int mote_##id(const MoteWhereParams* p, const X* in, int64_t* out) { \
    int64_t found = 0;                                                               \
    for (int64_t i = 0; i < p->count; ++i) {                                         \
      if (in[i] == 0) continue;                                                      \
      if (found == p->found) return 1;                                               \
      int64_t rest = i;                                                              \
      for (int axis = p->rank - 1; axis >= 0; --axis) {                              \
        out[found * p->rank + axis] = rest % p->extent[axis];                        \
        rest /= p->extent[axis];                                                     \
      }                                                                              \
      ++found;                                                                       \
    }                                                                                \
    return found == p->found ? 0 : 1;                                                \
  }

#include "kernels/arg/arg.inc"
#undef MOTE_ARG
#undef MOTE_CUMSUM
#undef MOTE_TOPK
#undef MOTE_WHERE

#endif
