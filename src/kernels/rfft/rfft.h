/* The discrete Fourier transform of real images, lengths powers of two. x f32 [batch, in_h, in_w],
 * cropped or padded with zeros to [fft_h, fft_w] -> y complex f32 [batch, fft_h, fft_w / 2 + 1].
 * Inputs: x; twiddles f64 [n / 2, 2] with n = max(fft_h, fft_w): cos and -sin of 2 pi k / n.
 * Computed in double. A unit is one image. */
#ifndef MOTE_KERNELS_RFFT_RFFT_H_
#define MOTE_KERNELS_RFFT_RFFT_H_

#include <stdint.h>

typedef struct {
  int64_t batch, in_h, in_w, fft_h, fft_w;
} MoteRfft;

#endif
