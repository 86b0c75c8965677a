#include "ops/concatenation.h"

#include "base/error.h"
#include "kernels/movement/families.h"
#include "kernels/movement/movement.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

void require_same_types(const NodeView& c) {
  for (int i = 1; i < c.inputs(); ++i) {
    if (c.in(i).dtype != c.in(0).dtype) {
      fail_user("input {} is {}, input 0 is {}; all must have one type", i, name_of(c.in(i).dtype),
                name_of(c.in(0).dtype));
    }
  }
}

// Takes what is known of an extent from two sides.
void merge_extent(int64_t* extent, int64_t other, int axis, int input, const Shape& shape) {
  if (other == kDynamic) return;
  if (*extent == kDynamic) *extent = other;
  if (*extent != other)
    fail_user("input {} is {}; its axis {} should be {}", input, shape.str(), axis, *extent);
}

void infer_concatenation(InferContext& c) {
  const auto& attrs = c.attrs<ConcatenationAttrs>();
  if (attrs.activation != Activation::none)
    fail_unsupported("a fused activation; put it in an operator of its own");
  require_same_types(c);
  Shape y = c.in(0).shape;
  const int axis = checked_axis(attrs.axis, y.rank());
  for (int i = 1; i < c.inputs(); ++i) {
    const Shape& x = c.in(i).shape;
    if (x.rank() != y.rank())
      fail_user("input {} has {} axes, input 0 has {}", i, x.rank(), y.rank());
    for (int d = 0; d < y.rank(); ++d) {
      if (d != axis) {
        merge_extent(&y[d], x[d], d, i, x);
      } else {
        y[d] = y[d] == kDynamic || x[d] == kDynamic ? kDynamic : y[d] + x[d];
      }
    }
  }
  c.set_out(0, c.in(0).dtype, y);
}

void infer_pack(InferContext& c) {
  const auto& attrs = c.attrs<PackAttrs>();
  if (attrs.values_count != c.inputs() && attrs.values_count != 0)
    fail_user("values_count is {}, there are {} inputs", attrs.values_count, c.inputs());
  require_same_types(c);
  Shape y = c.in(0).shape;
  if (y.rank() == kMaxRank) fail_unsupported("{} already has {} axes", y.str(), kMaxRank);
  for (int i = 1; i < c.inputs(); ++i) {
    const Shape& x = c.in(i).shape;
    if (x.rank() != y.rank())
      fail_user("input {} has {} axes, input 0 has {}", i, x.rank(), y.rank());
    for (int d = 0; d < y.rank(); ++d) merge_extent(&y[d], x[d], d, i, x);
  }
  y.insert(checked_axis(attrs.axis, y.rank() + 1), c.inputs());
  set_moved(c, 0, 0, y);
}

bool needs_rescale(const NodeView& c) {
  const TensorType& y = c.out(0);
  if (y.quant.empty()) return false;
  for (int i = 0; i < c.inputs(); ++i) {
    if (c.in(i).scale() != y.scale() || c.in(i).zero_point() != y.zero_point()) return true;
  }
  return false;
}

// Per input {scale, bias}; {0, 0} where it is copied. In float, as the official kernel has it.
Ref affine_of_inputs(LowerContext& c) {
  const TensorType& y = c.out(0);
  const float inverse = 1.0f / y.scale();
  std::vector<float> affine;
  for (int i = 0; i < c.inputs(); ++i) {
    const TensorType& x = c.in(i);
    const bool same = x.scale() == y.scale() && x.zero_point() == y.zero_point();
    const float scale = same ? 0.0f : x.scale() * inverse;
    affine.push_back(scale);
    affine.push_back(same ? 0.0f : static_cast<float>(-x.zero_point()) * scale);
  }
  return c.constant(affine);
}

void lower_at(LowerContext& c, int axis) {
  const Shape& y = c.out(0).shape;
  if (y.elements() == 0) return;
  MoteConcat p = {};
  p.bits = movable_bits(c.in(0).dtype);
  p.outer = y.elements(0, axis);
  std::vector<int64_t> inner;
  std::vector<Ref> pieces;
  for (int i = 0; i < c.inputs(); ++i) {
    const int64_t run = c.in(i).shape.elements() / p.outer;
    p.total += run;
    inner.push_back(run);
    pieces.push_back(c.in_ref(i));
  }
  p.count = static_cast<int32_t>(inner.size());
  std::vector<Ref> inputs = {c.constant(inner)};
  const bool rescale = c.in(0).dtype == DType::u8 && needs_rescale(c);
  if (rescale) {
    p.out_zero_point = c.out(0).zero_point();
    inputs.push_back(affine_of_inputs(c));
  }
  inputs.insert(inputs.end(), pieces.begin(), pieces.end());
  c.step(rescale ? kernels::kConcatRescaleU8 : kernels::kConcat, p, std::move(inputs),
         {c.out_ref(0)});
  if (p.outer == 1 && p.bits >= 8 && !rescale) c.last_step().join_from = 1;
}

void lower_concatenation(LowerContext& c) {
  const DType dtype = c.in(0).dtype;
  if (dtype == DType::i8 && needs_rescale(c)) {
    fail_unsupported(
        "int8 inputs whose scales differ from the output's; put a quantize before this operator");
  }
  lower_at(c, checked_axis(c.attrs<ConcatenationAttrs>().axis, c.in(0).shape.rank()));
}

void lower_pack(LowerContext& c) {
  lower_at(c, checked_axis(c.attrs<PackAttrs>().axis, c.out(0).shape.rank()));
}

int concatenation_version(const NodeView& node) {
  switch (node.in(0).dtype) {
    case DType::f16:
      return 6;
    case DType::i4:
      return 5;
    case DType::u32:
      return 4;
    case DType::i16:
      return 3;
    case DType::i8:
      return 2;
    default:
      return 1;
  }
}

int pack_version(const NodeView& node) {
  return node.in(0).dtype == DType::u32 ? 4 : version_by_type<0, 2, 3>(node);
}

constexpr TfliteField kConcatenationFields[] = {{0, "axis"}, {1, "activation"}};
constexpr TfliteField kPackFields[] = {{0, "values_count"}, {1, "axis"}};
constexpr uint32_t kAllInputs = 0xffffffffu;

}  // namespace

extern const OpDef kConcatenation = {
    .name = "concatenation",
    .attrs = &attrs_of<ConcatenationAttrs>,
    .min_inputs = 1,
    .max_inputs = -1,
    .traits = kMovement,
    .infer = infer_concatenation,
    .lower = lower_concatenation,
    .quant = {.kind = QuantKind::same_scale, .activations = kAllInputs},
    .tflite = {.code = 2,
               .options = 10,
               .fields = kConcatenationFields,
               .version = concatenation_version},
};

extern const OpDef kPack = {
    .name = "pack",
    .attrs = &attrs_of<PackAttrs>,
    .min_inputs = 1,
    .max_inputs = -1,
    .traits = kMovement,
    .infer = infer_pack,
    .lower = lower_pack,
    .quant = {.kind = QuantKind::same_scale, .activations = kAllInputs},
    .tflite = {.code = 83, .options = 59, .fields = kPackFields, .version = pack_version},
};

}  // namespace mote::ops
