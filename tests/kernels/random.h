// Seeded numbers that are the same on every machine: the standard's distributions are not.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <type_traits>
#include <vector>

namespace mote::kernels::shapes {

using Bytes = std::vector<uint8_t>;

class Random {
 public:
  // Seeds are mixed first: those that lie near each other must not start near each other.
  explicit Random(uint64_t seed) : state_(seed) { state_ = bits() ^ (seed << 32); }

  // splitmix64: every seed starts a sequence of its own.
  uint64_t bits() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  int64_t between(int64_t low, int64_t high) {
    const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
    return range == 0 ? static_cast<int64_t>(bits())
                      : static_cast<int64_t>(static_cast<uint64_t>(low) + bits() % range);
  }
  int32_t between32(int64_t low, int64_t high) { return static_cast<int32_t>(between(low, high)); }
  double real(double low, double high) {
    return low + (high - low) * static_cast<double>(bits() >> 11) * 0x1p-53;
  }
  float real32(double low, double high) { return static_cast<float>(real(low, high)); }
  bool coin() { return (bits() & 1u) != 0; }
  bool one_in(int64_t n) { return between(1, n) == 1; }

  template <class T>
  T pick(std::initializer_list<T> choices) {
    return choices.begin()[between(0, static_cast<int64_t>(choices.size()) - 1)];
  }

  // A count of channels, rows, columns: often round, as models have them, often one off, often odd.
  int64_t extent(int64_t largest) {
    const int64_t kind = between(0, 9);
    if (kind == 0) return 1;
    int64_t n = 0;
    if (kind <= 4) {
      n = int64_t{1} << between(1, 10);
    } else if (kind <= 6) {
      n = 8 * between(1, 16);
    } else if (kind == 7) {
      n = (int64_t{1} << between(1, 8)) + pick({-1, 1});
    } else {
      return between(1, largest < 40 ? largest : 40);
    }
    return n < 1 ? 1 : n > largest ? between(1, largest) : n;
  }

 private:
  uint64_t state_;
};

// `n` integers of [low, high] in one of several manners: anything, extremes only, small numbers,
// one number everywhere.
template <class T>
Bytes random_ints(Random& r, int64_t n, int64_t low, int64_t high) {
  Bytes bytes(static_cast<size_t>(n) * sizeof(T));
  const int64_t manner = r.between(0, 15);
  const int64_t same = r.between(low, high);
  const uint64_t range = static_cast<uint64_t>(high) - static_cast<uint64_t>(low) + 1;
  for (int64_t i = 0; i < n; ++i) {
    const uint64_t draw = r.bits();
    const uint64_t kind = draw >> 60;
    int64_t value =
        range == 0
            ? static_cast<int64_t>(draw)
            : static_cast<int64_t>(static_cast<uint64_t>(low) + (draw & 0xffffffffffffu) % range);
    if (manner == 0) value = same;
    if (manner == 1) value = low;
    if (manner == 2) value = high;
    if (manner == 3 || manner == 4) value = (kind & 1u) != 0 ? low : high;
    if (manner == 5 && kind > 1) value = value / 16 < low ? low : value / 16;
    if (manner > 8 && kind == 0) value = low;
    if (manner > 8 && kind == 1) value = high;
    if (manner > 8 && kind == 2 && low <= 0 && high >= 0) value = 0;
    const T element = static_cast<T>(value);
    std::memcpy(bytes.data() + static_cast<size_t>(i) * sizeof(T), &element, sizeof(T));
  }
  return bytes;
}

// How floats are drawn. `special`: infinities, NaN, zeros of both signs and denormals among them.
enum class Floats { plain, mixed_sizes, denormal, special };

inline Floats random_manner(Random& r, bool may_be_special = true) {
  const int64_t kind = r.between(0, 15);
  if (kind == 0) return Floats::denormal;
  if (kind == 1 && may_be_special) return Floats::special;
  return kind < 5 ? Floats::mixed_sizes : Floats::plain;
}

inline float random_float(Random& r, Floats manner) {
  const float plain = r.real32(-2, 2);
  switch (manner) {
    case Floats::plain:
      return plain;
    case Floats::mixed_sizes:
      return std::ldexp(plain, r.between32(-12, 6));
    case Floats::denormal:
      return r.coin() ? std::ldexp(plain, -130) : std::ldexp(plain, -120);
    case Floats::special:
      break;
  }
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  switch (r.between(0, 63)) {
    case 0:
      return kInfinity;
    case 1:
      return -kInfinity;
    case 2:
      return std::numeric_limits<float>::quiet_NaN();
    case 3:
      return 0.0f;
    case 4:
      return -0.0f;
    case 5:
      return std::numeric_limits<float>::denorm_min();
    default:
      return plain;
  }
}

template <class T>
Bytes bytes_of(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

template <class T>
std::vector<T> elements_of(const Bytes& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

inline Bytes random_floats(Random& r, int64_t n, Floats manner) {
  std::vector<float> values(static_cast<size_t>(n));
  for (float& v : values) v = random_float(r, manner);
  return bytes_of(values);
}

inline Bytes random_reals(Random& r, int64_t n, double low, double high) {
  std::vector<float> values(static_cast<size_t>(n));
  for (float& v : values) v = r.real32(low, high);
  return bytes_of(values);
}

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

// A fused activation.
struct Clamp {
  float low = -kInfinity, high = kInfinity;
};

inline Clamp random_clamp(Random& r) {
  switch (r.between(0, 3)) {
    case 0:
      return {0.0f, kInfinity};
    case 1:
      return {0.0f, 6.0f};
    case 2:
      return {-1.0f, 1.0f};
    default:
      return {-std::numeric_limits<float>::max(), std::numeric_limits<float>::max()};
  }
}

}  // namespace mote::kernels::shapes
