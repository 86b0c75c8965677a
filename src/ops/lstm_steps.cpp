#include "ops/lstm_steps.h"

#include "base/error.h"
#include "kernels/lstm/families.h"
#include "kernels/lstm/lstm.h"

namespace mote::ops {
namespace {

constexpr const char* kGateNames[] = {"input", "forget", "cell", "output"};

void require_shape(const NodeView& c, int i, std::initializer_list<int64_t> wanted,
                   const char* what, int gate) {
  if (i < 0 || !c.has(i)) return;
  const Shape& shape = c.in(i).shape;
  if (!(shape == Shape(wanted)))
    fail_user("{} of the {} gate has shape {}, expected {}", what, kGateNames[gate], shape.str(),
              Shape(wanted).str());
}

void require_input(const NodeView& c, int i, const char* what) {
  if (!c.has(i)) fail_user("input {} ({}) is missing", i, what);
}

void check_gates(const NodeView& c, const LstmLayout& l, const LstmSizes& s) {
  const bool coupled = !c.has(l.weights);
  for (int g = 0; g < 4; ++g) {
    if (g > 0) require_input(c, l.weights + g, "input weights");
    if (g > 0) require_input(c, l.weights + 4 + g, "recurrent weights");
    if (g > 0) require_input(c, l.weights + 11 + g, "bias");
    if (g == 0 && coupled != !c.has(l.weights + 4))
      fail_user("the input gate must have both kinds of weights or none");
    require_shape(c, l.weights + g, {s.cell, s.input}, "the input weight", g);
    const int h = l.weights + 4 + g;
    if (c.has(h) && c.in(h).shape.rank() == 1) {
      require_shape(c, h, {s.cell}, "the diagonal recurrent weight", g);
    } else {
      require_shape(c, h, {s.cell, s.output}, "the recurrent weight", g);
    }
    require_shape(c, l.weights + 11 + g, {s.cell}, "the bias", g);
    if (l.norm >= 0) require_shape(c, l.norm + g, {s.cell}, "the layer norm weight", g);
    if (l.aux >= 0 && c.has(l.aux) && !(g == 0 && coupled)) {
      require_input(c, l.aux_weights + g, "weights of the second input");
      require_shape(c, l.aux_weights + g, {s.cell, s.aux}, "the second input's weight", g);
    }
  }
  if (!coupled) require_input(c, l.weights + 11, "bias");
  for (const int g : {0, 1, 3})
    require_shape(c, l.weights + 8 + (g == 3 ? 2 : g), {s.cell}, "the peephole weight", g);
}

}  // namespace

LstmSizes checked_lstm(const NodeView& c, const LstmLayout& l, bool time_major) {
  const Shape& x = c.in(l.x).shape;
  if (x.rank() != 2 && x.rank() != 3) fail_user("input {} must have 2 or 3 axes", x.str());
  require_input(c, l.weights + 3, "input weights of the output gate");
  require_input(c, l.weights + 7, "recurrent weights of the output gate");
  const Shape& w = c.in(l.weights + 3).shape;
  const Shape& r = c.in(l.weights + 7).shape;
  if (w.rank() != 2 || r.rank() < 1 || r.rank() > 2)
    fail_user("weights of the output gate are {} and {}, expected matrices", w.str(), r.str());
  LstmSizes s = {};
  s.batch = x.rank() == 2 || !time_major ? x[0] : x[1];
  s.steps = x.rank() == 2 ? 1 : (time_major ? x[0] : x[1]);
  s.input = x.back();
  s.cell = w[0];
  s.output = r.back();
  s.aux = l.aux >= 0 && c.has(l.aux) ? c.in(l.aux).shape.back() : 0;
  if (s.input == kDynamic) s.input = w[1];
  if (s.cell < 1 || s.output < 1) fail_user("the cell has no units");
  check_gates(c, l, s);
  const int projection = l.weights + 15;
  if (c.has(projection)) {
    require_shape(c, projection, {s.output, s.cell}, "the projection", 3);
    require_shape(c, projection + 1, {s.output}, "the projection's bias", 3);
  } else if (s.output != s.cell) {
    fail_user("{} cells give {} outputs, but there is no projection", s.cell, s.output);
  }
  require_input(c, l.h, "output state");
  require_input(c, l.c, "cell state");
  for (const auto& [i, width] : {std::pair{l.h, s.output}, std::pair{l.c, s.cell}}) {
    const Shape& state = c.in(i).shape;
    if (!c.in_value(i).is_variable) fail_user("input {} must be a variable", i);
    if (s.batch != kDynamic && state.is_static() && state.elements() != s.batch * width)
      fail_user("state input {} has shape {}, expected [{},{}]", i, state.str(), s.batch, width);
  }
  return s;
}

namespace {

// Elements between batches and between steps of a tensor whose last axis is `width`.
void set_strides(const LstmSizes& s, bool time_major, int64_t width, int64_t* batch,
                 int64_t* step) {
  *batch = time_major ? width : s.steps * width;
  *step = time_major ? s.batch * width : width;
}

Ref optional_ref(const LowerContext& c, int i) { return i < 0 ? Ref{} : c.in_ref(i); }

float scale_of(const LowerContext& c, int i) { return i >= 0 && c.has(i) ? c.in(i).scale() : 1.0f; }

// The kernels' inputs 0 to 22: see lstm.h of the kernels.
std::vector<Ref> cell_refs(const LowerContext& c, const LstmLayout& l) {
  std::vector<Ref> refs = {c.in_ref(l.x)};
  for (int i = 0; i < 15; ++i) refs.push_back(c.in_ref(l.weights + i));
  for (int g = 0; g < 4; ++g) refs.push_back(optional_ref(c, l.norm < 0 ? -1 : l.norm + g));
  refs.push_back(c.in_ref(l.weights + 15));
  refs.push_back(c.in_ref(l.weights + 16));
  refs.push_back(optional_ref(c, l.aux));
  return refs;
}

// The kernels read what these types say.
void require_types(const LowerContext& c, const LstmLayout& l, DType weights) {
  const auto require = [&](int i, DType wanted) {
    if (i >= 0 && c.has(i) && c.in(i).dtype != wanted)
      fail_user("input {} is {}, expected {}", i, name_of(c.in(i).dtype), name_of(wanted));
  };
  require(l.x, DType::f32);
  require(l.aux, DType::f32);
  for (int i = 0; i < 11; ++i) require(l.weights + i, weights);
  for (int i = 11; i < 15; ++i) require(l.weights + i, DType::f32);
  require(l.weights + 15, weights);
  require(l.weights + 16, DType::f32);
  for (int g = 0; g < 4; ++g) {
    if (l.norm >= 0) require(l.norm + g, DType::f32);
    if (l.aux >= 0) require(l.aux_weights + g, weights);
  }
  require(l.h, DType::f32);
  require(l.c, DType::f32);
}

int activation_number(Activation activation) {
  if (activation == Activation::sign_bit) fail_unsupported("the sign_bit activation in an LSTM");
  return static_cast<int>(activation);
}

}  // namespace

void lower_lstm_float(LowerContext& c, const LstmLayout& l, const LstmRun& run) {
  if (!c.options().reference && lower_lstm_fused(c, l, run)) return;
  const LstmSizes s = checked_lstm(c, l, run.time_major);
  const bool hybrid = c.in(l.weights + 3).dtype == DType::i8;
  require_types(c, l, hybrid ? DType::i8 : DType::f32);
  MoteLstm p = {};
  p.batch = s.batch;
  p.steps = s.steps;
  p.input = s.input;
  p.aux = s.aux;
  p.cell = s.cell;
  p.output = s.output;
  set_strides(s, run.time_major, s.input, &p.x_batch, &p.x_step);
  set_strides(s, run.time_major, s.aux, &p.aux_batch, &p.aux_step);
  set_strides(s, run.time_major, c.out(run.output).shape.back(), &p.y_batch, &p.y_step);
  p.y_offset = run.output_offset;
  p.backward = run.backward;
  p.activation = activation_number(run.activation);
  p.asymmetric = run.asymmetric;
  p.cell_clip = run.cell_clip;
  p.proj_clip = run.proj_clip;
  for (int g = 0; g < 4; ++g) {
    const int h = l.weights + 4 + g;
    if (c.has(h) && c.in(h).shape.rank() == 1) p.diagonal |= 1 << g;
    p.x_scale[g] = scale_of(c, l.weights + g);
    p.h_scale[g] = scale_of(c, h);
    p.aux_scale[g] = scale_of(c, l.aux_weights < 0 ? -1 : l.aux_weights + g);
  }
  if (hybrid && p.diagonal) fail_unsupported("diagonal recurrent weights with int8 weights");
  for (int i = 0; i < 3; ++i) p.peephole_scale[i] = scale_of(c, l.weights + 8 + i);
  p.projection_scale = scale_of(c, l.weights + 15);
  std::vector<Ref> inputs = cell_refs(c, l);
  for (int g = 0; g < 4; ++g)
    inputs.push_back(s.aux > 0 ? optional_ref(c, l.aux_weights + g) : Ref{});
  c.step(hybrid ? kernels::kLstmHybrid : kernels::kLstmF32, p, std::move(inputs),
         {c.out_ref(run.output), c.in_ref(l.h), c.in_ref(l.c)});
}

}  // namespace mote::ops
