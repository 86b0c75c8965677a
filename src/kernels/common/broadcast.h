/* Broadcasting of up to three operands over an output, and the walk over it. Plain C99.
 *
 * The shapes are collapsed when the model is prepared (broadcast.cpp): neighbouring axes that every
 * operand walks alike are one axis, axes of extent 1 are gone. In the innermost axis a stride is
 * therefore 1 (the operand moves) or 0 (it stays). Strides count elements. */
#ifndef MOTE_KERNELS_COMMON_BROADCAST_H_
#define MOTE_KERNELS_COMMON_BROADCAST_H_

#include <stdint.h>

enum { kMoteMaxAxes = 8, kMoteMaxOperands = 3 };

typedef struct {
  int64_t count;                                  /* elements of the output */
  int32_t rank;                                   /* axes left, at least 1 */
  int32_t operands;                               /* 1 to 3 */
  int32_t extent[kMoteMaxAxes];                   /* outermost first */
  int32_t stride[kMoteMaxOperands][kMoteMaxAxes]; /* 0 where the operand is repeated */
} MoteBroadcast;

/* Where the walk stands: index of each axis, and the element of each operand. */
typedef struct {
  int64_t offset[kMoteMaxOperands];
  int32_t at[kMoteMaxAxes];
} MoteCursor;

/* Places the cursor on output element `index`. */
static inline void mote_cursor_place(const MoteBroadcast* s, int64_t index, MoteCursor* c) {
  for (int k = 0; k < kMoteMaxOperands; ++k) c->offset[k] = 0;
  for (int axis = s->rank - 1; axis >= 0; --axis) {
    c->at[axis] = (int32_t)(index % s->extent[axis]);
    index /= s->extent[axis];
    for (int k = 0; k < s->operands; ++k) {
      c->offset[k] += (int64_t)c->at[axis] * s->stride[k][axis];
    }
  }
}

/* Elements from here to the end of the innermost axis, at most `limit`. */
static inline int64_t mote_cursor_run(const MoteBroadcast* s, const MoteCursor* c, int64_t limit) {
  const int64_t left = s->extent[s->rank - 1] - c->at[s->rank - 1];
  return left < limit ? left : limit;
}

/* Moves on by `run` elements of the innermost axis, carrying into the outer ones. */
static inline void mote_cursor_advance(const MoteBroadcast* s, int64_t run, MoteCursor* c) {
  int axis = s->rank - 1;
  c->at[axis] += (int32_t)run;
  for (int k = 0; k < s->operands; ++k) c->offset[k] += run * s->stride[k][axis];
  while (axis > 0 && c->at[axis] == s->extent[axis]) {
    for (int k = 0; k < s->operands; ++k) {
      c->offset[k] += s->stride[k][axis - 1] - (int64_t)s->extent[axis] * s->stride[k][axis];
    }
    c->at[axis] = 0;
    --axis;
    ++c->at[axis];
  }
}

#endif
