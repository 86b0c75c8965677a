// The recurrent layers whose loop is one step with all weights in one matrix: gru, lstm_fused.
#include "kernels/common/fixed_point.h"
#include "kernels/common/half.h"
#include "kernels/gru/families.h"
#include "kernels/gru/gru.h"
#include "kernels/lstm/families.h"
#include "kernels/lstm/fused.h"
#include "kernels/lstm/fused_hybrid_ref.h"
#include "kernels/lstm/lstm.h"
#include "kernels/quantize/ref.h"
#include "recurrent_bounds.h"

namespace mote::kernels::shapes {
namespace {

template <class Params>
void draw_strides(Random& r, Params& p, int64_t input, int64_t output) {
  p.batch = r.between(1, 3), p.steps = r.one_in(3) ? 1 : r.between(2, 6);
  const int64_t gap = r.one_in(4) ? r.between(1, 9) : 0;  // of another layer's outputs
  p.x_step = input, p.x_batch = p.steps * input;
  p.y_step = output + gap, p.y_batch = p.steps * p.y_step;
  if (r.one_in(3)) {  // time first
    p.x_batch = input, p.x_step = p.batch * input;
    p.y_batch = output + gap, p.y_step = p.batch * p.y_batch;
  }
  if constexpr (requires { p.y_offset; }) p.y_offset = gap > 0 ? r.between(0, gap) : 0;
}

template <class Params>
int64_t y_elements(const Params& p) {
  return p.batch * p.steps * std::min(p.y_step, p.y_batch);
}

// Rows of at most half a unit's size keep errors from growing; others are as large as in lstm.
double weight_size(Random& r, int64_t columns) {
  return r.coin() ? 0.5 / static_cast<double>(std::max<int64_t>(columns, 1)) : 0.3;
}

// The largest sum of sizes over columns [first, first + count) of the rows of w [rows, columns].
// `size(i, row)` is that of element i.
template <class Size>
double largest_row(int64_t rows, int64_t columns, int64_t first, int64_t count, const Size& size) {
  double most = 0;
  for (int64_t row = 0; row < rows; ++row) {
    double sum = 0;
    for (int64_t k = 0; k < count; ++k) {
      sum += std::fabs(size(static_cast<size_t>(row * columns + first + k), row));
    }
    most = std::max(most, sum);
  }
  return most;
}

auto float_sizes(const Bytes& bytes) {
  return [w = elements_of<float>(bytes)](size_t i, int64_t) { return static_cast<double>(w[i]); };
}

// Weights [gates * units, input + units] and whether they are all halves.
Bytes float_weights(Random& r, int64_t gates, int64_t input, int64_t units, bool half) {
  const double size = weight_size(r, units);
  std::vector<float> w(static_cast<size_t>(gates * units * (input + units)));
  for (float& v : w) {
    v = r.real32(-size, size);
    if (half) v = mote_half_to_f32(mote_f32_to_half(v));
  }
  return bytes_of(w);
}

Bytes random_state(Random& r, int64_t n) {
  return r.one_in(3) ? Bytes(static_cast<size_t>(n) * 4) : random_reals(r, n, -1, 1);
}

void add_float_states(Random& r, Case& c, int64_t y, int64_t state) {
  c.add_output(y, 4, true);
  for (size_t i = 1; i <= 2; ++i) {
    c.add_output(state, 4, true);
    c.out[i].state = random_state(r, state);
  }
}

template <class Params>
std::string text_of(const Params& p, int64_t input, int64_t units) {
  return "batch " + std::to_string(p.batch) + ", steps " + std::to_string(p.steps) + ", input " +
         std::to_string(input) + ", units " + std::to_string(units);
}

void lstm_fused_f32(Random& r, Case& c) {
  MoteLstmFused p = {};
  p.input = r.extent(70), p.cell = r.extent(50);
  draw_strides(r, p, p.input, p.cell);
  p.backward = r.coin(), p.half_weights = r.coin();
  p.cell_clip = r.one_in(4) ? r.real32(0.2, 2) : 0.0f;
  c.add(random_reals(r, p.batch * p.steps * p.input, -1, 1), 4);
  c.add(float_weights(r, 4, p.input, p.cell, p.half_weights != 0), 4);
  c.add(random_reals(r, 4 * p.cell, -1, 1), 4);
  add_float_states(r, c, y_elements(p), p.batch * p.cell);
  const int64_t columns = p.input + p.cell;
  const auto size = float_sizes(c.in[1].bytes);
  Layer l;
  l.steps = p.steps, l.terms = columns + 3;
  l.from_x = 1 + largest_row(4 * p.cell, columns, 0, p.input, size);
  l.from_h = largest_row(4 * p.cell, columns, p.input, p.cell, size);
  l.cell_clip = static_cast<double>(p.cell_clip);
  set_recurrent_bounds(c, l, true);
  c.set_params(p);
  c.text = text_of(p, p.input, p.cell);
}

void lstm_fused_hybrid(Random& r, Case& c) {
  MoteLstmFusedHybrid p = {};
  p.input = r.extent(70), p.cell = r.extent(50);
  draw_strides(r, p, p.input, p.cell);
  p.backward = r.coin(), p.asymmetric = r.coin();
  p.cell_clip = r.one_in(4) ? r.real32(0.2, 2) : 0.0f;
  const double x_size = weight_size(r, p.input), h_size = weight_size(r, p.cell);
  for (int g = 0; g < 4; ++g) {
    p.x_scale[g] = r.real32(x_size / 512, x_size / 127);
    p.h_scale[g] = r.real32(h_size / 512, h_size / 127);
  }
  const int64_t columns = p.input + p.cell;
  c.add(random_state(r, p.batch * p.steps * p.input), 4);
  c.add(random_ints<int8_t>(r, 4 * p.cell * columns, -127, 127), 1);
  c.add(random_reals(r, 4 * p.cell, -1, 1), 4);
  add_float_states(r, c, y_elements(p), p.batch * p.cell);
  const auto w = elements_of<int8_t>(c.in[1].bytes);
  const auto sizes = [&](const float* scales) {
    return [&w, &p, scales](size_t i, int64_t row) {
      return static_cast<double>(scales[row / p.cell]) * w[i];
    };
  };
  Layer l;
  l.steps = p.steps, l.terms = columns + 3, l.hybrid = true;
  l.from_x = 1 + largest_row(4 * p.cell, columns, 0, p.input, sizes(p.x_scale));
  l.from_h = largest_row(4 * p.cell, columns, p.input, p.cell, sizes(p.h_scale));
  l.cell_clip = static_cast<double>(p.cell_clip);
  set_recurrent_bounds(c, l, true);
  c.set_params(p);
  c.text = text_of(p, p.input, p.cell);
}

MoteFactor random_factor(Random& r, double low, double high) {
  MoteFactor f = {};
  int shift = 0;
  mote_split_multiplier(std::exp2(r.real(low, high)), &f.multiplier, &shift);
  f.shift = shift;
  return f;
}

void lstm_fused_i8(Random& r, Case& c) {
  MoteLstmI8 p = {};
  p.input = r.extent(70), p.cell = p.output = r.extent(60);
  draw_strides(r, p, p.input, p.cell);
  for (int g = 0; g < 4; ++g) {
    p.x[g] = random_factor(r, -8, -0.5), p.h[g] = random_factor(r, -8, -0.5);
  }
  p.hidden = random_factor(r, -25, -20);
  p.hidden_zero_point = r.between32(-128, 127);
  p.cell_bits = r.between32(0, 6);
  p.cell_clip = r.coin() ? r.between32(1, 32767) : 0;
  const int64_t most = r.coin() ? 30'000 : INT32_MAX;
  c.add(random_ints<int8_t>(r, p.batch * p.steps * p.input, -128, 127), 1);
  c.add(random_ints<int8_t>(r, 4 * p.cell * (p.input + p.cell), -127, 127), 1);
  for (int i = 0; i < 2; ++i) c.add(random_ints<int32_t>(r, 4 * p.cell, -most, most), 4);
  c.add_output(y_elements(p), 1);
  c.add_output(p.batch * p.cell, 1);
  c.add_output(p.batch * p.cell, 2);
  c.out[1].state = random_ints<int8_t>(r, p.batch * p.cell, -128, 127);
  c.out[2].state = random_ints<int16_t>(r, p.batch * p.cell, -32768, 32767);
  c.set_params(p);
  c.text = text_of(p, p.input, p.cell);
}

// h = n + z (h - n) with |h|, |n| <= 1: as far from the reference's as the larger of h and n were,
// and 2 of z's error. n = tanh(x + r h_n), where |h_n| <= from_h + the bias; slopes of sigmoid are
// at most 1/4. Both rows err; functions are 4 ulp off, and so is what combines the gates.
double gru_bound(const Layer& l) {
  constexpr double kFunction = 8 * 0x1p-24;
  double h = 0;
  for (int64_t t = 0; t < l.steps; ++t) {
    const double moved = l.hybrid && h > 0 ? l.from_h * 2 / 127 : 0;
    const double gate = 2 * gamma(l.terms + 8) * (l.from_x + l.from_h + 1) + l.from_h * h + moved;
    const double z = gate / 4 + kFunction;
    const double n = gate + (l.from_h + 1) * z + kFunction * (l.from_x + l.from_h + 1);
    h = std::max(h, n) + 2 * z + kFunction;
  }
  return h;
}

// bias_h or none, first h; then the last h and, mostly, all of them.
template <class Params>
void add_gru_rest(Random& r, Case& c, const Params& p, const Layer& l) {
  if (r.one_in(4)) {
    c.add_absent();
  } else {
    c.add(random_reals(r, 3 * p.units, -1, 1), 4);
  }
  c.add(random_state(r, p.batch * p.units), 4);
  c.add_output(p.batch * p.units, 4, true);
  if (r.one_in(4)) {
    c.add_absent_output();
  } else {
    c.add_output(y_elements(p), 4, true);
  }
  const double bound = gru_bound(l);
  for (Output& output : c.out) output.bound.assign(output.size_bytes / 4, bound);
  c.set_params(p);
}

void gru_f32(Random& r, Case& c) {
  MoteGru p = {};
  p.units = r.extent(60), p.input = r.coin() ? r.extent(70) : 0;
  const int64_t x = p.input > 0 ? p.input : 3 * p.units, columns = p.input + p.units;
  draw_strides(r, p, x, p.units);
  p.half_weights = r.coin();
  c.add(random_reals(r, p.batch * p.steps * x, -1, 1), 4);
  c.add(float_weights(r, 3, p.input, p.units, p.half_weights != 0), 4);
  if (p.input > 0 && r.coin()) {
    c.add(random_reals(r, 3 * p.units, -1, 1), 4);
  } else {
    c.add_absent();
  }
  const auto size = float_sizes(c.in[1].bytes);
  Layer l;
  l.steps = p.steps, l.terms = columns + 3;
  l.from_x = 1 + largest_row(3 * p.units, columns, 0, p.input, size);
  l.from_h = largest_row(3 * p.units, columns, p.input, p.units, size);
  add_gru_rest(r, c, p, l);
  c.text = text_of(p, p.input, p.units);
}

void gru_hybrid(Random& r, Case& c) {
  MoteGruHybrid p = {};
  p.units = r.extent(60);
  draw_strides(r, p, 3 * p.units, p.units);
  p.asymmetric = r.coin();
  c.add(random_reals(r, p.batch * p.steps * 3 * p.units, -1, 1), 4);
  c.add(random_ints<int8_t>(r, 3 * p.units * p.units, -127, 127), 1);
  c.add(random_reals(r, 3 * p.units, 0, weight_size(r, p.units) / 127), 4);
  const auto w = elements_of<int8_t>(c.in[1].bytes);
  const auto scales = elements_of<float>(c.in[2].bytes);
  Layer l;
  l.steps = p.steps, l.terms = p.units + 3, l.hybrid = true;
  l.from_x = 1;
  l.from_h = largest_row(3 * p.units, p.units, 0, p.units, [&](size_t i, int64_t row) {
    return static_cast<double>(scales[static_cast<size_t>(row)]) * w[i];
  });
  add_gru_rest(r, c, p, l);
  c.text = text_of(p, 0, p.units);
}

}  // namespace

void add_fused_generators(std::vector<Generator>& all) {
  all.push_back({&kLstmFusedF32, 250, lstm_fused_f32});
  all.push_back({&kLstmFusedHybrid, 200, lstm_fused_hybrid});
  all.push_back({&kLstmFusedI8, 200, lstm_fused_i8});
  all.push_back({&kGruF32, 250, gru_f32});
  all.push_back({&kGruHybrid, 200, gru_hybrid});
}

}  // namespace mote::kernels::shapes
