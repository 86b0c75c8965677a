#include "ops/svdf.h"

#include "base/error.h"
#include "kernels/common/fixed_point.h"
#include "kernels/svdf/families.h"
#include "kernels/svdf/svdf.h"
#include "ops/lower.h"

namespace mote::ops {
namespace {

void require_shape(const NodeView& c, int i, const Shape& wanted, const char* what) {
  if (!(c.in(i).shape == wanted))
    fail_user("{} has shape {}, expected {}", what, c.in(i).shape.str(), wanted.str());
}

void infer(InferContext& c) {
  const auto& a = c.attrs<SvdfAttrs>();
  const Shape &x = c.in(0).shape, &feature = c.in(1).shape, &time = c.in(2).shape;
  if (x.rank() != 2 || feature.rank() != 2 || time.rank() != 2)
    fail_user("input {} and weights {}, {} must have 2 axes", x.str(), feature.str(), time.str());
  if (!c.has(4) || !c.in_value(4).is_variable) fail_user("input 4 (state) must be a variable");
  const int64_t filters = feature[0];
  if (a.rank < 1 || filters % a.rank != 0)
    fail_user("{} filters are not a multiple of rank {}", filters, a.rank);
  if (time[0] != filters) fail_user("{} filters over time, expected {}", time[0], filters);
  if (time[1] < 1) fail_user("no memory: time weights have shape {}", time.str());
  if (x[1] != kDynamic) require_shape(c, 1, Shape{filters, x[1]}, "the feature weight");
  if (c.has(3)) require_shape(c, 3, Shape{filters / a.rank}, "the bias");
  if (x[0] != kDynamic && c.in(4).shape.is_static() &&
      c.in(4).shape.elements() != x[0] * filters * time[1])
    fail_user("state has shape {}, expected [{},{}]", c.in(4).shape.str(), x[0], filters * time[1]);
  c.set_out(0, c.in(0).dtype, Shape{x[0], filters / a.rank});
}

int32_t split(double real, int32_t* multiplier) {
  if (!(real >= 0 && real < 1 << 30)) fail_user("the scales' ratio {} is out of range", real);
  int shift = 0;
  mote_split_multiplier(real, multiplier, &shift);
  return shift;
}

// Scales multiply in float, left to right, and become double then.
void set_integer(const LowerContext& c, MoteSvdf* p) {
  const DType past = c.in(2).dtype;
  if (c.in(1).dtype != DType::i8 || (past != DType::i16 && past != DType::i8) ||
      c.in(4).dtype != past)
    fail_unsupported(
        "int8 input with weights {}, time weights {} and state {}; int8 weights with int16, or "
        "int8, time weights and state are supported",
        name_of(c.in(1).dtype), name_of(past), name_of(c.in(4).dtype));
  const float state = c.in(4).scale();
  const float feature = c.in(0).scale() * c.in(1).scale() / state;
  const float time = state * c.in(2).scale() / c.out(0).scale();
  p->feature_shift = split(static_cast<double>(feature), &p->feature_multiplier);
  p->time_shift = split(static_cast<double>(time), &p->time_multiplier);
  p->in_zero_point = c.in(0).zero_point();
  p->out_zero_point = c.out(0).zero_point();
  p->state_zero_point = c.in(4).zero_point();
}

void lower(LowerContext& c) {
  const auto& a = c.attrs<SvdfAttrs>();
  MoteSvdf p = {};
  p.batch = c.in(0).shape[0];
  p.input = c.in(0).shape[1];
  p.filters = c.in(1).shape[0];
  p.memory = c.in(2).shape[1];
  p.rank = a.rank;
  p.activation = static_cast<int32_t>(a.activation);
  p.asymmetric = a.asymmetric_quantize_inputs;
  const kernels::Family* family = &kernels::kSvdfF32;
  if (c.in(0).dtype == DType::i8) {
    if (a.activation != Activation::relu)
      fail_unsupported("an integer SVDF without relu; the official kernel has none either");
    set_integer(c, &p);
    family = c.in(2).dtype == DType::i8 ? &kernels::kSvdfI8I8 : &kernels::kSvdfI8;
  } else if (c.in(1).dtype == DType::i8) {
    if (c.in(2).dtype != DType::i8) fail_unsupported("int8 features with other time weights");
    p.feature_scale = c.in(1).scale();
    p.time_scale = c.in(2).scale();
    family = &kernels::kSvdfHybrid;
  } else if (c.in(0).dtype != DType::f32 || c.in(1).dtype != DType::f32) {
    fail_unsupported("SVDF on {} with {}; float32 and int8 are supported", name_of(c.in(0).dtype),
                     name_of(c.in(1).dtype));
  }
  const DType rest = c.in(0).dtype == DType::i8 ? DType::i32 : DType::f32;
  if (c.has(3) && c.in(3).dtype != rest) fail_user("the bias must be {}", name_of(rest));
  if (rest == DType::f32 && c.in(4).dtype != DType::f32) fail_user("the state must be float32");
  if (family == &kernels::kSvdfF32 && c.in(2).dtype != DType::f32)
    fail_user("the time weights must be float32");
  c.step(*family, p, {c.in_ref(0), c.in_ref(1), c.in_ref(2), c.in_ref(3)},
         {c.out_ref(0), c.in_ref(4)});
}

Cost cost(const NodeView& c) {
  const Shape &x = c.in(0).shape, &time = c.in(2).shape;
  return {x[0] * time[0] * (x[1] + time[1])};
}

int version(const NodeView& c) {
  if (c.in(0).dtype == DType::i8) return 3;
  if (c.in(1).dtype == DType::i8) return c.attrs<SvdfAttrs>().asymmetric_quantize_inputs ? 4 : 2;
  return 1;
}

constexpr TfliteField kFields[] = {
    {0, "rank"}, {1, "activation"}, {2, "asymmetric_quantize_inputs"}};

}  // namespace

extern const OpDef kSvdf = {
    .name = "svdf",
    .attrs = &attrs_of<SvdfAttrs>,
    .min_inputs = 5,
    .max_inputs = 5,
    .optional = 1 << 3,
    .traits = kStateful,
    .infer = infer,
    .lower = lower,
    .cost = cost,
    .quant = {.why_not = "its state has no calibrated range"},
    .tflite = {.code = 27, .options = 6, .fields = kFields, .version = version},
};

}  // namespace mote::ops
