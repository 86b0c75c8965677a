#include "ops/lstm.h"

#include "base/error.h"
#include "ops/lstm_steps.h"

namespace mote::ops {

std::span<const char* const> names_of(LstmKernel) {
  static constexpr const char* kNames[] = {"full", "basic"};
  return kNames;
}

namespace {

constexpr LstmLayout kForward = {};
constexpr LstmLayout kBiForward = {0, 1, 35, 36, -1, 39, 40};
constexpr LstmLayout kBiBackward = {0, 18, 37, 38, -1, 39, 44};

template <class A>
LstmRun run_of(const A& a) {
  LstmRun run;
  run.activation = a.activation;
  run.cell_clip = a.cell_clip;
  run.proj_clip = a.proj_clip;
  run.asymmetric = a.asymmetric_quantize_inputs;
  return run;
}

void require_float_or_int8(const NodeView& c) {
  const DType x = c.in(0).dtype;
  if (x != DType::f32 && x != DType::i8)
    fail_unsupported("an LSTM on {}; float32 and int8 are supported", name_of(x));
  if (c.has(4) && c.in(4).dtype != DType::f32 && c.in(4).dtype != DType::i8)
    fail_unsupported("LSTM weights of {}; float32 and int8 are supported", name_of(c.in(4).dtype));
}

Shape with_last(Shape shape, int64_t last) {
  shape[shape.rank() - 1] = last;
  return shape;
}

void infer_sequence(InferContext& c) {
  require_float_or_int8(c);
  const auto s = checked_lstm(c, kForward, c.attrs<UnidirectionalLstmAttrs>().time_major);
  c.set_out(0, c.in(0).dtype, with_last(c.in(0).shape, s.output));
}

void lower_by_type(LowerContext& c, const LstmRun& run) {
  if (c.in(0).dtype == DType::i8) return lower_lstm_int8(c, kForward, run);
  lower_lstm_float(c, kForward, run);
}

void lower_sequence(LowerContext& c) {
  LstmRun run = run_of(c.attrs<UnidirectionalLstmAttrs>());
  run.time_major = c.attrs<UnidirectionalLstmAttrs>().time_major;
  lower_by_type(c, run);
}

void infer_step(InferContext& c) {
  if (c.attrs<LstmAttrs>().kernel_type == LstmKernel::basic)
    fail_unsupported("the basic LSTM kernel; convert the model again with a current converter");
  require_float_or_int8(c);
  if (c.in(0).shape.rank() != 2) fail_user("input {} must have 2 axes", c.in(0).shape.str());
  const auto s = checked_lstm(c, kForward, false);
  c.set_out(0, c.in(0).dtype, with_last(c.in(0).shape, s.output));
}

void lower_step(LowerContext& c) { lower_by_type(c, run_of(c.attrs<LstmAttrs>())); }

// A second input without weights of its own is the backward cell's input (stacked layers).
struct Directions {
  LstmLayout forward = kBiForward;
  LstmLayout backward = kBiBackward;
};

Directions directions_of(const NodeView& c) {
  Directions d;
  if (c.has(41)) return d;
  d.forward.aux = d.backward.aux = -1;
  if (c.has(39)) d.backward.x = 39;
  return d;
}

void infer_both(InferContext& c) {
  const auto& a = c.attrs<BidirectionalLstmAttrs>();
  if (c.in(0).dtype != DType::f32)
    fail_unsupported("a bidirectional LSTM on {}; float32 is supported", name_of(c.in(0).dtype));
  if (c.outputs() != (a.merge_outputs ? 1 : 2))
    fail_user("has {} outputs; merge_outputs asks for {}", c.outputs(), a.merge_outputs ? 1 : 2);
  const auto [forward, backward] = directions_of(c);
  const auto fw = checked_lstm(c, forward, a.time_major);
  const auto bw = checked_lstm(c, backward, a.time_major);
  if (fw.batch != bw.batch || fw.steps != bw.steps)
    fail_user("the two inputs differ in batch or time");
  const int64_t first = a.merge_outputs ? fw.output + bw.output : fw.output;
  c.set_out(0, DType::f32, with_last(c.in(0).shape, first));
  if (!a.merge_outputs) c.set_out(1, DType::f32, with_last(c.in(0).shape, bw.output));
}

void lower_both(LowerContext& c) {
  const auto& a = c.attrs<BidirectionalLstmAttrs>();
  const auto [forward, backward] = directions_of(c);
  LstmRun run = run_of(a);
  run.time_major = a.time_major;
  lower_lstm_float(c, forward, run);
  run.backward = true;
  run.output = a.merge_outputs ? 0 : 1;
  if (a.merge_outputs) run.output_offset = checked_lstm(c, forward, a.time_major).output;
  lower_lstm_float(c, backward, run);
}

int64_t cell_macs(const LstmSizes& s, bool coupled, bool projected) {
  const int64_t gates = coupled ? 3 : 4;
  return s.batch * s.steps *
         (gates * s.cell * (s.input + s.aux + s.output) + (projected ? s.cell * s.output : 0));
}

Cost cost_at(const NodeView& c, const LstmLayout& l, bool time_major) {
  return {cell_macs(checked_lstm(c, l, time_major), !c.has(l.weights), c.has(l.weights + 15))};
}

Cost cost_sequence(const NodeView& c) {
  return cost_at(c, kForward, c.attrs<UnidirectionalLstmAttrs>().time_major);
}

Cost cost_step(const NodeView& c) { return cost_at(c, kForward, false); }

Cost cost_both(const NodeView& c) {
  const bool time_major = c.attrs<BidirectionalLstmAttrs>().time_major;
  const auto [forward, backward] = directions_of(c);
  return {cost_at(c, forward, time_major).macs + cost_at(c, backward, time_major).macs};
}

bool is_hybrid(const NodeView& c) {
  return c.in(0).dtype == DType::f32 && c.has(2) && c.in(2).dtype == DType::i8;
}

int sequence_version(const NodeView& c) {
  const auto& a = c.attrs<UnidirectionalLstmAttrs>();
  if (a.diagonal_recurrent_tensors) return 4;
  if (is_hybrid(c)) return a.asymmetric_quantize_inputs ? 3 : 2;
  return 1;
}

int step_version(const NodeView& c) {
  if (is_hybrid(c)) return c.attrs<LstmAttrs>().asymmetric_quantize_inputs ? 4 : 3;
  return 1;
}

int both_version(const NodeView& c) {
  if (is_hybrid(c)) return c.attrs<BidirectionalLstmAttrs>().asymmetric_quantize_inputs ? 3 : 2;
  return 1;
}

constexpr TfliteField kSequenceFields[] = {{0, "activation"},
                                           {1, "cell_clip"},
                                           {2, "proj_clip"},
                                           {3, "time_major"},
                                           {4, "asymmetric_quantize_inputs"},
                                           {5, "diagonal_recurrent_tensors"}};
constexpr TfliteField kStepFields[] = {{0, "activation"},
                                       {1, "cell_clip"},
                                       {2, "proj_clip"},
                                       {3, "kernel_type"},
                                       {4, "asymmetric_quantize_inputs"}};
constexpr TfliteField kBothFields[] = {{0, "activation"},    {1, "cell_clip"},
                                       {2, "proj_clip"},     {3, "merge_outputs"},
                                       {4, "time_major", 1}, {5, "asymmetric_quantize_inputs"}};
constexpr QuantOperand kSequenceOperands[] = {
    {QuantForm::weights, 1},       {QuantForm::weights, 2},     {QuantForm::weights, 3},
    {QuantForm::weights, 4},       {QuantForm::weights, 5},     {QuantForm::weights, 6},
    {QuantForm::weights, 7},       {QuantForm::weights, 8},     {QuantForm::int16, 9},
    {QuantForm::int16, 10},        {QuantForm::int16, 11},      {QuantForm::bias, 12, 0, 1},
    {QuantForm::bias, 13, 0, 2},   {QuantForm::bias, 14, 0, 3}, {QuantForm::bias, 15, 0, 4},
    {QuantForm::output_state, 18}, {QuantForm::cell_state, 19},
};
// A projection or layer norm needs ranges of values that no tensor holds.
constexpr uint32_t kSequenceFloatWith =
    1u << 16 | 1u << 17 | 1u << 20 | 1u << 21 | 1u << 22 | 1u << 23;
// The input gate, peepholes and projection of a cell whose weights start at input `first`.
constexpr uint64_t optional_of(int first) {
  return ((1ull << 0) | (1ull << 4) | (7ull << 8) | (1ull << 11) | (3ull << 15)) << first;
}
constexpr QuantRule kNotYet = {.why_not = "the integer LSTM needs five calibrated intermediates"};

}  // namespace

extern const OpDef kUnidirectionalSequenceLstm = {
    .name = "unidirectional_sequence_lstm",
    .attrs = &attrs_of<UnidirectionalLstmAttrs>,
    .min_inputs = 20,
    .max_inputs = 24,
    .optional = optional_of(1),
    .traits = kStateful,
    .infer = infer_sequence,
    .lower = lower_sequence,
    .cost = cost_sequence,
    .quant = {.kind = QuantKind::free,
              .int16 = false,
              .dynamic = true,
              .operands = kSequenceOperands,
              .float_with = kSequenceFloatWith,
              .intermediates = 5},
    .tflite = {.code = 44, .options = 71, .fields = kSequenceFields, .version = sequence_version},
};

extern const OpDef kLstm = {
    .name = "lstm",
    .attrs = &attrs_of<LstmAttrs>,
    .min_inputs = 20,
    .max_inputs = 24,
    .optional = optional_of(1),
    .traits = kStateful,
    .infer = infer_step,
    .lower = lower_step,
    .cost = cost_step,
    .quant = kNotYet,
    .tflite = {.code = 16, .options = 14, .fields = kStepFields, .version = step_version},
};

extern const OpDef kBidirectionalSequenceLstm = {
    .name = "bidirectional_sequence_lstm",
    .attrs = &attrs_of<BidirectionalLstmAttrs>,
    .min_inputs = 39,
    .max_inputs = 48,
    .outputs = -1,
    .optional = optional_of(1) | optional_of(18),
    .traits = kStateful,
    .infer = infer_both,
    .lower = lower_both,
    .cost = cost_both,
    .quant = {.why_not = "the official kernel has no int8"},
    .tflite = {.code = 52, .options = 69, .fields = kBothFields, .version = both_version},
};

}  // namespace mote::ops
