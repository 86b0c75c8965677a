/* What embedding_lookup means. Plain C99. Each function looks up indices [begin, end) and returns
 * 0, or 1 if one is outside the table. */
#ifndef MOTE_KERNELS_EMBEDDING_LOOKUP_REF_H_
#define MOTE_KERNELS_EMBEDDING_LOOKUP_REF_H_

#include <string.h>

#include "kernels/embedding_lookup/embedding_lookup.h"

static inline int mote_embedding_copy_ref(const MoteEmbeddingCopy* p, const int32_t* ids,
                                          const void* table, void* y, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    if (ids[i] < 0 || ids[i] >= p->rows) return 1;
    memcpy((char*)y + i * p->row_bytes, (const char*)table + ids[i] * p->row_bytes,
           (size_t)p->row_bytes);
  }
  return 0;
}

static inline int mote_embedding_hybrid_ref(const MoteEmbeddingHybrid* p, const int32_t* ids,
                                            const void* table, const float* scale, float* y,
                                            int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) {
    if (ids[i] < 0 || ids[i] >= p->rows) return 1;
    const float s = scale[p->per_row ? ids[i] : 0];
    for (int64_t j = 0; j < p->size; ++j) {
      y[i * p->size + j] = (float)mote_load(table, ids[i] * p->size + j, p->type) * s;
    }
  }
  return 0;
}

#endif
