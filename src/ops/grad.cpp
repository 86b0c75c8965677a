#include "ops/grad.h"

#include "base/error.h"

namespace mote {

ValueId Gradients::of(ValueId value) const {
  const auto index = static_cast<size_t>(value);
  return index < sums_.size() ? sums_[index] : kNoValue;
}

void Gradients::add(ValueId value, ValueId part) {
  if (!(b_->shape(part) == b_->shape(value))) {
    fail_internal("a gradient of shape {} for a value of shape {}", b_->shape(part).str(),
                  b_->shape(value).str());
  }
  const auto index = static_cast<size_t>(value);
  if (index >= sums_.size()) sums_.resize(index + 1, kNoValue);
  sums_[index] = sums_[index] == kNoValue ? part : b_->add(sums_[index], part);
}

}  // namespace mote
