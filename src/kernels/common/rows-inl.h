// Small helpers of the adaptors between Args and the typed bodies.
#pragma once

#include "kernels/common/mac.h"
#include "kernels/kernel.h"

namespace mote::kernels {

template <class Params>
inline const Params& as(const void* params) {
  return *static_cast<const Params*>(params);
}

template <class T>
inline const T* in(const Args& a, int i) {
  return static_cast<const T*>(a.in[i]);
}

template <class T>
inline T* out(const Args& a) {
  return static_cast<T*>(a.out[0]);
}

// Sums of this rounding are kept in 64 bits.
inline bool is_wide(const MoteIntMac& m) {
  return m.rounding == kMoteWide || m.rounding == kMoteExact64;
}

// Why a row for weights of one type can't take these; null if it can.
inline const char* needs_i8_weights(const MoteIntMac& m) {
  if (m.w_type != kMoteI8) return "the weights are not int8";
  return m.w_zero != 0 ? "the weights have a zero point" : nullptr;
}

inline const char* needs_i4_weights(const MoteIntMac& m) {
  if (m.w_type != kMoteI4) return "the weights are not int4";
  return m.w_zero != 0 ? "the weights have a zero point" : nullptr;
}

inline const char* needs_u8_weights(const MoteIntMac& m) {
  if (m.w_type != kMoteU8) return "the weights are not uint8";
  return is_wide(m) ? "64-bit sums need signed weights of 8 bits" : nullptr;
}

inline const char* needs_weights(const MoteHybridMac& m, int type) {
  if (m.w_type == type) return nullptr;
  return type == kMoteI8 ? "the weights are not int8" : "the weights are not int4";
}

// Calls `body` with a null pointer of the C++ type that holds `type`.
template <class Body>
inline void with_element(int32_t type, const Body& body) {
  switch (type) {
    case kMoteI8:
      return body(static_cast<const int8_t*>(nullptr));
    case kMoteU8:
      return body(static_cast<const uint8_t*>(nullptr));
    default:
      return body(static_cast<const int16_t*>(nullptr));
  }
}

}  // namespace mote::kernels
