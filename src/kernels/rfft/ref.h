/* What the real Fourier transform means, and how it is computed: rows by a complex transform of
 * half the length, columns by a complex transform. */
#ifndef MOTE_KERNELS_RFFT_REF_H_
#define MOTE_KERNELS_RFFT_REF_H_

#include "kernels/rfft/rfft.h"

static inline int64_t mote_fft_longest(const MoteRfft* p) {
  return p->fft_h > p->fft_w ? p->fft_h : p->fft_w;
}

/* Scratch, in doubles: the rows' spectra [fft_h, fft_w / 2 + 1, 2], one line [max(fft_h, fft_w /
 * 2), 2]. */
static inline int64_t mote_rfft_scratch_bytes(const MoteRfft* p) {
  const int64_t half = p->fft_w / 2;
  const int64_t line = p->fft_h > half ? p->fft_h : half;
  return (p->fft_h * (half + 1) + (line > 0 ? line : 1)) * 16;
}

/* z[n, 2] in place. twiddles hold exp(-2 pi i k / (n * stride)), so every `stride`-th is ours. */
static inline void mote_fft(double* z, int64_t n, const double* twiddles, int64_t stride) {
  for (int64_t i = 1, j = 0; i < n; ++i) { /* bit reversal */
    int64_t bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) {
      const double re = z[2 * i], im = z[2 * i + 1];
      z[2 * i] = z[2 * j];
      z[2 * i + 1] = z[2 * j + 1];
      z[2 * j] = re;
      z[2 * j + 1] = im;
    }
  }
  for (int64_t length = 2; length <= n; length *= 2) {
    const int64_t half = length / 2, jump = n / length * stride;
    for (int64_t start = 0; start < n; start += length) {
      for (int64_t k = 0; k < half; ++k) {
        const double c = twiddles[2 * k * jump], s = twiddles[2 * k * jump + 1];
        double* a = z + 2 * (start + k);
        double* b = a + 2 * half;
        const double re = b[0] * c - b[1] * s, im = b[0] * s + b[1] * c;
        b[0] = a[0] - re;
        b[1] = a[1] - im;
        a[0] += re;
        a[1] += im;
      }
    }
  }
}

/* One row: z_k = x_2k + i x_2k+1 is transformed, and its even and odd parts are told apart.
 * spectrum [n / 2 + 1, 2]. */
static inline void mote_rfft_row(const float* x, int64_t count, int64_t n, const double* twiddles,
                                 int64_t stride, double* z, double* spectrum) {
  const int64_t half = n / 2;
  if (n == 1) {
    spectrum[0] = count > 0 ? (double)x[0] : 0.0;
    spectrum[1] = 0.0;
    return;
  }
  for (int64_t i = 0; i < n; ++i) z[i] = i < count ? (double)x[i] : 0.0;
  mote_fft(z, half, twiddles, 2 * stride);
  spectrum[0] = z[0] + z[1];
  spectrum[1] = 0.0;
  spectrum[2 * half] = z[0] - z[1];
  spectrum[2 * half + 1] = 0.0;
  for (int64_t k = 1; k < half; ++k) {
    const double* a = z + 2 * k;
    const double* b = z + 2 * (half - k);
    const double even_re = (a[0] + b[0]) / 2, even_im = (a[1] - b[1]) / 2;
    const double odd_re = (a[1] + b[1]) / 2, odd_im = (b[0] - a[0]) / 2;
    const double c = twiddles[2 * k * stride], s = twiddles[2 * k * stride + 1];
    spectrum[2 * k] = even_re + odd_re * c - odd_im * s;
    spectrum[2 * k + 1] = even_im + odd_re * s + odd_im * c;
  }
}

static inline void mote_rfft(const MoteRfft* p, const float* x, const double* twiddles, float* y,
                             void* scratch, int64_t begin, int64_t end) {
  const int64_t n = mote_fft_longest(p), bins = p->fft_w / 2 + 1;
  double* spectra = (double*)scratch;
  double* line = spectra + 2 * p->fft_h * bins;
  for (int64_t b = begin; b < end; ++b) {
    const float* image = x + b * p->in_h * p->in_w;
    float* out = y + 2 * b * p->fft_h * bins;
    for (int64_t i = 0; i < p->fft_h; ++i) {
      const int64_t count = i >= p->in_h ? 0 : (p->in_w < p->fft_w ? p->in_w : p->fft_w);
      mote_rfft_row(image + (count ? i * p->in_w : 0), count, p->fft_w, twiddles, n / p->fft_w,
                    line, spectra + 2 * i * bins);
    }
    for (int64_t j = 0; j < bins; ++j) {
      for (int64_t i = 0; i < p->fft_h; ++i) {
        line[2 * i] = spectra[2 * (i * bins + j)];
        line[2 * i + 1] = spectra[2 * (i * bins + j) + 1];
      }
      if (p->fft_h > 1) mote_fft(line, p->fft_h, twiddles, n / p->fft_h);
      for (int64_t i = 0; i < p->fft_h; ++i) {
        out[2 * (i * bins + j)] = (float)line[2 * i];
        out[2 * (i * bins + j) + 1] = (float)line[2 * i + 1];
      }
    }
  }
}

#endif
