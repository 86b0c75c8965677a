/* What the indexing kernels mean. Functions that read indices return 0, or 1 where one is out of
 * range. */
#ifndef MOTE_KERNELS_INDEXING_REF_H_
#define MOTE_KERNELS_INDEXING_REF_H_

#include "kernels/indexing/indexing.h"
#include "kernels/movement/ref.h"

static inline int64_t mote_index_at(int bits, const void* indices, int64_t i) {
  if (bits == 64) return ((const int64_t*)indices)[i];
  return bits == 16 ? ((const int16_t*)indices)[i] : ((const int32_t*)indices)[i];
}

/* y[i] += x[i]; integers wrap. */
static inline void mote_sum_into(int type, const void* x, int64_t from, void* y, int64_t to,
                                 int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    switch (type) {
      case kMoteSumF32:
        ((float*)y)[to + i] += ((const float*)x)[from + i];
        break;
      case kMoteSumI8:
        ((uint8_t*)y)[to + i] = (uint8_t)(((const uint8_t*)x)[from + i] + ((uint8_t*)y)[to + i]);
        break;
      case kMoteSumI16:
        ((uint16_t*)y)[to + i] =
            (uint16_t)(((const uint16_t*)x)[from + i] + ((uint16_t*)y)[to + i]);
        break;
      case kMoteSumI32:
        ((uint32_t*)y)[to + i] += ((const uint32_t*)x)[from + i];
        break;
      default:
        ((uint64_t*)y)[to + i] += ((const uint64_t*)x)[from + i];
        break;
    }
  }
}

static inline int64_t mote_sum_bytes(int type) {
  return type == kMoteSumI8 ? 1 : (type == kMoteSumI16 ? 2 : (type == kMoteSumI64 ? 8 : 4));
}

/* Units are batch * outer. */
static inline int mote_gather(const MoteGather* p, const void* x, const void* indices, void* y,
                              int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t b = unit / p->outer;
    for (int64_t i = 0; i < p->count; ++i) {
      const int64_t at = mote_index_at(p->index_bits, indices, b * p->count + i);
      if (at < 0 || at >= p->axis) return 1;
      mote_move_run(p->bits, x, (unit * p->axis + at) * p->inner, y,
                    (unit * p->count + i) * p->inner, p->inner);
    }
  }
  return 0;
}

/* The offset, in slices, that indices[row] names; -1 if an index is out of range. */
static inline int64_t mote_nd_offset(const MoteGatherNd* p, const void* indices, int64_t row) {
  int64_t offset = 0;
  for (int d = 0; d < p->depth; ++d) {
    const int64_t at = mote_index_at(p->index_bits, indices, row * p->depth + d);
    if (at < 0 || at >= p->extent[d]) return -1;
    offset = offset * p->extent[d] + at;
  }
  return offset;
}

static inline int mote_gather_nd(const MoteGatherNd* p, const void* x, const void* indices, void* y,
                                 int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const int64_t offset = mote_nd_offset(p, indices, row);
    if (offset < 0) return 1;
    mote_move_run(p->bits, x, offset * p->inner, y, row * p->inner, p->inner);
  }
  return 0;
}

/* Rows with equal indices add up; places that none names are zero. */
static inline int mote_scatter_nd(const MoteGatherNd* p, const void* indices, const void* updates,
                                  void* y) {
  const int64_t slices = mote_move_product(p->extent, p->depth);
  memset(y, 0, (size_t)(slices * p->inner * mote_sum_bytes(p->sum_type)));
  for (int64_t row = 0; row < p->count; ++row) {
    const int64_t offset = mote_nd_offset(p, indices, row);
    if (offset < 0) return 1;
    mote_sum_into(p->sum_type, updates, row * p->inner, y, offset * p->inner, p->inner);
  }
  return 0;
}

