// Winograd's F(4x4, 3x3): a 3x3 convolution computes 4x4 outputs from 6x6 inputs with 36
// multiplications a channel instead of 144.
//
//   y = A' [ sum over channels of (G w G') . (B' x B) ] A
//
// The points are 0, 3/4, -3/4, 3/2, -3/2 and infinity: every coefficient of A and B is exact in
// float, and the error is about twice that of the direct sum (with the usual 0, 1, 2 it is four
// times).
#pragma once

#include <cstdint>

namespace mote::kernels::winograd {

inline constexpr int kIn = 6, kOut = 4, kFilter = 3, kProducts = kIn * kIn;

inline constexpr double kA = 0.75, kB = 1.5;  // the points
inline constexpr double kA2 = kA * kA, kB2 = kB * kB;
inline constexpr double kAScale = 1 / (2 * kA2 * (kA2 - kB2)),
                        kBScale = 1 / (2 * kB2 * (kB2 - kA2));

inline constexpr double kInput[kIn][kIn] = {
    {kA2 * kB2, 0, -(kA2 + kB2), 0, 1, 0}, {0, -kA* kB2, -kB2, kA, 1, 0},
    {0, kA* kB2, -kB2, -kA, 1, 0},         {0, -kB* kA2, -kA2, kB, 1, 0},
    {0, kB* kA2, -kA2, -kB, 1, 0},         {0, kA2* kB2, 0, -(kA2 + kB2), 0, 1},
};
inline constexpr double kWeights[kIn][kFilter] = {
    {1 / (kA2 * kB2), 0, 0},
    {kAScale, kA* kAScale, kA2* kAScale},
    {kAScale, -kA* kAScale, kA2* kAScale},
    {kBScale, kB* kBScale, kB2* kBScale},
    {kBScale, -kB* kBScale, kB2* kBScale},
    {0, 0, 1},
};
inline constexpr double kOutput[kOut][kIn] = {
    {1, 1, 1, 1, 1, 0},
    {0, kA, -kA, kB, -kB, 0},
    {0, kA2, kA2, kB2, kB2, 0},
    {0, kA2* kA, -kA2* kA, kB2* kB, -kB2* kB, 1},
};

}  // namespace mote::kernels::winograd
