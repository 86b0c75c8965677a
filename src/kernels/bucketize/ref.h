/* What bucketize means. Plain C99. */
#ifndef MOTE_KERNELS_BUCKETIZE_REF_H_
#define MOTE_KERNELS_BUCKETIZE_REF_H_

#include "kernels/bucketize/bucketize.h"

/* Numbers [begin, end). */
static inline void mote_bucketize_ref(const MoteBucketize* p, const float* x,
                                      const float* boundaries, int32_t* y, int64_t begin,
                                      int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    int64_t low = 0, high = p->boundaries; /* the bin is in [low, high] */
    while (low < high) {
      const int64_t middle = low + (high - low) / 2;
      if (boundaries[middle] <= x[i]) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    y[i] = (int32_t)low;
  }
}

#endif
