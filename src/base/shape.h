// Shape: up to kMaxRank extents, row-major, held in place. An extent of kDynamic (-1) is not known
// yet.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>

#include "base/dtype.h"

namespace mote {

inline constexpr int kMaxRank = 8;
inline constexpr int64_t kDynamic = -1;
// No tensor may hold more elements than this: kernels count in 32 bits where it makes them faster.
inline constexpr int64_t kMaxElements = INT32_MAX;

class Shape {
 public:
  constexpr Shape() = default;
  // Ranks over kMaxRank and extents below -1 are programming errors here; readers of files check
  // first (see Shape::checked).
  Shape(std::initializer_list<int64_t> dims);
  explicit Shape(std::span<const int64_t> dims);
  // Empty if the rank is over kMaxRank, an extent is below -1, or the element count is over
  // kMaxElements.
  static std::optional<Shape> checked(std::span<const int64_t> dims);

  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return dims_[static_cast<size_t>(axis)]; }
  int64_t& operator[](int axis) { return dims_[static_cast<size_t>(axis)]; }
  const int64_t* begin() const { return dims_.data(); }
  const int64_t* end() const { return dims_.data() + rank_; }
  std::span<const int64_t> dims() const { return {begin(), end()}; }
  // axis counted from the end: back() is the last extent.
  int64_t back(int from_end = 0) const { return dims_[static_cast<size_t>(rank_ - 1 - from_end)]; }

  bool is_static() const;
  // Product of the extents from `first` up to, not including, `last`; all must be known. 1 for a
  // scalar.
  int64_t elements(int first, int last) const;
  int64_t elements() const { return elements(0, rank_); }
  // Bytes of a tensor of this shape; empty if an extent is unknown or the product exceeds
  // kMaxElements.
  std::optional<size_t> bytes(DType dtype) const;

  void push_back(int64_t extent);
  void insert(int axis, int64_t extent);
  void erase(int axis);
  bool operator==(const Shape& other) const;
  std::string str() const;  // "[1,28,28,1]", "?" for an unknown extent

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

// axis in [-rank, rank) to [0, rank); empty if it is outside.
std::optional<int> normalize_axis(int64_t axis, int rank);

// NumPy broadcasting of two shapes; empty if they do not fit. An unknown extent against 1 stays
// unknown, against n > 1 becomes n.
std::optional<Shape> broadcast(const Shape& a, const Shape& b);

}  // namespace mote
