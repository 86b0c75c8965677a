/* Resampling of images: x[batch, in_h, in_w, channels] to y[batch, out_h, out_w, channels]. Inputs
 * x; outputs y. */
#ifndef MOTE_KERNELS_RESIZE_RESIZE_H_
#define MOTE_KERNELS_RESIZE_RESIZE_H_

#include <stdint.h>

typedef struct {
  int64_t batch, in_h, in_w, out_h, out_w, channels;
  int32_t align_corners;      /* the corner samples of x and y coincide */
  int32_t half_pixel_centers; /* samples sit in the middle of their pixel, not at its corner */
  int32_t bits;               /* of an element; nearest neighbour only */
  int32_t reserved;
} MoteResize;

#endif
