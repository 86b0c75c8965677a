#include "base/shape.h"

#include <algorithm>
#include <cassert>

namespace mote {

Shape::Shape(std::initializer_list<int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}

Shape::Shape(std::span<const int64_t> dims) : rank_(static_cast<int>(dims.size())) {
  assert(rank_ <= kMaxRank);
  std::copy(dims.begin(), dims.end(), dims_.begin());
}

std::optional<Shape> Shape::checked(std::span<const int64_t> dims) {
  if (dims.size() > static_cast<size_t>(kMaxRank)) return std::nullopt;
  int64_t product = 1;
  for (int64_t d : dims) {
    if (d < kDynamic) return std::nullopt;
    if (d > 0 && product > kMaxElements / d) return std::nullopt;
    if (d > 0) product *= d;
  }
  return Shape(dims);
}

bool Shape::is_static() const {
  return std::all_of(begin(), end(), [](int64_t d) { return d >= 0; });
}

int64_t Shape::elements(int first, int last) const {
  int64_t product = 1;
  for (int i = first; i < last; ++i) product *= dims_[static_cast<size_t>(i)];
  return product;
}

std::optional<size_t> Shape::bytes(DType dtype) const {
  if (!is_static() || !checked(dims())) return std::nullopt;
  return bytes_of(dtype, elements());
}

void Shape::push_back(int64_t extent) { insert(rank_, extent); }

void Shape::insert(int axis, int64_t extent) {
  assert(rank_ < kMaxRank && axis >= 0 && axis <= rank_);
  std::copy_backward(dims_.begin() + axis, dims_.begin() + rank_, dims_.begin() + rank_ + 1);
  dims_[static_cast<size_t>(axis)] = extent;
  ++rank_;
}

void Shape::erase(int axis) {
  assert(axis >= 0 && axis < rank_);
  std::copy(dims_.begin() + axis + 1, dims_.begin() + rank_, dims_.begin() + axis);
  --rank_;
}

bool Shape::operator==(const Shape& other) const {
  return std::equal(begin(), end(), other.begin(), other.end());
}

std::string Shape::str() const {
  std::string text = "[";
  for (int i = 0; i < rank_; ++i) {
    if (i) text += ',';
    text += (*this)[i] < 0 ? "?" : std::to_string((*this)[i]);
  }
  return text + "]";
}

std::optional<int> normalize_axis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) return std::nullopt;
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

std::optional<Shape> broadcast(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  Shape out;
  for (int i = 0; i < rank; ++i) {
    const int ia = i - (rank - a.rank());
    const int ib = i - (rank - b.rank());
    const int64_t da = ia < 0 ? 1 : a[ia];
    const int64_t db = ib < 0 ? 1 : b[ib];
    if (da == db || db == 1) {
      out.push_back(da);
    } else if (da == 1) {
      out.push_back(db);
    } else if (da == kDynamic || db == kDynamic) {
      out.push_back(std::max(da, db));
    } else {
      return std::nullopt;
    }
  }
  return out;
}

}  // namespace mote
