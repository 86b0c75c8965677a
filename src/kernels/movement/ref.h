/* What the movement kernels mean. Each function computes units [begin, end) of its outermost
 * extent. */
#ifndef MOTE_KERNELS_MOVEMENT_REF_H_
#define MOTE_KERNELS_MOVEMENT_REF_H_

#include <math.h>
#include <string.h>

#include "kernels/movement/movement.h"

/* Copies `count` neighbouring elements. */
static inline void mote_move_run(int bits, const void* x, int64_t from, void* y, int64_t to,
                                 int64_t count) {
  if (bits >= 8) {
    const int64_t bytes = bits / 8;
    memcpy((char*)y + to * bytes, (const char*)x + from * bytes, (size_t)(count * bytes));
    return;
  }
  const uint8_t* in = (const uint8_t*)x;
  uint8_t* out = (uint8_t*)y;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t f = from + i, t = to + i;
    const unsigned half = (unsigned)in[f / 2] >> (f % 2 * 4) & 15u;
    const unsigned keep = t % 2 ? out[t / 2] & 15u : out[t / 2] & 240u;
    out[t / 2] = (uint8_t)(keep | half << (t % 2 * 4));
  }
}

/* Repeats the one element at `value`. */
static inline void mote_move_fill(int bits, const void* value, void* y, int64_t to, int64_t count) {
  if (bits == 8) {
    memset((char*)y + to, *(const unsigned char*)value, (size_t)count);
    return;
  }
  for (int64_t i = 0; i < count; ++i) mote_move_run(bits, value, 0, y, to + i, 1);
}

static inline int64_t mote_move_product(const int64_t* extent, int rank) {
  int64_t product = 1;
  for (int d = 0; d < rank; ++d) product *= extent[d];
  return product;
}

/* Steps an index over extents, the last fastest; returns the axis that moved on, or -1 at the end.
 */
static inline int mote_move_next(int64_t* index, const int64_t* extent, int rank) {
  for (int d = rank - 1; d >= 0; --d) {
    if (++index[d] < extent[d]) return d;
    index[d] = 0;
  }
  return -1;
}

static inline void mote_strided_copy(const MoteStridedCopy* p, const void* x, void* y,
                                     int64_t begin, int64_t end) {
  int64_t index[kMoteCopyRank] = {0};
  const int last = p->rank - 1;
  const int64_t run = p->extent[last], step = p->in_stride[last];
  const int64_t slab = mote_move_product(p->extent + 1, p->rank - 1);
  if (slab == 0 || run == 0) return;
  if (last == 0) { /* one axis: the units are its elements */
    for (int64_t i = begin; i < end; ++i)
      mote_move_run(p->bits, x, p->in_offset + i * step, y, i, 1);
    return;
  }
  for (int64_t unit = begin; unit < end; ++unit) {
    int64_t to = unit * slab;
    do {
      int64_t from = p->in_offset + unit * p->in_stride[0];
      for (int d = 1; d < last; ++d) from += index[d] * p->in_stride[d];
      if (step == 1) {
        mote_move_run(p->bits, x, from, y, to, run);
      } else {
        for (int64_t i = 0; i < run; ++i) mote_move_run(p->bits, x, from + i * step, y, to + i, 1);
      }
      to += run;
    } while (mote_move_next(index + 1, p->extent + 1, last - 1) >= 0);
  }
}

static inline void mote_pad(const MotePad* p, const void* x, const void* value, void* y,
                            int64_t begin, int64_t end) {
  const int last = p->rank - 1;
  const void* fill = value ? value : (const void*)p->fill;
  const int64_t in_run = p->in_extent[last], out_run = p->out_extent[last],
                before = p->before[last];
  const int64_t rows = mote_move_product(p->out_extent, last);
  const int64_t rows_per_unit =
      p->out_extent[0] > 0 ? (last == 0 ? 1 : rows / p->out_extent[0]) : 0;
  if (last == 0) begin = 0, end = 1; /* a vector is one row */
  for (int64_t row = begin * rows_per_unit; row < end * rows_per_unit; ++row) {
    int64_t rest = row, from = 0, scale = 1;
    int inside = 1;
    for (int d = last - 1; d >= 0; --d) {
      const int64_t i = rest % p->out_extent[d] - p->before[d];
      rest /= p->out_extent[d];
      inside = inside && i >= 0 && i < p->in_extent[d];
      from += i * scale;
      scale *= p->in_extent[d];
    }
    if (!inside || in_run == 0) {
      mote_move_fill(p->bits, fill, y, row * out_run, out_run);
      continue;
    }
    mote_move_fill(p->bits, fill, y, row * out_run, before);
    mote_move_run(p->bits, x, from * in_run, y, row * out_run + before, in_run);
    mote_move_fill(p->bits, fill, y, row * out_run + before + in_run, out_run - before - in_run);
  }
}

