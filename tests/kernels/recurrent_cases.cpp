// lstm, rnn, svdf.
#include "kernels/lstm/families.h"
#include "kernels/lstm/lstm.h"
#include "kernels/lstm/ref.h"
#include "kernels/rnn/families.h"
#include "kernels/rnn/rnn.h"
#include "kernels/svdf/families.h"
#include "kernels/svdf/svdf.h"
#include "recurrent_bounds.h"

namespace mote::kernels::shapes {
namespace {

Bytes random_weights(Random& r, int64_t n, bool hybrid, double size) {
  return hybrid ? random_ints<int8_t>(r, n, -127, 127) : random_reals(r, n, -size, size);
}

MoteLstm random_lstm(Random& r) {
  MoteLstm p = {};
  p.batch = r.between(1, 3), p.steps = r.between(1, 6);
  p.input = r.extent(70), p.cell = r.extent(40);
  p.aux = r.one_in(6) ? r.between(1, 20) : 0;
  p.output = r.one_in(4) ? r.between(1, 24) : p.cell;
  p.x_batch = p.steps * p.input, p.x_step = p.input;
  p.aux_batch = p.steps * p.aux, p.aux_step = p.aux;
  p.y_batch = p.steps * p.output, p.y_step = p.output;
  if (r.one_in(3)) {  // time first
    p.x_batch = p.input, p.x_step = p.batch * p.input;
    p.aux_batch = p.aux, p.aux_step = p.batch * p.aux;
    p.y_batch = p.output, p.y_step = p.batch * p.output;
  }
  p.backward = r.coin();
  p.activation = r.pick<int32_t>(
      {kMoteCellTanh, kMoteCellTanh, kMoteCellTanh, kMoteCellNone, kMoteCellRelu, kMoteCellRelu6});
  p.asymmetric = r.coin();
  p.cell_clip = r.one_in(4) ? r.real32(0.2, 2) : 0.0f;
  p.proj_clip = r.one_in(4) ? r.real32(0.2, 2) : 0.0f;
  for (int g = 0; g < 4; ++g) {
    p.x_scale[g] = r.real32(1e-4, 4e-3), p.h_scale[g] = r.real32(1e-4, 4e-3);
    p.aux_scale[g] = r.real32(1e-4, 4e-3);
  }
  for (float& s : p.peephole_scale) s = r.real32(1e-4, 4e-3);
  p.projection_scale = r.real32(1e-4, 4e-3);
  return p;
}

// Adds one input a gate: `present(gate)` says whether it is there.
template <class Present, class Draw>
void add_gates(Case& c, int gates, size_t element_bytes, const Present& present, const Draw& draw) {
  for (int g = 0; g < gates; ++g) {
    if (present(g)) {
      c.add(draw(g), element_bytes);
    } else {
      c.add_absent();
    }
  }
}

void lstm(Random& r, Case& c, bool hybrid) {
  MoteLstm p = random_lstm(r);
  const bool coupled = r.one_in(8), holes = r.one_in(6);
  const bool projected = p.output != p.cell || r.one_in(6), bias = !r.one_in(8);
  if (!projected && r.one_in(10)) p.diagonal = r.between32(0, 15);
  const size_t w = hybrid ? 1 : 4;
  Layer l;
  const auto always = [&](int g) { return g > 0 || !coupled; };
  c.add(random_reals(r, p.batch * p.steps * p.input, -1, 1), 4);
  add_gates(c, 4, w, always, [&](int) { return random_weights(r, p.cell * p.input, hybrid, 0.3); });
  add_gates(c, 4, w, always, [&](int g) {
    const bool diagonal = (p.diagonal >> g & 1) != 0;
    return random_weights(r, diagonal ? p.cell : p.cell * p.output, hybrid, 0.3);
  });
  add_gates(
      c, 3, w, [&](int g) { return holes && (g > 0 || !coupled); },
      [&](int) { return random_weights(r, p.cell, hybrid, 0.3); });
  add_gates(
      c, 4, 4, [&](int g) { return bias && always(g); },
      [&](int) { return random_reals(r, p.cell, -1, 1); });
  add_gates(
      c, 4, 4, [](int) { return false; }, [](int) { return Bytes{}; });  // layer norm
  if (projected) {
    c.add(random_weights(r, p.output * p.cell, hybrid, 0.3), w);
    if (r.coin()) {
      c.add(random_reals(r, p.output, -1, 1), 4);
    } else {
      c.add_absent();
    }
  } else {
    c.add_absent(), c.add_absent();
  }
  const auto has_aux = [&](int g) { return p.aux > 0 && always(g); };
  if (p.aux > 0) {
    c.add(random_reals(r, p.batch * p.steps * p.aux, -1, 1), 4);
  } else {
    c.add_absent();
  }
  add_gates(c, 4, w, has_aux, [&](int) { return random_weights(r, p.cell * p.aux, hybrid, 0.3); });
  for (int g = 0; g < 4; ++g) {
    const auto weights = [&](int first) -> const Bytes& {
      return c.in[static_cast<size_t>(first + g)].bytes;
    };
    const bool diagonal = (p.diagonal >> g & 1) != 0;
    l.from_x = std::max(
        l.from_x,
        1 + row_sum(weights(kMoteLstmWx), p.input, hybrid, static_cast<double>(p.x_scale[g])) +
            row_sum(weights(kMoteLstmWaux), p.aux, hybrid, static_cast<double>(p.aux_scale[g])));
    l.from_h = std::max(l.from_h, row_sum(weights(kMoteLstmWh), diagonal ? 1 : p.output, hybrid,
                                          static_cast<double>(p.h_scale[g])));
  }
  for (size_t hole = 0; hole < 3; ++hole) {
    l.peephole = std::max(l.peephole, row_sum(c.in[kMoteLstmPeephole + hole].bytes, 1, hybrid,
                                              static_cast<double>(p.peephole_scale[hole])));
  }
  if (projected) {
    l.projection = 1 + row_sum(c.in[kMoteLstmProjection].bytes, p.cell, hybrid,
                               static_cast<double>(p.projection_scale));
  }
  l.steps = p.steps, l.terms = p.input + p.aux + p.output + p.cell + 3;
  l.hybrid = hybrid, l.tanh = p.activation == kMoteCellTanh;
  l.cell_clip = static_cast<double>(p.cell_clip);
  c.add_output(p.batch * p.steps * p.output, 4, true);
  c.add_output(p.batch * p.output, 4, true);
  c.add_output(p.batch * p.cell, 4, true);
  c.out[1].state =
      r.coin() ? random_reals(r, p.batch * p.output, -1, 1) : Bytes(c.out[1].size_bytes);
  c.out[2].state = r.coin() ? random_reals(r, p.batch * p.cell, -1, 1) : Bytes(c.out[2].size_bytes);
  set_recurrent_bounds(c, l, true);
  c.set_params(p);
  c.text = "batch " + std::to_string(p.batch) + ", steps " + std::to_string(p.steps) + ", input " +
           std::to_string(p.input) + ", cell " + std::to_string(p.cell) + ", output " +
           std::to_string(p.output) + (projected ? ", projected" : "") +
           (coupled ? ", coupled" : "") + (holes ? ", peepholes" : "") + ", diagonal " +
           std::to_string(p.diagonal) + ", activation " + std::to_string(p.activation);
}

MoteFactor random_factor(Random& r, int low, int high) {
  return {r.between32(1 << 30, INT32_MAX), r.between32(low, high)};
}

void lstm_i8(Random& r, Case& c) {
  MoteLstmI8 p = {};
  p.batch = r.between(1, 3), p.steps = r.between(1, 5);
  p.input = r.extent(70), p.cell = r.extent(40);
  const bool projected = r.one_in(3), coupled = r.one_in(6), norm = r.one_in(4);
  const bool holes = r.one_in(5);
  p.output = projected ? r.between(1, p.cell) : p.cell;
  p.x_batch = p.steps * p.input, p.x_step = p.input;
  p.y_batch = p.steps * p.output, p.y_step = p.output;
  for (int g = 0; g < 4; ++g) {
    p.x[g] = random_factor(r, -6, 1), p.h[g] = random_factor(r, -6, 1);
    p.norm[g] = random_factor(r, -18, -10), p.variance_guard[g] = r.between32(1, 100);
  }
  p.hidden = random_factor(r, -24, -18), p.projection = random_factor(r, -10, -2);
  for (MoteFactor& f : p.peephole) f = random_factor(r, -20, -10);
  p.hidden_zero_point = r.between32(-128, 127), p.output_zero_point = r.between32(-128, 127);
  p.cell_bits = r.between32(0, 5);
  p.cell_clip = r.one_in(4) ? r.between32(100, 32767) : 0;
  p.proj_clip = r.one_in(4) ? r.between32(10, 127) : 0;
  const auto always = [&](int g) { return g > 0 || !coupled; };
  const auto none = [](int) { return false; };
  const auto nothing = [](int) { return Bytes{}; };
  const auto sums = [&](int) { return random_ints<int32_t>(r, p.cell, -40000, 40000); };
  c.add(random_ints<int8_t>(r, p.batch * p.steps * p.input, -128, 127), 1);
  add_gates(c, 4, 1, always,
            [&](int) { return random_ints<int8_t>(r, p.cell * p.input, -127, 127); });
  add_gates(c, 4, 1, always,
            [&](int) { return random_ints<int8_t>(r, p.cell * p.output, -127, 127); });
  add_gates(
      c, 3, 2, [&](int g) { return holes && (g > 0 || !coupled); },
      [&](int) { return random_ints<int16_t>(r, p.cell, -32767, 32767); });
  add_gates(c, 4, 4, always, sums);
  add_gates(
      c, 4, 2, [&](int g) { return norm && always(g); },
      [&](int) { return random_ints<int16_t>(r, p.cell, -32767, 32767); });
  if (projected) {
    c.add(random_ints<int8_t>(r, p.output * p.cell, -127, 127), 1);
    c.add(random_ints<int32_t>(r, p.output, -40000, 40000), 4);
  } else {
    c.add_absent(), c.add_absent();
  }
  c.add_absent();
  add_gates(c, 4, 4, always, sums);
  if (norm) {
    add_gates(c, 4, 4, always, sums);
  } else {
    add_gates(c, 4, 4, none, nothing);
  }
  c.add_output(p.batch * p.steps * p.output, 1);
  c.add_output(p.batch * p.output, 1);
  c.add_output(p.batch * p.cell, 2);
  c.out[1].state = random_ints<int8_t>(r, p.batch * p.output, -128, 127);
  c.out[2].state = random_ints<int16_t>(r, p.batch * p.cell, -32768, 32767);
  c.set_params(p);
  c.text = "batch " + std::to_string(p.batch) + ", steps " + std::to_string(p.steps) + ", input " +
           std::to_string(p.input) + ", cell " + std::to_string(p.cell) + ", output " +
           std::to_string(p.output);
}

void rnn(Random& r, Case& c, bool hybrid) {
  MoteRnn p = {};
  p.batch = r.between(1, 3), p.steps = r.between(1, 6);
  p.input = r.extent(70), p.units = r.extent(40), p.aux = r.one_in(5) ? r.between(1, 20) : 0;
  p.x_batch = p.steps * p.input, p.x_step = p.input;
  p.aux_batch = p.steps * p.aux, p.aux_step = p.aux;
  p.y_batch = p.steps * p.units, p.y_step = p.units;
  p.backward = r.coin();
  p.activation = r.pick<int32_t>({kMoteCellTanh, kMoteCellRelu6, kMoteCellRelu, kMoteCellNone});
  p.asymmetric = r.coin();
  p.x_scale = r.real32(1e-4, 4e-3), p.h_scale = r.real32(1e-4, 4e-3);
  p.aux_scale = r.real32(1e-4, 4e-3);
  const size_t w = hybrid ? 1 : 4;
  c.add(random_reals(r, p.batch * p.steps * p.input, -1, 1), 4);
  c.add(random_weights(r, p.units * p.input, hybrid, 0.3), w);
  c.add(random_weights(r, p.units * p.units, hybrid, 0.3), w);
  c.add(random_reals(r, p.units, -1, 1), 4);
  if (p.aux > 0) {
    c.add(random_reals(r, p.batch * p.steps * p.aux, -1, 1), 4);
    c.add(random_weights(r, p.units * p.aux, hybrid, 0.3), w);
  } else {
    c.add_absent(), c.add_absent();
  }
  Layer l;
  l.from_x = 1 + row_sum(c.in[1].bytes, p.input, hybrid, static_cast<double>(p.x_scale)) +
             row_sum(c.in[5].bytes, p.aux, hybrid, static_cast<double>(p.aux_scale));
  l.from_h = row_sum(c.in[2].bytes, p.units, hybrid, static_cast<double>(p.h_scale));
  l.steps = p.steps, l.terms = p.input + p.aux + p.units + 3, l.hybrid = hybrid;
  l.tanh = p.activation == kMoteCellTanh;
  c.add_output(p.batch * p.steps * p.units, 4, true);
  c.add_output(p.batch * p.units, 4, true);
  c.out[1].state = random_reals(r, p.batch * p.units, -1, 1);
  set_recurrent_bounds(c, l, false);
  c.set_params(p);
}

MoteSvdf random_svdf(Random& r) {
  MoteSvdf p = {};
  p.batch = r.between(1, 3), p.input = r.extent(70), p.memory = r.between(1, 12);
  p.rank = r.between(1, 3), p.filters = p.rank * r.between(1, 24);
  p.activation = r.pick<int32_t>({kMoteCellNone, kMoteCellRelu});
  p.asymmetric = r.coin();
  p.feature_scale = r.real32(1e-4, 4e-3), p.time_scale = r.real32(1e-4, 4e-3);
  p.feature_multiplier = r.between32(1 << 30, INT32_MAX), p.feature_shift = r.between32(-8, 0);
  p.time_multiplier = r.between32(1 << 30, INT32_MAX), p.time_shift = r.between32(-20, -8);
  p.in_zero_point = r.between32(-128, 127), p.out_zero_point = r.between32(-128, 127);
  p.state_zero_point = r.between32(-128, 127);
  return p;
}

void svdf(Random& r, Case& c, bool hybrid) {
  const MoteSvdf p = random_svdf(r);
  const int64_t units = p.filters / p.rank;
  c.add(random_reals(r, p.batch * p.input, -1, 1), 4);
  c.add(random_weights(r, p.filters * p.input, hybrid, 1), hybrid ? 1 : 4);
  c.add(random_weights(r, p.filters * p.memory, hybrid, 1), hybrid ? 1 : 4);
  if (r.coin()) {
    c.add(random_reals(r, units, -1, 1), 4);
  } else {
    c.add_absent();
  }
  c.add_output(p.batch * units, 4, true);
  c.add_output(p.batch * p.filters * p.memory, 4, true);
  c.out[1].state = random_reals(r, p.batch * p.filters * p.memory, -1, 1);
  const double feature =
      1 + row_sum(c.in[1].bytes, p.input, hybrid, static_cast<double>(p.feature_scale));
  const double over_time =
      row_sum(c.in[2].bytes, p.memory * p.rank, hybrid, static_cast<double>(p.time_scale));
  const double bound = 4 * gamma(p.input + p.memory * p.rank + 8) * (feature * (over_time + 1) + 1);
  for (Output& output : c.out) output.bound.assign(output.size_bytes / 4, bound);
  c.set_params(p);
}

void svdf_i8(Random& r, Case& c, bool narrow_state) {
  const MoteSvdf p = random_svdf(r);
  const int64_t units = p.filters / p.rank;
  const size_t state = narrow_state ? 1 : 2;
  const auto draw = [&](int64_t n) {
    return narrow_state ? random_ints<int8_t>(r, n, -128, 127)
                        : random_ints<int16_t>(r, n, -32768, 32767);
  };
  c.add(random_ints<int8_t>(r, p.batch * p.input, -128, 127), 1);
  c.add(random_ints<int8_t>(r, p.filters * p.input, -127, 127), 1);
  c.add(draw(p.filters * p.memory), state);
  if (r.coin()) {
    c.add(random_ints<int32_t>(r, units, -40000, 40000), 4);
  } else {
    c.add_absent();
  }
  c.add_output(p.batch * units, 1);
  c.add_output(p.batch * p.filters * p.memory, state);
  c.out[1].state = draw(p.batch * p.filters * p.memory);
  c.set_params(p);
}

}  // namespace

void add_recurrent_generators(std::vector<Generator>& all) {
  all.push_back({&kLstmF32, 250, [](Random& r, Case& c) { lstm(r, c, false); }});
  all.push_back({&kLstmHybrid, 200, [](Random& r, Case& c) { lstm(r, c, true); }});
  all.push_back({&kLstmI8, 250, lstm_i8});
  all.push_back({&kRnnF32, 60, [](Random& r, Case& c) { rnn(r, c, false); }});
  all.push_back({&kRnnHybrid, 60, [](Random& r, Case& c) { rnn(r, c, true); }});
  all.push_back({&kSvdfF32, 60, [](Random& r, Case& c) { svdf(r, c, false); }});
  all.push_back({&kSvdfHybrid, 60, [](Random& r, Case& c) { svdf(r, c, true); }});
  all.push_back({&kSvdfI8, 60, [](Random& r, Case& c) { svdf_i8(r, c, false); }});
  all.push_back({&kSvdfI8I8, 60, [](Random& r, Case& c) { svdf_i8(r, c, true); }});
}

}  // namespace mote::kernels::shapes
