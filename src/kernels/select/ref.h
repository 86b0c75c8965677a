/* What select means. Plain C99. */
#ifndef MOTE_KERNELS_SELECT_REF_H_
#define MOTE_KERNELS_SELECT_REF_H_

#include <stdint.h>

#include "kernels/select/select.h"

/* Elements [begin, end) of y. */
#define MOTE_SELECT(bits, T)                                                                   \
  static inline void mote_select_##bits(const MoteSelectParams* p, const uint8_t* condition,   \
                                        const T* a, const T* b, T* y, int64_t begin,           \
                                        int64_t end) {                                         \
    const MoteBroadcast* s = &p->shape;                                                        \
    MoteCursor c;                                                                              \
    if (begin >= end) return;                                                                  \
    mote_cursor_place(s, begin, &c);                                                           \
    while (begin < end) {                                                                      \
      const int64_t n = mote_cursor_run(s, &c, end - begin);                                   \
      const int32_t step_c = s->stride[0][s->rank - 1];                                        \
      const int32_t step_a = s->stride[1][s->rank - 1];                                        \
      const int32_t step_b = s->stride[2][s->rank - 1];                                        \
      for (int64_t i = 0; i < n; ++i) {                                                        \
        y[begin + i] = condition[c.offset[0] + i * step_c] != 0 ? a[c.offset[1] + i * step_a]  \
                                                                : b[c.offset[2] + i * step_b]; \
      }                                                                                        \
      begin += n;                                                                              \
      mote_cursor_advance(s, n, &c);                                                           \
    }                                                                                          \
  }
#include "kernels/select/select.inc"
#undef MOTE_SELECT

#endif
