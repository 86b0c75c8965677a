// Lowering of the plain float LSTM, whose weights become one constant.
#include <algorithm>

#include "base/half.h"
#include "kernels/lstm/families.h"
#include "kernels/lstm/fused.h"
#include "ops/lstm_steps.h"

namespace mote::ops {
namespace {

// Absent: peepholes, projection, layer norm, second input, an input gate that is coupled.
bool is_plain(const NodeView& c, const LstmLayout& l, const LstmRun& run) {
  const auto constant_f32 = [&](int i) {
    return c.has(i) && c.is_constant(i) && c.in(i).dtype == DType::f32;
  };
  for (int g = 0; g < 4; ++g) {
    const int h = l.weights + 4 + g;
    if (!constant_f32(l.weights + g) || !constant_f32(h) || !constant_f32(l.weights + 11 + g)) {
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

}  // namespace

bool lower_lstm_fused(LowerContext& c, const LstmLayout& l, const LstmRun& run) {
  const LstmSizes s = checked_lstm(c, l, run.time_major);
  if (!is_plain(c, l, run)) return false;
  const NodeView& view = c;
  std::vector<float> weights, bias;
  const auto append = [](std::span<const float> from, std::vector<float>* to) {
    to->insert(to->end(), from.begin(), from.end());
  };
  for (int g = 0; g < 4; ++g) {
    const auto w_x = view.constant<float>(l.weights + g);
    const auto w_h = view.constant<float>(l.weights + 4 + g);
    for (int64_t r = 0; r < s.cell; ++r) {
      append(w_x.subspan(static_cast<size_t>(r * s.input), static_cast<size_t>(s.input)), &weights);
      append(w_h.subspan(static_cast<size_t>(r * s.cell), static_cast<size_t>(s.cell)), &weights);
    }
    append(view.constant<float>(l.weights + 11 + g), &bias);
  }
  const int64_t width = c.out(run.output).shape.back();
  MoteLstmFused p = {};
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
  p.half_weights = std::all_of(weights.begin(), weights.end(),
                               [](float w) { return half_to_float(float_to_half(w)) == w; });
  p.cell_clip = run.cell_clip;
  c.step(kernels::kLstmFusedF32, p, {c.in_ref(l.x), c.constant(weights), c.constant(bias)},
         {c.out_ref(run.output), c.in_ref(l.h), c.in_ref(l.c)});
  return true;
}

}  // namespace mote::ops
