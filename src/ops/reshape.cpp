#include "ops/reshape.h"

#include "base/error.h"
#include "ops/lower.h"

namespace mote::ops {
namespace {

// The target with its -1 (at most one) resolved, as far as x's extents are known.
Shape resolve(const Shape& x, std::span<const int64_t> target) {
  const auto shape = Shape::checked(target);
  if (!shape) fail_user("can't reshape {} to a shape of rank {}", x.str(), target.size());
  Shape out = *shape;
  int unknown = -1;
  int64_t known = 1;
  for (int i = 0; i < out.rank(); ++i) {
    if (out[i] >= 0) {
      known *= out[i];
    } else if (unknown >= 0) {
      fail_user("new shape {} has more than one -1", out.str());
    } else {
      unknown = i;
    }
  }
  if (!x.is_static()) return out;
  const int64_t total = x.elements();
  if (unknown >= 0) {
    if (known == 0 || total % known != 0) fail_user("can't reshape {} to {}", x.str(), out.str());
    out[unknown] = total / known;
  } else if (known != total) {
    fail_user("can't reshape {} to {}: {} elements into {}", x.str(), out.str(), total, known);
  }
  return out;
}

void infer(InferContext& c) {
  const TensorType& x = c.in(0);
  if (c.has(1)) {
    if (const auto target = c.constant_ints(1)) {
      c.set_out(0, x.dtype, resolve(x.shape, *target));
    } else {
      c.set_out(0, x.dtype, c.declared(0).shape);
    }
    return;
  }
  const auto& target = c.attrs<ReshapeAttrs>().new_shape;
  c.set_out(0, x.dtype, resolve(x.shape, std::vector<int64_t>(target.begin(), target.end())));
}

void lower(LowerContext& c) { c.view(c.in_ref(0), c.out_ref(0)); }

constexpr TfliteField kFields[] = {{0, "new_shape"}};

}  // namespace

extern const OpDef kReshape = {
    .name = "reshape",
    .attrs = &attrs_of<ReshapeAttrs>,
    .min_inputs = 1,
    .max_inputs = 2,
    .traits = kView | kMovement,
    .infer = infer,
    .lower = lower,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 22, .options = 17, .fields = kFields},
};

}  // namespace mote::ops
