#include "ops/arg.h"

#include "base/error.h"
#include "kernels/arg/families.h"
#include "ops/elementwise.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

// --- Axes

int axis_of(const NodeView& c) {
  const auto values = required_ints(c, 1, "the axis");
  if (values.size() != 1) fail_user("the axis has {} elements, expected 1", values.size());
  return checked_axis(values[0], c.in(0).shape.rank());
}

void require_axes(const NodeView& c) {
  if (c.in(0).shape.rank() < 1) fail_user("the input is a scalar, expected at least one axis");
}

MoteArgParams params_along(const LowerContext& c, int axis) {
  const Shape& x = c.in(0).shape;
  MoteArgParams p{};
  p.outer = x.elements(0, axis);
  p.depth = x[axis];
  p.inner = x.elements(axis + 1, x.rank());
  return p;
}

const kernels::Family& family_of(const LowerContext& c, std::string_view type) {
  return require_family(kernels::arg_families(), c.node().op->name, type, c.in(0).str());
}

// --- arg_max, arg_min

void infer_arg(InferContext& c) {
  require_axes(c);
  const DType dtype = c.attrs<ArgAttrs>().output_type;
  if (dtype != DType::i32 && dtype != DType::i64) {
    fail_user("output_type is {}, expected int32 or int64", name_of(dtype));
  }
  Shape y = c.in(0).shape;
  y.erase(c.is_constant(1) ? axis_of(c) : 0);
  if (!c.is_constant(1)) {
    if (c.declared(0).shape.rank() != y.rank()) {
      fail_user(
          "the axis is not constant, and the output's declared shape {} does not have {} axes",
          c.declared(0).shape.str(), y.rank());
    }
    y = c.declared(0).shape;
  }
  c.set_out(0, dtype, y);
}

void lower_arg(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  const MoteArgParams p = params_along(c, axis_of(c));
  if (p.depth == 0) fail_user("looks for an extreme along an axis of no elements");
  const DType x = c.in(0).dtype == DType::boolean ? DType::u8 : c.in(0).dtype;
  const auto& family = family_of(
      c, fmt::format("{}_{}", short_name(x), short_name(c.attrs<ArgAttrs>().output_type)));
  c.step(family, p, {c.in_ref(0)}, {c.out_ref(0)});
}

// --- cumsum

void infer_cumsum(InferContext& c) {
  require_axes(c);
  require_type(c, 0, {DType::f32, DType::i32, DType::i64});
  infer_same(c);
}

void lower_cumsum(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  const auto& attrs = c.attrs<CumsumAttrs>();
  MoteArgParams p = params_along(c, axis_of(c));
  p.exclusive = attrs.exclusive ? 1 : 0;
  p.reverse = attrs.reverse ? 1 : 0;
  c.step(family_of(c, short_name(c.in(0).dtype)), p, {c.in_ref(0)}, {c.out_ref(0)}, 0);
}

// --- topk_v2

void infer_topk(InferContext& c) {
  require_axes(c);
  Shape y = c.in(0).shape;
  const int last = y.rank() - 1;
  const auto k = c.constant_ints(1);
  if (k) {
    if (k->size() != 1) fail_user("k has {} elements, expected 1", k->size());
    const int64_t wanted = std::max<int64_t>((*k)[0], 0);
    if (y[last] != kDynamic && wanted > y[last]) {
      fail_user("k is {}, the last axis has {} elements", wanted, y[last]);
    }
    y[last] = wanted;
  } else {
    y[last] = c.declared(0).shape.rank() == y.rank() ? c.declared(0).shape[last] : kDynamic;
  }
  c.set_out(0, c.in(0).dtype, y);
  inherit_quant(c);
  c.set_out(1, DType::i32, y);
}

void lower_topk(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  const auto k = required_ints(c, 1, "k");
  MoteArgParams p = params_along(c, c.in(0).shape.rank() - 1);
  p.k = k[0];
  c.step(family_of(c, short_name(c.in(0).dtype)), p, {c.in_ref(0)}, {c.out_ref(0), c.out_ref(1)});
}

