// Lowering of the plain LSTM, float or with int8 weights, whose weights become
// one constant.
#include <algorithm>

#include "base/half.h"
#include "kernels/lstm/families.h"
#include "kernels/lstm/fused.h"
#include "kernels/lstm/fused_hybrid_ref.h"
#include "ops/lstm_steps.h"

namespace mote::ops {
namespace {

// Absent: peepholes, projection, layer norm, second input, an input gate that
// is coupled.
bool is_plain(const NodeView& c, const LstmLayout& l, const LstmRun& run, DType weights) {
  const auto constant = [&](int i, DType dtype) {
    return c.has(i) && c.is_constant(i) && c.in(i).dtype == dtype;
  };
  for (int g = 0; g < 4; ++g) {
    const int h = l.weights + 4 + g;
    if (!constant(l.weights + g, weights) || !constant(h, weights) ||
        !constant(l.weights + 11 + g, DType::f32)) {
      return false;
    }
    if (c.in(h).shape.rank() != 2 || (l.norm >= 0 && c.has(l.norm + g))) return false;
  }
  for (const int i : {8, 9, 10, 15, 16}) {
    if (c.has(l.weights + i)) return false;
  }
  if (l.aux >= 0 && c.has(l.aux)) return false;
  return c.in(l.x).dtype == DType::f32 && run.activation == Activation::tanh;
}

// [4 cell, input + cell], gate by gate.
template <class T>
std::vector<T> one_matrix(const NodeView& c, const LstmLayout& l, const LstmSizes& s) {
  std::vector<T> all;
  for (int g = 0; g < 4; ++g) {
    const auto w_x = c.constant<T>(l.weights + g);
    const auto w_h = c.constant<T>(l.weights + 4 + g);
    for (int64_t r = 0; r < s.cell; ++r) {
      for (const auto& [from, columns] : {std::pair{w_x, s.input}, std::pair{w_h, s.cell}}) {
        const auto row =
            from.subspan(static_cast<size_t>(r * columns), static_cast<size_t>(columns));
        all.insert(all.end(), row.begin(), row.end());
      }
    }
  }
  return all;
}

std::vector<float> biases(const NodeView& c, const LstmLayout& l) {
  std::vector<float> all;
  for (int g = 0; g < 4; ++g) {
    const auto one = c.constant<float>(l.weights + 11 + g);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

template <class Params>
Params common_params(const NodeView& c, const LstmSizes& s, const LstmRun& run) {
  const int64_t width = c.out(run.output).shape.back();
  Params p = {};
  p.batch = s.batch;
  p.steps = s.steps;
  p.input = s.input;
  p.cell = s.cell;
  p.x_batch = run.time_major ? s.input : s.steps * s.input;
  p.x_step = run.time_major ? s.batch * s.input : s.input;
  p.y_batch = run.time_major ? width : s.steps * width;
  p.y_step = run.time_major ? s.batch * width : width;
  p.y_offset = run.output_offset;
  p.backward = run.backward;
  p.cell_clip = run.cell_clip;
  return p;
}

bool lower_hybrid(LowerContext& c, const LstmLayout& l, const LstmRun& run, const LstmSizes& s) {
  const std::vector<int8_t> weights = one_matrix<int8_t>(c, l, s);
  if (std::find(weights.begin(), weights.end(), int8_t{-128}) != weights.end()) return false;
  auto p = common_params<MoteLstmFusedHybrid>(c, s, run);
  p.asymmetric = run.asymmetric;
  for (int g = 0; g < 4; ++g) {
    p.x_scale[g] = c.in(l.weights + g).scale();
    p.h_scale[g] = c.in(l.weights + 4 + g).scale();
  }
  c.step(kernels::kLstmFusedHybrid, p,
         {c.in_ref(l.x), c.constant(weights), c.constant(biases(c, l))},
         {c.out_ref(run.output), c.in_ref(l.h), c.in_ref(l.c)});
  return true;
}

}  // namespace

bool lower_lstm_fused(LowerContext& c, const LstmLayout& l, const LstmRun& run) {
  const LstmSizes s = checked_lstm(c, l, run.time_major);
  if (is_plain(c, l, run, DType::i8)) return lower_hybrid(c, l, run, s);
  if (!is_plain(c, l, run, DType::f32)) return false;
  const std::vector<float> weights = one_matrix<float>(c, l, s);
  auto p = common_params<MoteLstmFused>(c, s, run);
  p.half_weights = are_halves(weights);
  c.step(kernels::kLstmFusedF32, p, {c.in_ref(l.x), c.constant(weights), c.constant(biases(c, l))},
         {c.out_ref(run.output), c.in_ref(l.h), c.in_ref(l.c)});
  return true;
}

}  // namespace mote::ops
