/* What the resize kernels mean. Units are rows of y: batch * out_h. */
#ifndef MOTE_KERNELS_RESIZE_REF_H_
#define MOTE_KERNELS_RESIZE_REF_H_

#include <math.h>

#include "kernels/movement/ref.h"
#include "kernels/resize/resize.h"

/* A place between two samples: low + (place - low), float or in 1024ths. */
typedef struct {
  int64_t low, high;
  float place;
  int64_t place_1024;
} MoteLerp;

static inline float mote_resize_scale(const MoteResize* p, int64_t in, int64_t out) {
  return p->align_corners && out > 1 ? (float)(in - 1) / (float)(out - 1) : (float)in / (float)out;
}

static inline int64_t mote_clamp_index(int64_t i, int64_t extent) {
  return i < 0 ? 0 : (i >= extent ? extent - 1 : i);
}

static inline MoteLerp mote_lerp(const MoteResize* p, int64_t i, int64_t in, int64_t out) {
  const float scale = mote_resize_scale(p, in, out);
  MoteLerp at = {0, 0, 0.0f, 0};
  at.place = p->half_pixel_centers ? ((float)i + 0.5f) * scale - 0.5f : (float)i * scale;
  at.low = mote_clamp_index((int64_t)floorf(at.place), in);
  at.high = mote_clamp_index((int64_t)ceilf(at.place), in);
  return at;
}

/* The scale is itself rounded to 1024ths, halves up. */
static inline MoteLerp mote_lerp_1024(const MoteResize* p, int64_t i, int64_t in, int64_t out) {
  const int64_t scale = p->align_corners && out > 1 ? (1024 * (in - 1) + (out - 1) / 2) / (out - 1)
                                                    : (1024 * in + out / 2) / out;
  MoteLerp at = {0, 0, 0.0f, 0};
  at.place_1024 = p->half_pixel_centers ? i * scale + scale / 2 - 512 : i * scale;
  at.low = mote_clamp_index(at.place_1024 / 1024, in);
  at.high = mote_clamp_index((at.place_1024 + 1023) / 1024, in);
  return at;
}

/* Offsets of the four neighbours of column j: upper left, lower left, upper right, lower right. */
static inline void mote_corners(const MoteResize* p, int64_t b, const MoteLerp* v,
                                const MoteLerp* h, int64_t* offset) {
  const int64_t top = (b * p->in_h + v->low) * p->in_w, bottom = (b * p->in_h + v->high) * p->in_w;
  offset[0] = (top + h->low) * p->channels;
  offset[1] = (bottom + h->low) * p->channels;
  offset[2] = (top + h->high) * p->channels;
  offset[3] = (bottom + h->high) * p->channels;
}

static inline void mote_lerp_weights(const MoteLerp* v, const MoteLerp* h, float* down,
                                     float* right) {
  *down = v->place - (float)v->low;
  *right = h->place - (float)h->low;
}

static inline void mote_resize_bilinear_f32(const MoteResize* p, const float* x, float* y,
                                            int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) {
    const MoteLerp v = mote_lerp(p, unit % p->out_h, p->in_h, p->out_h);
    for (int64_t j = 0; j < p->out_w; ++j) {
      const MoteLerp h = mote_lerp(p, j, p->in_w, p->out_w);
      int64_t at[4];
      float down, right;
      mote_corners(p, unit / p->out_h, &v, &h, at);
      mote_lerp_weights(&v, &h, &down, &right);
      for (int64_t c = 0; c < p->channels; ++c) {
        y[(unit * p->out_w + j) * p->channels + c] =
            x[at[0] + c] * (1 - down) * (1 - right) + x[at[1] + c] * down * (1 - right) +
            x[at[2] + c] * (1 - down) * right + x[at[3] + c] * down * right;
      }
    }
  }
}