// --- where

template <class T>
int64_t count_true(const Buffer& data) {
  int64_t count = 0;
  for (const T value : data.as<T>()) count += value != T{} ? 1 : 0;
  return count;
}

int64_t count_true(const NodeView& c) {
  const Buffer& data = c.in_value(0).data;
  switch (c.in(0).dtype) {
    case DType::boolean:
    case DType::u8:
    case DType::i8:
      return count_true<uint8_t>(data);
    case DType::i32:
    case DType::u32:
      return count_true<int32_t>(data);
    case DType::i64:
      return count_true<int64_t>(data);
    case DType::f32:
      return count_true<float>(data);
    default:
      fail_unsupported("input of type {}", name_of(c.in(0).dtype));
  }
}

void infer_where(InferContext& c) {
  const int64_t rank = c.in(0).shape.rank();
  c.set_out(0, DType::i64, Shape{c.is_constant(0) ? count_true(c) : kDynamic, rank});
}

void lower_where(LowerContext& c) {
  if (!c.is_constant(0)) {
    fail_unsupported(
        "how many elements it finds depends on the data; Mote needs its input to be "
        "constant");
  }
  if (c.out(0).shape.elements() == 0) return;
  const Shape& x = c.in(0).shape;
  MoteWhereParams p{};
  p.count = x.elements();
  p.found = c.out(0).shape[0];
  p.rank = static_cast<int32_t>(x.rank());
  for (int i = 0; i < x.rank(); ++i) p.extent[i] = static_cast<int32_t>(x[i]);
  c.step(family_of(c, short_name(c.in(0).dtype)), p, {c.in_ref(0)}, {c.out_ref(0)});
}

// --- TFLite

int arg_version(const NodeView& c) {
  const DType dtype = c.in(0).dtype;
  return dtype == DType::boolean ? 3 : dtype == DType::i8 ? 2 : 1;
}
int topk_version(const NodeView& c) {
  const DType dtype = c.in(0).dtype;
  return dtype == DType::i16 ? 3 : dtype == DType::i8 ? 2 : 1;
}
int where_version(const NodeView& c) { return c.in(0).dtype == DType::boolean ? 1 : 2; }

constexpr TfliteField kArgFields[] = {{0, "output_type"}};
constexpr TfliteField kCumsumFields[] = {{0, "exclusive"}, {1, "reverse"}};

constexpr OpDef arg(const char* name, int code, int options) {
  return {
      .name = name,
      .attrs = &attrs_of<ArgAttrs>,
      .min_inputs = 2,
      .max_inputs = 2,
      .infer = infer_arg,
      .lower = lower_arg,
      .quant = {.kind = QuantKind::passthrough, .int16 = false},
      .tflite = {.code = code, .options = options, .fields = kArgFields, .version = arg_version},
  };
}

}  // namespace

extern const OpDef kArgMax = arg("arg_max", 56, 40);
extern const OpDef kArgMin = arg("arg_min", 79, 57);

extern const OpDef kCumsum = {
    .name = "cumsum",
    .attrs = &attrs_of<CumsumAttrs>,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_cumsum,
    .lower = lower_cumsum,
    .may_reuse = 0,
    .quant = {.why_not = "it has no integer kernel"},
    .tflite = {.code = 128, .options = 102, .fields = kCumsumFields},
};

extern const OpDef kTopkV2 = {
    .name = "topk_v2",
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 2,
    .infer = infer_topk,
    .lower = lower_topk,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 48, .options = 34, .version = topk_version},
};

extern const OpDef kWhere = {
    .name = "where",
    .infer = infer_where,
    .lower = lower_where,
    .quant = {.why_not = "it makes coordinates"},
    .tflite = {.code = 109, .options = 85, .version = where_version},
};

}  // namespace mote::ops