/* Where the element at `i` (0 is the first of x) comes from. */
static inline int64_t mote_mirror(int64_t i, int64_t extent, int skip_edge) {
  if (i < 0) return -i - (skip_edge ? 0 : 1);
  if (i >= extent) return 2 * extent - i - (skip_edge ? 2 : 1);
  return i;
}

static inline void mote_mirror_pad(const MoteMirrorPad* p, const void* x, void* y, int64_t begin,
                                   int64_t end) {
  const int last = p->rank - 1;
  const int64_t in_run = p->in_extent[last], out_run = p->out_extent[last],
                before = p->before[last];
  const int64_t rows = mote_move_product(p->out_extent, last);
  const int64_t rows_per_unit =
      p->out_extent[0] > 0 ? (last == 0 ? 1 : rows / p->out_extent[0]) : 0;
  if (last == 0) begin = 0, end = 1;
  for (int64_t row = begin * rows_per_unit; row < end * rows_per_unit; ++row) {
    int64_t rest = row, from = 0, scale = 1;
    for (int d = last - 1; d >= 0; --d) {
      const int64_t i = rest % p->out_extent[d] - p->before[d];
      rest /= p->out_extent[d];
      from += mote_mirror(i, p->in_extent[d], p->skip_edge) * scale;
      scale *= p->in_extent[d];
    }
    for (int64_t i = 0; i < out_run; ++i) {
      if (i == before) { /* the middle in one run */
        mote_move_run(p->bits, x, from * in_run, y, row * out_run + i, in_run);
        i += in_run;
        if (i == out_run) break;
      }
      const int64_t source = mote_mirror(i - before, in_run, p->skip_edge);
      mote_move_run(p->bits, x, from * in_run + source, y, row * out_run + i, 1);
    }
  }
}

/* `in` is the kernel's whole input list: inner extents first. */
static inline void mote_concat(const MoteConcat* p, const void* const* in, void* y, int64_t begin,
                               int64_t end) {
  const int64_t* inner = (const int64_t*)in[0];
  for (int64_t o = begin; o < end; ++o) {
    int64_t to = o * p->total;
    for (int k = 0; k < p->count; ++k) {
      mote_move_run(p->bits, in[1 + k], o * inner[k], y, to, inner[k]);
      to += inner[k];
    }
  }
}

/* Unsigned 8-bit inputs whose scales differ from the output's. affine[k] = {s_k * (1 / s_y), -z_k *
 * affine[k][0]}; an input that already has the output's scale and zero point has {0, 0} and is
 * copied. */
static inline void mote_concat_rescale_u8(const MoteConcat* p, const void* const* in, uint8_t* y,
                                          int64_t begin, int64_t end) {
  const int64_t* inner = (const int64_t*)in[0];
  const float* affine = (const float*)in[1];
  for (int64_t o = begin; o < end; ++o) {
    uint8_t* to = y + o * p->total;
    for (int k = 0; k < p->count; ++k) {
      const uint8_t* x = (const uint8_t*)in[2 + k] + o * inner[k];
      const float scale = affine[2 * k], bias = affine[2 * k + 1];
      for (int64_t i = 0; i < inner[k]; ++i) {
        if (scale == 0.0f) {
          to[i] = x[i];
          continue;
        }
        const int32_t q = (int32_t)roundf((float)x[i] * scale + bias) + p->out_zero_point;
        to[i] = (uint8_t)(q < 0 ? 0 : (q > 255 ? 255 : q));
      }
      to += inner[k];
    }
  }
}

