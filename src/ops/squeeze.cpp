#include "ops/squeeze.h"

#include "base/error.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

void infer_squeeze(InferContext& c) {
  const Shape& x = c.in(0).shape;
  const auto& named = c.attrs<SqueezeAttrs>().squeeze_dims;
  std::vector<bool> drop(static_cast<size_t>(x.rank()), false);
  for (const int32_t dim : named) {
    const int axis = checked_axis(dim, x.rank(), "squeezed axis");
    if (x[axis] != 1 && x[axis] != kDynamic)
      fail_user("can't squeeze axis {} of {}: its extent is not 1", dim, x.str());
    drop[static_cast<size_t>(axis)] = true;
  }
  Shape y;
  for (int d = 0; d < x.rank(); ++d) {
    const bool gone = named.empty() ? x[d] == 1 : drop[static_cast<size_t>(d)];
    if (!gone) y.push_back(x[d]);
  }
  set_moved(c, 0, 0, y);
}

void infer_expand(InferContext& c) {
  const Shape& x = c.in(0).shape;
  const auto axis = ints_or_declared(c, 1, "axis", x.rank() + 1);
  if (!axis) return;
  if (axis->size() != 1) fail_user("axis has {} elements, expected 1", axis->size());
  if (x.rank() == kMaxRank) fail_unsupported("{} already has {} axes", x.str(), kMaxRank);
  Shape y = x;
  y.insert(checked_axis((*axis)[0], x.rank() + 1), 1);
  set_moved(c, 0, 0, y);
}

void lower(LowerContext& c) {
  if (c.in(0).shape.elements() != c.out(0).shape.elements())
    fail_user("the output's declared shape {} does not hold the elements of {}",
              c.out(0).shape.str(), c.in(0).shape.str());
  c.view(c.in_ref(0), c.out_ref(0));
}

constexpr TfliteField kSqueezeFields[] = {{0, "squeeze_dims"}};

}  // namespace

extern const OpDef kSqueeze = {
    .name = "squeeze",
    .attrs = &attrs_of<SqueezeAttrs>,
    .traits = kView | kMovement,
    .infer = infer_squeeze,
    .lower = lower,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 43, .options = 30, .fields = kSqueezeFields},
};

extern const OpDef kExpandDims = {
    .name = "expand_dims",
    .min_inputs = 2,
    .max_inputs = 2,
    .traits = kView | kMovement,
    .infer = infer_expand,
    .lower = lower,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 70, .options = 52},
};

}  // namespace mote::ops
