// rfft2d     y = the discrete Fourier transform of x along its last two axes, the last half of the
// last axis left out
//   inputs   x float32 [..., h, w]; fft_length int32 [2], powers of two: x is cropped or padded
//   with zeros to it output   complex64 [..., fft_h, fft_w / 2 + 1]
#pragma once