/* The first lengths[batch] samples in reverse order, the rest as they are. */
static inline int mote_reverse_sequence(const MoteReverseSequence* p, const void* x,
                                        const void* lengths, void* y, int64_t begin, int64_t end) {
  const int64_t batches = p->batch_is_first ? p->first : p->second;
  const int64_t steps = p->batch_is_first ? p->second : p->first;
  for (int64_t b = 0; b < batches; ++b) {
    const int64_t length = mote_index_at(p->length_bits, lengths, b);
    if (length < 0 || length > steps) return 1;
  }
  for (int64_t o = begin; o < end; ++o) {
    for (int64_t i = 0; i < p->first; ++i) {
      for (int64_t m = 0; m < p->middle; ++m) {
        for (int64_t j = 0; j < p->second; ++j) {
          const int64_t length = mote_index_at(p->length_bits, lengths, p->batch_is_first ? i : j);
          const int64_t step = p->batch_is_first ? j : i;
          const int64_t source = step < length ? length - 1 - step : step;
          const int64_t si = p->batch_is_first ? i : source, sj = p->batch_is_first ? source : j;
          const int64_t from = ((o * p->first + si) * p->middle + m) * p->second + sj;
          const int64_t to = ((o * p->first + i) * p->middle + m) * p->second + j;
          mote_move_run(p->bits, x, from * p->inner, y, to * p->inner, p->inner);
        }
      }
    }
  }
  return 0;
}

/* An index outside [0, depth) is no error: its column is all `off`. */
static inline void mote_one_hot(const MoteOneHot* p, const void* indices, const void* on,
                                const void* off, void* y, int64_t begin, int64_t end) {
  for (int64_t o = begin; o < end; ++o) {
    for (int64_t d = 0; d < p->depth; ++d) {
      for (int64_t i = 0; i < p->inner; ++i) {
        const int64_t hot = mote_index_at(p->index_bits, indices, o * p->inner + i);
        mote_move_run(p->bits, hot == d ? on : off, 0, y, (o * p->depth + d) * p->inner + i, 1);
      }
    }
  }
}

static inline int mote_segment_sum(const MoteSegmentSum* p, const void* x, const int32_t* ids,
                                   void* y) {
  memset(y, 0, (size_t)(p->segments * p->inner * mote_sum_bytes(p->sum_type)));
  for (int64_t i = 0; i < p->count; ++i) {
    if (ids[i] < 0 || ids[i] >= p->segments) return 1;
    mote_sum_into(p->sum_type, x, i * p->inner, y, ids[i] * p->inner, p->inner);
  }
  return 0;
}

static inline void mote_range(const MoteRange* p, const void* start, const void* delta, void* y) {
  const int64_t bytes = mote_sum_bytes(p->sum_type);
  for (int64_t i = 0; i < p->count; ++i) {
    memcpy((char*)y + i * bytes, i ? (const char*)y + (i - 1) * bytes : (const char*)start,
           (size_t)bytes);
    if (i) mote_sum_into(p->sum_type, delta, 0, y, i, 1);
  }
}

static inline int mote_broadcast_args(const MoteBroadcastArgs* p, const void* a, const void* b,
                                      void* y) {
  const int64_t rank = p->a_count > p->b_count ? p->a_count : p->b_count;
  for (int64_t d = 0; d < rank; ++d) { /* from the last axis on */
    const int64_t i = p->a_count - 1 - d, j = p->b_count - 1 - d;
    const int64_t m = i < 0 ? 1 : mote_index_at(p->bits, a, i),
                  n = j < 0 ? 1 : mote_index_at(p->bits, b, j);
    if (m != n && m != 1 && n != 1) return 1;
    const int64_t extent = m == 1 ? n : m;
    if (p->bits == 64) {
      ((int64_t*)y)[rank - 1 - d] = extent;
    } else {
      ((int32_t*)y)[rank - 1 - d] = (int32_t)extent;
    }
  }
  return 0;
}

/* x null: zeros beside the diagonal. Units are batches. */
static inline void mote_matrix_diag(const MoteMatrixDiag* p, const void* x, const void* diagonal,
                                    void* y, int64_t begin, int64_t end) {
  static const uint64_t kZero[2] = {0, 0};
  const int64_t length = p->rows < p->columns ? p->rows : p->columns, plane = p->rows * p->columns;
  for (int64_t b = begin; b < end; ++b) {
    if (x) {
      mote_move_run(p->bits, x, b * plane, y, b * plane, plane);
    } else {
      mote_move_fill(p->bits, kZero, y, b * plane, plane);
    }
    for (int64_t i = 0; i < length; ++i)
      mote_move_run(p->bits, diagonal, b * length + i, y, b * plane + i * p->columns + i, 1);
  }
}

#endif
