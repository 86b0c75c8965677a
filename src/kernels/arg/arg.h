/* Operators that look for elements along an axis, or add them up along it.
 *
 *   arg_max_T_I, arg_min_T_I   in: x, [outer, depth, inner]. out: index (I) of the first extreme
 *   cumsum_T                   in: x. out: running sums along depth
 *   topk_v2_T                  in: x, [outer, depth]. out: values and int32 indices, [outer, k]
 *   where_T                    in: x. out: int64 coordinates of what is not 0, [found, rank]
 *
 * One unit a pair (outer, inner); where: one. */
#ifndef MOTE_KERNELS_ARG_ARG_H_
#define MOTE_KERNELS_ARG_ARG_H_

#include <stdint.h>

typedef struct {
  int64_t outer, depth, inner;
  int64_t k;         /* topk_v2 */
  int32_t exclusive; /* cumsum: a sum does not contain its own element */
  int32_t reverse;   /* cumsum: from the end */
} MoteArgParams;

typedef struct {
  int64_t count; /* elements of x */
  int64_t found; /* rows of the output */
  int32_t rank;
  int32_t extent[8];
  int32_t padding;
} MoteWhereParams;

#endif
