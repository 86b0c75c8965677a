/* Rows of a table by index. ids i32 [count], table [rows, size], y [count, size].
 *
 *   kernel                   inputs
 *   embedding_lookup_copy    ids, table of any type: y is the rows' bytes
 *   embedding_lookup_hybrid  ids, table i8|i4, scale f32 [rows] or [1]: y f32 = element * scale
 *
 * One unit is one index. An index outside the table is kIndexOutOfRange. */
#ifndef MOTE_KERNELS_EMBEDDING_LOOKUP_EMBEDDING_LOOKUP_H_
#define MOTE_KERNELS_EMBEDDING_LOOKUP_EMBEDDING_LOOKUP_H_

#include "kernels/common/mac.h"

typedef struct {
  int64_t count, rows, row_bytes;
} MoteEmbeddingCopy;

typedef struct {
  int64_t count, rows, size;
  int32_t type;    /* kMoteI8 or kMoteI4 */
  int32_t per_row; /* scales: one a row, or one */
} MoteEmbeddingHybrid;

#endif