/* uint8 is weighted in float, halves up: the official kernel's way for this type only. */
static inline void mote_resize_bilinear_u8(const MoteResize* p, const uint8_t* x, uint8_t* y,
                                           int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) {
    const MoteLerp v = mote_lerp(p, unit % p->out_h, p->in_h, p->out_h);
    for (int64_t j = 0; j < p->out_w; ++j) {
      const MoteLerp h = mote_lerp(p, j, p->in_w, p->out_w);
      int64_t at[4];
      float down, right;
      mote_corners(p, unit / p->out_h, &v, &h, at);
      mote_lerp_weights(&v, &h, &down, &right);
      for (int64_t c = 0; c < p->channels; ++c) {
        const float sum = (float)x[at[0] + c] * (1 - down) * (1 - right) +
                          (float)x[at[1] + c] * down * (1 - right) +
                          (float)x[at[2] + c] * (1 - down) * right +
                          (float)x[at[3] + c] * down * right;
        y[(unit * p->out_w + j) * p->channels + c] = (uint8_t)(sum + 0.5f);
      }
    }
  }
}

/* round_half_away of the weighted sum of four samples, weights in 2^-20. */
static inline int64_t mote_lerp_i(int64_t ul, int64_t ll, int64_t ur, int64_t lr, int64_t down,
                                  int64_t right) {
  const int64_t sum = ul * (1024 - down) * (1024 - right) + ll * down * (1024 - right) +
                      ur * (1024 - down) * right + lr * down * right;
  return (sum + (sum > 0 ? 1 << 19 : -(1 << 19))) / (1 << 20);
}

static inline void mote_resize_bilinear_i8(const MoteResize* p, const int8_t* x, int8_t* y,
                                           int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) {
    const MoteLerp v = mote_lerp_1024(p, unit % p->out_h, p->in_h, p->out_h);
    for (int64_t j = 0; j < p->out_w; ++j) {
      const MoteLerp h = mote_lerp_1024(p, j, p->in_w, p->out_w);
      int64_t at[4];
      mote_corners(p, unit / p->out_h, &v, &h, at);
      for (int64_t c = 0; c < p->channels; ++c) {
        y[(unit * p->out_w + j) * p->channels + c] =
            (int8_t)mote_lerp_i(x[at[0] + c], x[at[1] + c], x[at[2] + c], x[at[3] + c],
                                v.place_1024 - 1024 * v.low, h.place_1024 - 1024 * h.low);
      }
    }
  }
}

static inline void mote_resize_bilinear_i16(const MoteResize* p, const int16_t* x, int16_t* y,
                                            int64_t begin, int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) {
    const MoteLerp v = mote_lerp_1024(p, unit % p->out_h, p->in_h, p->out_h);
    for (int64_t j = 0; j < p->out_w; ++j) {
      const MoteLerp h = mote_lerp_1024(p, j, p->in_w, p->out_w);
      int64_t at[4];
      mote_corners(p, unit / p->out_h, &v, &h, at);
      for (int64_t c = 0; c < p->channels; ++c) {
        y[(unit * p->out_w + j) * p->channels + c] =
            (int16_t)mote_lerp_i(x[at[0] + c], x[at[1] + c], x[at[2] + c], x[at[3] + c],
                                 v.place_1024 - 1024 * v.low, h.place_1024 - 1024 * h.low);
      }
    }
  }
}

/* floor, or with aligned corners round, of the place that i comes from. */
static inline int64_t mote_nearest(const MoteResize* p, int64_t i, int64_t in, int64_t out) {
  const float place =
      ((float)i + (p->half_pixel_centers ? 0.5f : 0.0f)) * mote_resize_scale(p, in, out);
  return mote_clamp_index((int64_t)(p->align_corners ? roundf(place) : floorf(place)), in);
}

static inline void mote_resize_nearest(const MoteResize* p, const void* x, void* y, int64_t begin,
                                       int64_t end) {
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t row =
        unit / p->out_h * p->in_h + mote_nearest(p, unit % p->out_h, p->in_h, p->out_h);
    for (int64_t j = 0; j < p->out_w; ++j) {
      const int64_t column = mote_nearest(p, j, p->in_w, p->out_w);
      mote_move_run(p->bits, x, (row * p->in_w + column) * p->channels, y,
                    (unit * p->out_w + j) * p->channels, p->channels);
    }
  }
}

#endif