static inline void mote_split(const MoteConcat* p, const int64_t* inner, const void* x,
                              void* const* out, int64_t begin, int64_t end) {
  for (int64_t o = begin; o < end; ++o) {
    int64_t from = o * p->total;
    for (int k = 0; k < p->count; ++k) {
      mote_move_run(p->bits, x, from, out[k], o * inner[k], inner[k]);
      from += inner[k];
    }
  }
}

static inline void mote_fill(const MoteFill* p, const void* value, void* y, int64_t begin,
                             int64_t end) {
  mote_move_fill(p->bits, value, y, begin, end - begin);
}

/* Units are the blocked side's batches. */
static inline void mote_space_to_batch(const MoteSpaceBatch* p, const void* x, void* y,
                                       int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t b = unit % p->batch, phase = unit / p->batch;
    for (int64_t i = 0; i < p->phase_h; ++i) {
      const int64_t h = i * p->block_h + phase / p->block_w - p->pad_top;
      for (int64_t j = 0; j < p->phase_w; ++j) {
        const int64_t w = j * p->block_w + phase % p->block_w - p->pad_left;
        const int64_t to = ((unit * p->phase_h + i) * p->phase_w + j) * p->inner;
        if (h < 0 || h >= p->height || w < 0 || w >= p->width) {
          mote_move_fill(p->bits, p->fill, y, to, p->inner);
        } else {
          mote_move_run(p->bits, x, ((b * p->height + h) * p->width + w) * p->inner, y, to,
                        p->inner);
        }
      }
    }
  }
}

/* Units are the un-blocked side's rows, batch * height. Every element of y is written. */
static inline void mote_batch_to_space(const MoteSpaceBatch* p, const void* x, void* y,
                                       int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t b = unit / p->height, h = unit % p->height + p->pad_top;
    for (int64_t j = 0; j < p->width; ++j) {
      const int64_t w = j + p->pad_left;
      const int64_t phase = h % p->block_h * p->block_w + w % p->block_w;
      const int64_t from =
          ((phase * p->batch + b) * p->phase_h + h / p->block_h) * p->phase_w + w / p->block_w;
      mote_move_run(p->bits, x, from * p->inner, y, (unit * p->width + j) * p->inner, p->inner);
    }
  }
}

static inline int64_t mote_box_begin(const MoteBox* p, const void* begin, int d) {
  return p->begin_bits == 32 ? ((const int32_t*)begin)[d] : ((const int64_t*)begin)[d];
}

/* Copies between the box at `at` inside a tensor of in_extent and a contiguous box; into the tensor
 * if `inward`. */
static inline void mote_box_copy(const MoteBox* p, const int64_t* at, const void* x, void* y,
                                 int inward) {
  int64_t index[kMoteMoveRank] = {0};
  const int last = p->rank - 1;
  int64_t packed = 0;
  if (mote_move_product(p->box, p->rank) == 0) return;
  do {
    int64_t place = 0;
    for (int d = 0; d < p->rank; ++d) place = place * p->in_extent[d] + at[d] + index[d];
    mote_move_run(p->bits, x, inward ? packed : place, y, inward ? place : packed, p->box[last]);
    packed += p->box[last];
  } while (mote_move_next(index, p->box, last) >= 0);
}

/* Returns 0, or 1 (index out of range). */
static inline int mote_slice_at(const MoteBox* p, const void* x, const void* begin, void* y) {
  int64_t at[kMoteMoveRank];
  for (int d = 0; d < p->rank; ++d) {
    at[d] = mote_box_begin(p, begin, d);
    if (at[d] < 0 || at[d] > p->in_extent[d] - p->box[d]) return 1;
  }
  mote_box_copy(p, at, x, y, 0);
  return 0;
}

static inline void mote_update_slice(const MoteBox* p, const void* x, const void* update,
                                     const void* begin, void* y) {
  int64_t at[kMoteMoveRank];
  for (int d = 0; d < p->rank; ++d) {
    const int64_t wanted = mote_box_begin(p, begin, d), most = p->in_extent[d] - p->box[d];
    at[d] = wanted < 0 ? 0 : (wanted > most ? most : wanted);
  }
  if (y != x) mote_move_run(p->bits, x, 0, y, 0, mote_move_product(p->in_extent, p->rank));
  mote_box_copy(p, at, update, y, 1);
}

#endif
