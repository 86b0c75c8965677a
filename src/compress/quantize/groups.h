// Which values share one scale, and what it is.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "compress/quantize/parameters.h"

namespace mote::compress {

// Sets of values with one scale and zero point each: union-find, with a range or fixed parameters
// for each set.
class ScaleGroups {
 public:
  ScaleGroups(size_t values, DType dtype) : parent_(values), sets_(values), dtype_(dtype) {
    for (size_t v = 0; v < values; ++v) parent_[v] = static_cast<ValueId>(v);
  }

  void include(ValueId id, const Range& range) { set(id).range.include(range); }
  // The operator that makes the value gives it these parameters.
  void fix(ValueId id, const Quantization& quant) { set(id).fixed = quant; }
  bool is_fixed(ValueId id) const { return set(id).fixed.has_value(); }
  void unite(ValueId a, ValueId b);
  bool same(ValueId a, ValueId b) const { return find(a) == find(b); }

  // Ends the collecting: from here on sets have parameters.
  Quantization parameters(ValueId id) const;
  // Widens the set's range until its scale is at least this. Fixed ones stay as they are.
  void raise_scale(ValueId id, float scale);

 private:
  struct Set {
    Range range;
    std::optional<Quantization> fixed;
  };
  ValueId find(ValueId id) const;
  Set& set(ValueId id) { return sets_[static_cast<size_t>(find(id))]; }
  const Set& set(ValueId id) const { return sets_[static_cast<size_t>(find(id))]; }

  mutable std::vector<ValueId> parent_;
  std::vector<Set> sets_;
  DType dtype_;
};

}  // namespace mote::compress
