// select      y = condition ? a : b; a, b and y of one shape, the condition of that shape, a
// scalar,
//             or one for each index of the first axis
// select_v2   the same, all three broadcast
//   inputs    condition: bool; a, b: one type
#include "base/error.h"
#include "kernels/common/broadcast_plan.h"
#include "kernels/select/families.h"
#include "ops/elementwise.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

void require_types(const NodeView& c) {
  require_type(c, 0, {DType::boolean});
  if (c.in(1).dtype != c.in(2).dtype) {
    fail_user("chooses between {} and {}, expected one type", name_of(c.in(1).dtype),
              name_of(c.in(2).dtype));
  }
}

bool fits(int64_t a, int64_t b) { return a == b || a == kDynamic || b == kDynamic; }

void infer_select(InferContext& c) {
  require_types(c);
  const Shape& condition = c.in(0).shape;
  const Shape& a = c.in(1).shape;
  const Shape& b = c.in(2).shape;
  bool same = a.rank() == b.rank();
  for (int i = 0; same && i < a.rank(); ++i) same = fits(a[i], b[i]);
  if (!same) fail_user("chooses between shapes {} and {}, expected one shape", a.str(), b.str());
  bool broadcastable = condition.rank() == 0 || condition.rank() == a.rank() ||
                       (condition.rank() == 1 && a.rank() > 0 && fits(condition[0], a[0]));
  for (int i = 0; broadcastable && condition.rank() == a.rank() && i < a.rank(); ++i) {
    broadcastable = fits(condition[i], a[i]);
  }
  if (!broadcastable) {
    fail_user("condition {} fits neither {} nor its first axis", condition.str(), a.str());
  }
  c.set_out(0, c.in(1).dtype, a);
  inherit_quant(c, 1);
}

void infer_select_v2(InferContext& c) {
  require_types(c);
  const auto choices = broadcast(c.in(1).shape, c.in(2).shape);
  const auto all = choices ? broadcast(*choices, c.in(0).shape) : choices;
  if (!all) {
    fail_user("shapes {}, {} and {} do not broadcast: extents must be equal or 1",
              c.in(0).shape.str(), c.in(1).shape.str(), c.in(2).shape.str());
  }
  c.set_out(0, c.in(1).dtype, *all);
  inherit_quant(c, 1);
}

void lower_shaped(LowerContext& c, const Shape& condition) {
  const TensorType& y = c.out(0);
  if (y.shape.elements() == 0) return;
  MoteSelectParams p{};
  p.shape = kernels::plan_broadcast(y.shape.dims(),
                                    {condition.dims(), c.in(1).shape.dims(), c.in(2).shape.dims()});
  const auto& family = require_family(kernels::select_families(), "select",
                                      std::to_string(movable_bits(y.dtype)), y.str());
  const bool whole = c.in(1).shape == y.shape && !c.is_constant(1);
  c.step(family, p, c.in_refs(), {c.out_ref(0)}, whole ? 1 : -1);
}

void lower_select(LowerContext& c) {
  // A condition of one axis belongs to the first one.
  Shape condition = c.in(0).shape;
  if (condition.rank() == 1) {
    while (condition.rank() < c.out(0).shape.rank()) condition.push_back(1);
  }
  lower_shaped(c, condition);
}

void lower_select_v2(LowerContext& c) { lower_shaped(c, c.in(0).shape); }

int select_version(const NodeView& c) {
  for (int i = 0; i < 3; ++i) {
    if (c.in(i).shape.rank() == 5) return 3;
  }
  return 1;
}

constexpr OpDef select(const char* name, void (*infer)(InferContext&), void (*lower)(LowerContext&),
                       TfliteFormat tflite) {
  return {.name = name,
          .min_inputs = 3,
          .max_inputs = 3,
          .traits = kElementwise,
          .infer = infer,
          .lower = lower,
          .may_reuse = 1,
          .quant = {.kind = QuantKind::same_scale, .activations = 0b110},
          .tflite = tflite};
}

}  // namespace

extern const OpDef kSelect = select("select", infer_select, lower_select,
                                    {.code = 64, .options = 47, .version = select_version});
extern const OpDef kSelectV2 =
    select("select_v2", infer_select_v2, lower_select_v2, {.code = 123, .options = 98});

}  // namespace mote::ops
