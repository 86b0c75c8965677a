// Four floats, for bodies that every processor runs: what it has without being asked for more.
#pragma once

#include <cstring>

#if defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace mote::kernels {

typedef float Float4 __attribute__((vector_size(16)));

inline Float4 load4(const float* p) {
  Float4 v;
  std::memcpy(&v, p, sizeof v);
  return v;
}
inline Float4 splat4(float v) { return Float4{v, v, v, v}; }

// sum + x * w, rounded once on 64-bit ARM, which always has an instruction for it.
inline Float4 add_product(Float4 sum, Float4 x, Float4 w) {
#if defined(__aarch64__)
  return vfmaq_f32(sum, x, w);
#else
  return sum + x * w;
#endif
}

}  // namespace mote::kernels
