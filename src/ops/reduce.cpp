#include "ops/reduce.h"

#include <array>

#include "base/error.h"
#include "kernels/reduce/families.h"
#include "ops/elementwise.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

using Reduced = std::array<bool, kMaxRank>;

Reduced reduced_axes(const Shape& x, const std::vector<int64_t>& axes) {
  Reduced reduced{};
  if (x.rank() == 0) return reduced;
  for (const int64_t axis : axes) {
    reduced[static_cast<size_t>(checked_axis(axis, x.rank()))] = true;
  }
  return reduced;
}

void infer(InferContext& c) {
  const Shape& x = c.in(0).shape;
  const bool keep_dims = c.attrs<ReduceAttrs>().keep_dims;
  const auto axes = ints_or_declared(c, 1, "the list of axes", keep_dims ? x.rank() : -1);
  if (!axes) return;
  const Reduced reduced = reduced_axes(x, *axes);
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[static_cast<size_t>(i)]) {
      y.push_back(x[i]);
    } else if (keep_dims) {
      y.push_back(1);
    }
  }
  c.set_out(0, c.in(0).dtype, y);
}

void infer_same_scale(InferContext& c) {
  infer(c);
  inherit_quant(c);
}

void infer_truth(InferContext& c) {
  require_type(c, 0, {DType::boolean});
  infer(c);
}

MoteReduceParams params_of(const LowerContext& c) {
  MoteReduceParams p{};
  const Reduced reduced = reduced_axes(c.in(0).shape, required_ints(c, 1, "the list of axes"));
  kernels::plan_reduce(
      c.in(0).shape.dims(),
      std::span<const bool>(reduced).first(static_cast<size_t>(c.in(0).shape.rank())), p);
  return p;
}

void add_step(LowerContext& c, std::string_view op, std::string_view type,
              const MoteReduceParams& p) {
  const auto& family = require_family(kernels::reduce_families(), op, type, c.in(0).str());
  c.step(family, p, {c.in_ref(0)}, {c.out_ref(0)});
}

void lower_plain(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  add_step(c, c.node().op->name, short_name(c.in(0).dtype), params_of(c));
}

bool is_small_integer(DType dtype) {
  return dtype == DType::i8 || dtype == DType::u8 || dtype == DType::i16;
}

using Prepare = void (*)(const kernels::Affine&, const kernels::Affine&, MoteReduceParams&);

// Quantized: the kernel `quantized_op` with the multipliers that `prepare` makes.
template <Prepare prepare>
void lower_scaled(LowerContext& c, std::string_view quantized_op) {
  if (c.out(0).shape.elements() == 0) return;
  const TensorType& x = c.in(0);
  if (!is_small_integer(x.dtype)) return lower_plain(c);
  require_symmetric_16(x, "the input");
  require_symmetric_16(c.out(0), "the output");
  MoteReduceParams p = params_of(c);
  prepare(affine_of(x, "the input"), affine_of(c.out(0), "the output"), p);
  add_step(c, quantized_op, fmt::format("q{}", short_name(x.dtype)), p);
}

void lower_mean(LowerContext& c) { lower_scaled<kernels::prepare_mean>(c, "sum"); }
void lower_sum(LowerContext& c) { lower_scaled<kernels::prepare_sum>(c, "sum"); }
void lower_prod(LowerContext& c) { lower_scaled<kernels::prepare_prod>(c, "reduce_prod"); }

template <int int8, int int16>
int by_type(const NodeView& c) {
  const DType dtype = c.in(0).dtype;
  return dtype == DType::i8 ? int8 : dtype == DType::i16 ? int16 : 1;
}

constexpr TfliteField kFields[] = {{0, "keep_dims"}};

constexpr OpDef reduction(const char* name, void (*infer_rule)(InferContext&),
                          void (*lower)(LowerContext&), QuantRule quant, int code,
                          int (*version)(const NodeView&)) {
  return {.name = name,
          .attrs = &attrs_of<ReduceAttrs>,
          .min_inputs = 2,
          .max_inputs = 2,
          .infer = infer_rule,
          .lower = lower,
          .quant = quant,
          .tflite = {.code = code, .options = 27, .fields = kFields, .version = version}};
}

}  // namespace

extern const OpDef kMean =
    reduction("mean", infer, lower_mean, {.kind = QuantKind::free}, 40, by_type<2, 3>);
extern const OpDef kSum = reduction("sum", infer, lower_sum,
                                    {.kind = QuantKind::free, .int16 = false}, 74, by_type<2, 1>);
extern const OpDef kReduceProd =
    reduction("reduce_prod", infer, lower_prod,
              {.why_not = "products of quantized numbers lose too much"}, 81, by_type<2, 2>);
extern const OpDef kReduceMax = reduction("reduce_max", infer_same_scale, lower_plain,
                                          {.kind = QuantKind::same_scale}, 82, by_type<2, 3>);
extern const OpDef kReduceMin = reduction("reduce_min", infer_same_scale, lower_plain,
                                          {.kind = QuantKind::same_scale}, 89, by_type<2, 3>);
extern const OpDef kReduceAny =
    reduction("reduce_any", infer_truth, lower_plain, {.why_not = "it does not take real numbers"},
              91, nullptr);
extern const OpDef kReduceAll =
    reduction("reduce_all", infer_truth, lower_plain, {.why_not = "it does not take real numbers"},
              140, nullptr);

}  // namespace mote::ops
