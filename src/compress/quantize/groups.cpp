#include "compress/quantize/groups.h"

namespace mote::compress {

ValueId ScaleGroups::find(ValueId id) const {
  auto at = static_cast<size_t>(id);
  while (parent_[at] != static_cast<ValueId>(at)) {
    parent_[at] = parent_[static_cast<size_t>(parent_[at])];
    at = static_cast<size_t>(parent_[at]);
  }
  return static_cast<ValueId>(at);
}

void ScaleGroups::unite(ValueId a, ValueId b) {
  const ValueId kept = find(a);
  const ValueId joined = find(b);
  if (kept == joined) return;
  Set& into = sets_[static_cast<size_t>(kept)];
  const Set& from = sets_[static_cast<size_t>(joined)];
  into.range.include(from.range);
  if (!into.fixed) into.fixed = from.fixed;
  parent_[static_cast<size_t>(joined)] = kept;
}

Quantization ScaleGroups::parameters(ValueId id) const {
  const Set& s = set(id);
  return s.fixed ? *s.fixed : activation_parameters(s.range, dtype_);
}

void ScaleGroups::raise_scale(ValueId id, float scale) {
  Set& s = set(id);
  if (s.fixed) return;
  if (parameters(id).scale[0] >= scale) return;
  const double steps = dtype_ == DType::i16 ? 32767 : 255;
  s.range.max = (dtype_ == DType::i16 ? 0.0 : s.range.min) + steps * static_cast<double>(scale);
}

}  // namespace mote::compress
