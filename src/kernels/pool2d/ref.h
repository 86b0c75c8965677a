/* What pooling means. Plain C99. Each function computes rows [begin, end) of the batches * out_h
 * rows. */
#ifndef MOTE_KERNELS_POOL2D_REF_H_
#define MOTE_KERNELS_POOL2D_REF_H_

#include "kernels/pool2d/pool2d.h"

/* The part of a window that lies in the image: rows [y0, y1), columns [x0, x1). */
typedef struct {
  int32_t y0, y1, x0, x1;
} MotePoolArea;

static inline MotePoolArea mote_pool_area(const MoteWindow* g, int32_t oy, int32_t ox) {
  const int32_t top = oy * g->stride_h - g->pad_top;
  const int32_t left = ox * g->stride_w - g->pad_left;
  MotePoolArea a;
  a.y0 = top < 0 ? 0 : top;
  a.x0 = left < 0 ? 0 : left;
  a.y1 = top + g->filter_h < g->in_h ? top + g->filter_h : g->in_h;
  a.x1 = left + g->filter_w < g->in_w ? left + g->filter_w : g->in_w;
  return a;
}

static inline int32_t mote_pool_count(const MotePoolArea* a) {
  return (a->y1 - a->y0) * (a->x1 - a->x0);
}

enum { kMotePoolAverage = 0, kMotePoolMax = 1, kMotePoolL2 = 2 };

static inline float mote_pool_value_f32(const MoteWindow* g, int kind, const float* image,
                                        const MotePoolArea* a, int32_t c) {
  float value = kind == kMotePoolMax ? -3.402823466e+38f : 0.0f;
  for (int32_t iy = a->y0; iy < a->y1; ++iy) {
    for (int32_t ix = a->x0; ix < a->x1; ++ix) {
      const float x = image[((int64_t)iy * g->in_w + ix) * g->in_c + c];
      if (kind == kMotePoolMax) {
        value = value < x ? x : value;
      } else {
        value += kind == kMotePoolL2 ? x * x : x;
      }
    }
  }
  if (kind == kMotePoolMax) return value;
  const float mean = value / (float)mote_pool_count(a);
  return kind == kMotePoolL2 ? sqrtf(mean) : mean;
}

static inline void mote_pool_f32_ref(const MotePoolF32* p, int kind, const float* x, float* y,
                                     int64_t begin, int64_t end) {
  const MoteWindow* g = &p->window;
  for (int64_t row = begin; row < end; ++row) {
    const float* image = x + row / g->out_h * g->in_h * g->in_w * g->in_c;
    for (int32_t ox = 0; ox < g->out_w; ++ox) {
      const MotePoolArea area = mote_pool_area(g, (int32_t)(row % g->out_h), ox);
      for (int32_t c = 0; c < g->in_c; ++c) {
        y[(row * g->out_w + ox) * g->in_c + c] =
            mote_clamp_f32(mote_pool_value_f32(g, kind, image, &area, c), p->act_min, p->act_max);
      }
    }
  }
}

/* sum / count rounded half away from zero. */
static inline int32_t mote_pool_mean(int32_t sum, int32_t count) {
  return sum > 0 ? (sum + count / 2) / count : (sum - count / 2) / count;
}

static inline int32_t mote_pool_value_int(const MoteWindow* g, int kind, const void* x,
                                          int32_t type, int64_t image, const MotePoolArea* a,
                                          int32_t c) {
  int32_t value = kind == kMotePoolMax ? INT32_MIN : 0;
  for (int32_t iy = a->y0; iy < a->y1; ++iy) {
    for (int32_t ix = a->x0; ix < a->x1; ++ix) {
      const int32_t v = mote_load(x, image + ((int64_t)iy * g->in_w + ix) * g->in_c + c, type);
      if (kind == kMotePoolMax) {
        value = value < v ? v : value;
      } else {
        value = mote_add_wrap(value, v);
      }
    }
  }
  return kind == kMotePoolMax ? value : mote_pool_mean(value, mote_pool_count(a));
}

static inline void mote_pool_int_ref(const MotePoolInt* p, int kind, const void* x, void* y,
                                     int64_t begin, int64_t end) {
  const MoteWindow* g = &p->window;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t image = row / g->out_h * g->in_h * g->in_w * g->in_c;
    for (int32_t ox = 0; ox < g->out_w; ++ox) {
      const MotePoolArea area = mote_pool_area(g, (int32_t)(row % g->out_h), ox);
      for (int32_t c = 0; c < g->in_c; ++c) {
        const int32_t value = mote_pool_value_int(g, kind, x, p->type, image, &area, c);
        mote_store(y, (row * g->out_w + ox) * g->in_c + c, p->type,
                   mote_clamp_i32(value, p->act_min, p->act_max));
      }
    }
  }
}

#endif
