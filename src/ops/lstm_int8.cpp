// Lowering of the integer LSTM: effective scales and biases, as the official kernel prepares them.
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "kernels/common/fixed_point.h"
#include "kernels/lstm/families.h"
#include "kernels/lstm/lstm.h"
#include "ops/lstm_steps.h"

namespace mote::ops {
namespace {

MoteFactor factor_of(double real) {
  if (!(real >= 0 && real < 1 << 18)) fail_user("the scales' ratio {} is out of range", real);
  MoteFactor factor = {};
  int shift = 0;
  mote_split_multiplier(real, &factor.multiplier, &shift);
  factor.shift = shift;
  return factor;
}

// The integer bits of c: its scale must be a power of two.
int cell_bits(const TensorType& c) {
  int exponent = 0;
  if (c.quant.empty() || std::frexp(c.scale(), &exponent) != 0.5f)
    fail_user("the cell state's scale {} is not a power of two", c.scale());
  const int bits = exponent - 1 + 15;
  if (bits < 0 || bits > 6)
    fail_user("the cell state's scale {} is outside [2^-15, 2^-9]", c.scale());
  return bits;
}

// bias[r] + zero * sum of row r: what is added to W x so that x may keep its zero point.
Ref effective_bias(LowerContext& c, int weights, int bias, int32_t zero) {
  if (!c.has(weights)) return {};
  if (!c.is_constant(weights) || (bias >= 0 && c.has(bias) && !c.is_constant(bias)))
    fail_unsupported("weights that are computed while the model runs");
  const NodeView& view = c;
  const Shape& shape = c.in(weights).shape;
  const std::span<const int8_t> w = view.constant<int8_t>(weights);
  std::vector<int32_t> sums;
  for (int64_t r = 0; r < shape[0]; ++r) {
    uint32_t sum = 0;
    for (int64_t k = 0; k < shape[1]; ++k)
      sum += static_cast<uint32_t>(static_cast<int32_t>(w[static_cast<size_t>(r * shape[1] + k)]));
    uint32_t total = sum * static_cast<uint32_t>(zero);
    if (bias >= 0 && c.has(bias))
      total += static_cast<uint32_t>(view.constant<int32_t>(bias)[static_cast<size_t>(r)]);
    sums.push_back(static_cast<int32_t>(total));
  }
  return c.constant(sums);
}

void require_types(const LowerContext& c, const LstmLayout& l) {
  const auto require = [&](int i, DType dtype) {
    if (i >= 0 && c.has(i) && c.in(i).dtype != dtype)
      fail_user("input {} is {}, an integer LSTM needs {}", i, name_of(c.in(i).dtype),
                name_of(dtype));
  };
  for (int i = 0; i < 8; ++i) {
    require(l.weights + i, DType::i8);
    if (c.has(l.weights + i) && c.in(l.weights + i).shape.rank() != 2)
      fail_unsupported("diagonal recurrent weights in an integer LSTM");
  }
  for (int i = 8; i < 11; ++i) require(l.weights + i, DType::i16);
  for (int i = 11; i < 15; ++i) require(l.weights + i, DType::i32);
  require(l.weights + 15, DType::i8);
  require(l.weights + 16, DType::i32);
  require(l.h, DType::i8);
  require(l.c, DType::i16);
  for (int g = 0; g < 4 && l.norm >= 0; ++g) require(l.norm + g, DType::i16);
  if (c.node().intermediates.size() != 5)
    fail_user("has {} intermediates, an integer LSTM needs 5", c.node().intermediates.size());
}

int32_t quantized_clip(float clip, float scale, float low, float high) {
  return clip > 0.0f ? static_cast<int32_t>(std::clamp(clip / scale, low, high)) : 0;
}

// Products are formed in float, left to right: their rounding decides bits.
void set_factors(const LowerContext& c, const LstmLayout& l, bool layer_norm, MoteLstmI8* p) {
  const float x_scale = c.in(0).scale(), h_scale = c.in(l.h).scale();
  for (int g = 0; g < 4; ++g) {
    const int w = l.weights + g;
    if (!c.has(w)) continue;
    const float gate_scale = layer_norm ? c.intermediate(g).scale() : std::ldexp(1.0f, -12);
    const float from_x = c.in(w).scale() * x_scale / gate_scale;
    const float from_h = c.in(w + 4).scale() * h_scale / gate_scale;
    p->x[g] = factor_of(from_x);
    p->h[g] = factor_of(from_h);
    const int hole = g == 3 ? 2 : g;
    if (g != 2 && c.has(l.weights + 8 + hole)) {
      const double cell = std::ldexp(1.0, p->cell_bits - 15);
      const auto real =
          static_cast<float>(cell * static_cast<double>(c.in(l.weights + 8 + hole).scale()) /
                             static_cast<double>(gate_scale));
      p->peephole[hole] = factor_of(real);
    }
    const float norm = layer_norm ? c.in(l.norm + g).scale() : 1.0f;
    p->norm[g] = factor_of(norm);
    p->variance_guard[g] = std::max(1, static_cast<int32_t>(std::min(10000 * norm, 2e9f)));
  }
  const float hidden_scale = c.intermediate(4).scale();
  const double pow15 = std::ldexp(1.0, -15);
  p->hidden = factor_of(static_cast<float>(pow15 / static_cast<double>(hidden_scale) * pow15));
  p->hidden_zero_point = c.intermediate(4).zero_point();
  if (c.has(l.weights + 15)) {
    const float real = c.in(l.weights + 15).scale() * hidden_scale / h_scale;
    p->projection = factor_of(real);
  }
}

// The one matrix of the plain cell's kernel; empty if the cell has more to it, or a weight is -128,
// which that kernel does not take.
std::vector<int8_t> plain_weights(const LowerContext& c, const LstmLayout& l, const LstmSizes& s) {
  for (const int i : {8, 9, 10, 15, 16}) {
    if (c.has(l.weights + i)) return {};
  }
  if (!c.has(l.weights) || s.output != s.cell) return {};
  const NodeView& view = c;
  std::vector<int8_t> all;
  for (int g = 0; g < 4; ++g) {
    for (int64_t r = 0; r < s.cell; ++r) {
      for (const auto& [input, columns] :
           {std::pair{l.weights + g, s.input}, std::pair{l.weights + 4 + g, s.cell}}) {
        const auto row = view.constant<int8_t>(input).subspan(static_cast<size_t>(r * columns),
                                                              static_cast<size_t>(columns));
        all.insert(all.end(), row.begin(), row.end());
      }
    }
  }
  return std::find(all.begin(), all.end(), int8_t{-128}) == all.end() ? all : std::vector<int8_t>{};
}

// The biases of four gates, one after the other.
Ref four_biases(LowerContext& c, std::span<const Ref> gates) {
  std::vector<int32_t> all;
  for (const Ref& gate : gates) {
    const std::span<const int32_t> one = c.constant_of(gate).as<int32_t>();
    all.insert(all.end(), one.begin(), one.end());
  }
  return c.constant(all);
}

}  // namespace

void lower_lstm_int8(LowerContext& c, const LstmLayout& l, const LstmRun& run) {
  const LstmSizes s = checked_lstm(c, l, run.time_major);
  require_types(c, l);
  const bool layer_norm = l.norm >= 0 && c.has(l.norm + 1);
  for (int g = 1; layer_norm && g < 4; ++g) {
    if (!c.has(l.norm + g)) fail_user("layer norm weights of some gates are missing");
  }
  MoteLstmI8 p = {};
  p.batch = s.batch;
  p.steps = s.steps;
  p.input = s.input;
  p.cell = s.cell;
  p.output = s.output;
  p.x_batch = run.time_major ? s.input : s.steps * s.input;
  p.x_step = run.time_major ? s.batch * s.input : s.input;
  p.y_batch = run.time_major ? s.output : s.steps * s.output;
  p.y_step = run.time_major ? s.batch * s.output : s.output;
  p.cell_bits = cell_bits(c.in(l.c));
  set_factors(c, l, layer_norm, &p);
  p.output_zero_point = c.in(l.h).zero_point();
  p.cell_clip = quantized_clip(run.cell_clip, c.in(l.c).scale(), -32768.0f, 32767.0f);
  p.proj_clip = quantized_clip(run.proj_clip, c.out(run.output).scale(), -128.0f, 127.0f);

  std::vector<Ref> inputs = {c.in_ref(0)};
  for (int i = 0; i < 11; ++i) inputs.push_back(c.in_ref(l.weights + i));
  const int32_t x_zero = -c.in(0).zero_point(), h_zero = -c.in(l.h).zero_point();
  const auto bias = [&](int g) { return l.weights + 11 + g; };
  for (int g = 0; g < 4; ++g)
    inputs.push_back(effective_bias(c, l.weights + g, layer_norm ? -1 : bias(g), x_zero));
  for (int g = 0; g < 4; ++g) inputs.push_back(layer_norm ? c.in_ref(l.norm + g) : Ref{});
  inputs.push_back(c.in_ref(l.weights + 15));
  inputs.push_back(
      effective_bias(c, l.weights + 15, l.weights + 16, c.intermediate(4).zero_point()));
  inputs.push_back({});  // no second input
  for (int g = 0; g < 4; ++g) inputs.push_back(effective_bias(c, l.weights + 4 + g, -1, h_zero));
  for (int g = 0; g < 4; ++g) inputs.push_back(layer_norm ? c.in_ref(bias(g)) : Ref{});
  const std::vector<int8_t> plain =
      c.options().reference || layer_norm ? std::vector<int8_t>{} : plain_weights(c, l, s);
  if (!plain.empty()) {
    const std::span<const Ref> all = inputs;
    const Ref bias_x = four_biases(c, all.subspan(12, 4)),
              bias_h = four_biases(c, all.subspan(23, 4));
    c.step(kernels::kLstmFusedI8, p, {c.in_ref(0), c.constant(plain), bias_x, bias_h},
           {c.out_ref(run.output), c.in_ref(l.h), c.in_ref(l.c)});
    return;
  }
  c.step(kernels::kLstmI8, p, std::move(inputs),
         {c.out_ref(run.output), c.in_ref(l.h), c.in_ref(l.c)});
}

}  // namespace mote::ops
