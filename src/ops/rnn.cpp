#include "ops/rnn.h"

#include "base/error.h"
#include "kernels/rnn/families.h"
#include "kernels/rnn/rnn.h"
#include "ops/lower.h"

namespace mote::ops {
namespace {

struct Sizes {
  int64_t batch, steps, input, units;
};

Sizes checked(const NodeView& c, int rank, bool time_major) {
  const Shape &x = c.in(0).shape, &w = c.in(1).shape;
  if (x.rank() != rank) fail_user("input {} must have {} axes", x.str(), rank);
  if (w.rank() != 2) fail_user("weights {} must have 2 axes", w.str());
  const Sizes s = {rank == 3 && time_major ? x[1] : x[0], rank == 2 ? 1 : x[time_major ? 0 : 1],
                   x.back(), w[0]};
  if (s.input != kDynamic && s.input != w[1])
    fail_user("weights {} do not fit input {}", w.str(), x.str());
  if (!(c.in(2).shape == Shape{s.units, s.units}))
    fail_user("recurrent weights have shape {}, expected [{},{}]", c.in(2).shape.str(), s.units,
              s.units);
  if (!(c.in(3).shape == Shape{s.units}))
    fail_user("the bias has shape {}, expected [{}]", c.in(3).shape.str(), s.units);
  if (!c.has(4) || !c.in_value(4).is_variable) fail_user("input 4 (state) must be a variable");
  if (s.batch != kDynamic && c.in(4).shape.is_static() &&
      c.in(4).shape.elements() != s.batch * s.units)
    fail_user("state has shape {}, expected [{},{}]", c.in(4).shape.str(), s.batch, s.units);
  return s;
}

void infer_at(InferContext& c, int rank, bool time_major) {
  const Sizes s = checked(c, rank, time_major);
  Shape y = c.in(0).shape;
  y[rank - 1] = s.units;
  c.set_out(0, c.in(0).dtype, y);
}

void infer_sequence(InferContext& c) { infer_at(c, 3, c.attrs<SequenceRnnAttrs>().time_major); }
void infer_step(InferContext& c) { infer_at(c, 2, false); }

void lower_at(LowerContext& c, int rank, bool time_major, Activation activation, bool asymmetric) {
  const Sizes s = checked(c, rank, time_major);
  const DType w = c.in(1).dtype;
  if (c.in(0).dtype != DType::f32 || (w != DType::f32 && w != DType::i8) || c.in(2).dtype != w)
    fail_unsupported("an RNN on {} with {}; float32, or int8 weights, are supported",
                     name_of(c.in(0).dtype), name_of(w));
  if (c.in(3).dtype != DType::f32 || c.in(4).dtype != DType::f32)
    fail_user("bias and state must be float32");
  if (activation == Activation::sign_bit) fail_unsupported("the sign_bit activation in an RNN");
  MoteRnn p = {};
  p.batch = s.batch;
  p.steps = s.steps;
  p.input = s.input;
  p.units = s.units;
  p.x_batch = time_major ? s.input : s.steps * s.input;
  p.x_step = time_major ? s.batch * s.input : s.input;
  p.y_batch = time_major ? s.units : s.steps * s.units;
  p.y_step = time_major ? s.batch * s.units : s.units;
  p.activation = static_cast<int32_t>(activation);
  p.asymmetric = asymmetric;
  p.x_scale = c.in(1).scale();
  p.h_scale = c.in(2).scale();
  c.step(w == DType::i8 ? kernels::kRnnHybrid : kernels::kRnnF32, p,
         {c.in_ref(0), c.in_ref(1), c.in_ref(2), c.in_ref(3), Ref{}, Ref{}},
         {c.out_ref(0), c.in_ref(4)});
}

void lower_sequence(LowerContext& c) {
  const auto& a = c.attrs<SequenceRnnAttrs>();
  lower_at(c, 3, a.time_major, a.activation, a.asymmetric_quantize_inputs);
}

void lower_step(LowerContext& c) {
  const auto& a = c.attrs<RnnAttrs>();
  lower_at(c, 2, false, a.activation, a.asymmetric_quantize_inputs);
}

Cost cost(const NodeView& c) {
  const Shape& x = c.in(0).shape;
  return {x.elements() * c.in(1).shape[0] + x.elements(0, x.rank() - 1) * c.in(2).shape.elements()};
}

int version_of(const NodeView& c, bool asymmetric) {
  return c.in(1).dtype == DType::i8 ? (asymmetric ? 3 : 2) : 1;
}
int sequence_version(const NodeView& c) {
  return version_of(c, c.attrs<SequenceRnnAttrs>().asymmetric_quantize_inputs);
}
int step_version(const NodeView& c) {
  return version_of(c, c.attrs<RnnAttrs>().asymmetric_quantize_inputs);
}

constexpr TfliteField kSequenceFields[] = {
    {0, "time_major"}, {1, "activation"}, {2, "asymmetric_quantize_inputs"}};
constexpr TfliteField kStepFields[] = {{0, "activation"}, {1, "asymmetric_quantize_inputs"}};

}  // namespace

extern const OpDef kUnidirectionalSequenceRnn = {
    .name = "unidirectional_sequence_rnn",
    .attrs = &attrs_of<SequenceRnnAttrs>,
    .min_inputs = 5,
    .max_inputs = 5,
    .traits = kStateful,
    .infer = infer_sequence,
    .lower = lower_sequence,
    .cost = cost,
    .quant = {.why_not = "the official kernel has no int8"},
    .tflite = {.code = 35, .options = 31, .fields = kSequenceFields, .version = sequence_version},
};

extern const OpDef kRnn = {
    .name = "rnn",
    .attrs = &attrs_of<RnnAttrs>,
    .min_inputs = 5,
    .max_inputs = 5,
    .traits = kStateful,
    .infer = infer_step,
    .lower = lower_step,
    .cost = cost,
    .quant = {.why_not = "the official kernel has no int8"},
    .tflite = {.code = 24, .options = 7, .fields = kStepFields, .version = step_version},
};

}  // namespace mote::ops
