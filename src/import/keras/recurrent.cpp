#include "import/keras/recurrent.h"

#include "import/einsum.h"
#include "import/keras/activations.h"

namespace mote::keras {
namespace {

// Sequences up to this length are written out step by step.
constexpr int64_t kMaxUnrolled = 3;

// Rows [first, first + count) of a matrix that is stored as [columns, rows].
std::vector<float> transposed_block(const std::vector<float>& stored, int64_t columns, int64_t rows,
                                    int64_t first, int64_t count) {
  std::vector<float> block;
  block.reserve(static_cast<size_t>(columns * count));
  for (int64_t r = first; r < first + count; ++r) {
    for (int64_t k = 0; k < columns; ++k) {
      block.push_back(stored[static_cast<size_t>(k * rows + r)]);
    }
  }
  return block;
}

std::vector<float> part(const std::vector<float>& values, int64_t first, int64_t count) {
  return {values.begin() + first, values.begin() + first + count};
}

// ---- whole-sequence operators -----------------------------------------------------------------

// The fused activation code of an activation's name; empty if kernels can't fuse it.
std::optional<Activation> fused(const Config& activation) {
  const std::string name = activation_name(activation);
  if (name == "tanh") return Activation::tanh;
  if (name == "relu") return Activation::relu;
  if (name == "relu6") return Activation::relu6;
  return std::nullopt;
}

bool has_whole_operator(const Cell& cell, const Sequence& s) {
  if (s.mask != kNoValue || !s.initial.empty() || cell.kind == CellKind::gru) return false;
  if (!fused(cell.activation)) return false;
  if (cell.kind == CellKind::simple) return true;
  return activation_name(cell.recurrent_activation) == "sigmoid" && !s.want_states;
}

// Keras orders an LSTM's gates input, forget, cell, output, as the operator does.
ValueId whole_lstm(GraphBuilder& b, const Cell& cell, ValueId x) {
  const int64_t units = cell.units;
  std::vector<ValueId> inputs(24, kNoValue);
  inputs[0] = x;
  for (int64_t gate = 0; gate < 4; ++gate) {
    const auto at = static_cast<size_t>(gate);
    inputs[1 + at] =
        b.constant(transposed_block(cell.kernel, cell.input, 4 * units, gate * units, units),
                   Shape{units, cell.input});
    inputs[5 + at] =
        b.constant(transposed_block(cell.recurrent, units, 4 * units, gate * units, units),
                   Shape{units, units});
    inputs[12 + at] =
        b.floats(cell.bias.empty() ? std::vector<float>(static_cast<size_t>(units), 0.0f)
                                   : part(cell.bias, gate * units, units));
  }
  const TensorType state{DType::f32, Shape{b.shape(x)[0], units}, {}};
  inputs[18] = b.variable(state);
  inputs[19] = b.variable(state);
  return b.op("unidirectional_sequence_lstm", inputs,
              {{"activation", Enumerator{static_cast<int32_t>(*fused(cell.activation)), {}}},
               {"time_major", false}});
}

ValueId whole_simple(GraphBuilder& b, const Cell& cell, ValueId x) {
  const int64_t units = cell.units;
  const ValueId weights = b.constant(transposed_block(cell.kernel, cell.input, units, 0, units),
                                     Shape{units, cell.input});
  const ValueId recurrent =
      b.constant(transposed_block(cell.recurrent, units, units, 0, units), Shape{units, units});
  const ValueId bias = b.floats(
      cell.bias.empty() ? std::vector<float>(static_cast<size_t>(units), 0.0f) : cell.bias);
  const ValueId state = b.variable({DType::f32, Shape{b.shape(x)[0], units}, {}});
  return b.op("unidirectional_sequence_rnn", {x, weights, recurrent, bias, state},
              {{"activation", Enumerator{static_cast<int32_t>(*fused(cell.activation)), {}}},
               {"time_major", false}});
}

// The last step of [batch, time, units].
ValueId last_step(GraphBuilder& b, ValueId x) {
  return b.op(
      "strided_slice", {x, b.ints({0, -1, 0}), b.ints({0, 0, 0}), b.ints({1, 1, 1})},
      {{"begin_mask", int32_t{5}}, {"end_mask", int32_t{7}}, {"shrink_axis_mask", int32_t{2}}});
}

SequenceResult run_whole(Call& c, const Cell& cell, const Sequence& s) {
  const ValueId x = s.backwards ? c.b.reverse(s.x, 1) : s.x;
  const ValueId all =
      cell.kind == CellKind::lstm ? whole_lstm(c.b, cell, x) : whole_simple(c.b, cell, x);
  SequenceResult result;
  const ValueId last = s.all_outputs && !s.want_states ? kNoValue : last_step(c.b, all);
  result.output = s.all_outputs ? all : last;
  if (s.want_states) result.states = {last};
  return result;
}

// ---- one step ---------------------------------------------------------------------------------

// Writes the steps of a cell into the current subgraph. h and c are kNoValue where they are zero.
class Stepper {
 public:
  Stepper(Call& call, const Cell& cell) : call_(call), b_(call.b), cell_(cell) {}

  // W x + b for every step at once: [batch, time, gates * units].
  ValueId project(ValueId x) {
    const int64_t rows = cell_.gates() * cell_.units;
    const ValueId weights = b_.constant(transposed_block(cell_.kernel, cell_.input, rows, 0, rows),
                                        Shape{rows, cell_.input});
    return b_.fully_connected(x, weights,
                              cell_.bias.empty() ? kNoValue : b_.floats(part(cell_.bias, 0, rows)));
  }

  // The new states, the output first.
  std::vector<ValueId> step(ValueId projected, const std::vector<ValueId>& states) {
    switch (cell_.kind) {
      case CellKind::lstm:
        return lstm(projected, states[0], states[1]);
      case CellKind::gru:
        return {gru(projected, states[0])};
      case CellKind::simple:
        return {act(plus_recurrent(projected, states[0], 0, 1))};
    }
    fail_internal("unknown cell");
  }

 private:
  ValueId act(ValueId x) { return activate(call_, cell_.activation, x); }
  ValueId gate(ValueId x) { return activate(call_, cell_.recurrent_activation, x); }

  // U h for gates [first, first + count), with the bias that belongs to it (GRU, reset_after).
  ValueId recurrent(ValueId h, int64_t first, int64_t count) {
    const int64_t units = cell_.units, rows = cell_.gates() * units;
    const bool biased = cell_.kind == CellKind::gru && cell_.reset_after && !cell_.bias.empty();
    const ValueId bias =
        biased ? b_.floats(part(cell_.bias, rows + first * units, count * units)) : kNoValue;
    if (h == kNoValue) return bias;
    const ValueId weights =
        b_.constant(transposed_block(cell_.recurrent, units, rows, first * units, count * units),
                    Shape{count * units, units});
    return b_.fully_connected(h, weights, bias);
  }

  ValueId plus_recurrent(ValueId projected, ValueId h, int64_t first, int64_t count) {
    const ValueId r = recurrent(h, first, count);
    return r == kNoValue ? projected : b_.add(projected, r);
  }

  std::vector<ValueId> lstm(ValueId projected, ValueId h, ValueId c) {
    const std::vector<ValueId> z = b_.split(plus_recurrent(projected, h, 0, 4), -1, 4);
    ValueId cell = b_.mul(gate(z[0]), act(z[2]));
    if (c != kNoValue) cell = b_.add(b_.mul(gate(z[1]), c), cell);
    return {b_.mul(gate(z[3]), act(cell)), cell};
  }

  ValueId gru(ValueId projected, ValueId h) {
    const std::vector<ValueId> x = b_.split(projected, -1, 3);
    ValueId update, candidate;
    if (cell_.reset_after) {
      const ValueId all = recurrent(h, 0, 3);
      std::vector<ValueId> r(3, kNoValue);
      if (all != kNoValue) r = b_.split(all, -1, 3);
      const auto plus = [&](ValueId a, ValueId other) {
        return other == kNoValue ? a : b_.add(a, other);
      };
      update = gate(plus(x[0], r[0]));
      candidate =
          r[2] == kNoValue ? act(x[2]) : act(b_.add(x[2], b_.mul(gate(plus(x[1], r[1])), r[2])));
    } else {
      update = gate(plus_recurrent(x[0], h, 0, 1));
      if (h == kNoValue) {
        candidate = act(x[2]);
      } else {
        const ValueId reset = gate(plus_recurrent(x[1], h, 1, 1));
        candidate = act(plus_recurrent(x[2], b_.mul(reset, h), 2, 1));
      }
    }
    // update * h + (1 - update) * candidate
    if (h == kNoValue) return b_.sub(candidate, b_.mul(update, candidate));
    return b_.add(candidate, b_.mul(update, b_.sub(h, candidate)));
  }

  Call& call_;
  GraphBuilder& b_;
  const Cell& cell_;
};

ValueId zero_like(GraphBuilder& b, ValueId x) { return b.mul(x, b.scalar(0)); }

// ---- unrolled ---------------------------------------------------------------------------------

std::vector<ValueId> unpack(GraphBuilder& b, ValueId x, int axis, int64_t count) {
  return b.add_node("unpack", {x}, {{"num", static_cast<int32_t>(count)}, {"axis", int32_t{axis}}},
                    static_cast<int>(count));
}

SequenceResult run_unrolled(Call& c, const Cell& cell, const Sequence& s, int64_t steps) {
  GraphBuilder& b = c.b;
  Stepper stepper(c, cell);
  const std::vector<ValueId> projected = unpack(b, stepper.project(s.x), 1, steps);
  std::vector<ValueId> masks;
  if (s.mask != kNoValue) masks = unpack(b, b.expand(s.mask, 2), 1, steps);
  std::vector<ValueId> states = s.initial, outputs;
  states.resize(cell.states(), kNoValue);
  for (int64_t i = 0; i < steps; ++i) {
    const auto t = static_cast<size_t>(s.backwards ? steps - 1 - i : i);
    std::vector<ValueId> next = stepper.step(projected[t], states);
    ValueId out = next[0];
    if (!masks.empty()) {
      for (size_t k = 0; k < next.size(); ++k) {
        const ValueId old = states[k] == kNoValue ? zero_like(b, next[k]) : states[k];
        next[k] = b.select(masks[t], next[k], old);
      }
      out = s.zero_where_masked ? b.select(masks[t], next[0], zero_like(b, next[0])) : next[0];
    }
    states = std::move(next);
    if (s.all_outputs) {
      outputs.push_back(out);
    } else {
      outputs = {out};
    }
  }
  SequenceResult result;
  result.output = s.all_outputs ? b.pack(outputs, 1) : outputs[0];
  if (s.want_states) result.states = states;
  return result;
}

// ---- a loop -----------------------------------------------------------------------------------

// while (t < steps) { states = step(projected[:, t], states); outputs[:, t] = states[0]; ++t }
class Loop {
 public:
  Loop(Call& call, const Cell& cell, const Sequence& sequence)
      : b_(call.b), s_(sequence), cell_(cell), stepper_(call, cell) {}

  SequenceResult run() {
    const ValueId projected = stepper_.project(s_.x);
    variables_ = {b_.scalar_int(0), s_.backwards ? b_.reverse(projected, 1) : projected};
    for (size_t i = 0; i < cell_.states(); ++i) {
      variables_.push_back(s_.initial.empty()
                               ? b_.fill({b_.extent(projected, 0), Extent(cell_.units)}, 0)
                               : s_.initial[i]);
    }
    if (s_.mask != kNoValue) {
      mask_at_ = variables_.size();
      variables_.push_back(s_.backwards ? b_.reverse(s_.mask, 1) : s_.mask);
    }
    if (s_.all_outputs) {
      outputs_at_ = variables_.size();
      variables_.push_back(
          b_.fill({b_.extent(projected, 0), b_.extent(projected, 1), Extent(cell_.units)}, 0));
    } else if (s_.mask != kNoValue && s_.zero_where_masked) {
      outputs_at_ = variables_.size();
      variables_.push_back(b_.fill({b_.extent(projected, 0), Extent(cell_.units)}, 0));
    }
    std::vector<TensorType> types;
    for (const ValueId variable : variables_) types.push_back(b_.type(variable));
    const int cond = condition(types), body = step_body(types);
    const std::vector<ValueId> results = b_.add_node(
        "while", variables_,
        {{"cond_subgraph_index", int32_t{cond}}, {"body_subgraph_index", int32_t{body}}},
        static_cast<int>(variables_.size()));
    SequenceResult result;
    result.output = outputs_at_ != 0 ? results[outputs_at_] : results[kStates];
    if (s_.want_states) {
      result.states.assign(results.begin() + kStates,
                           results.begin() + kStates + static_cast<int>(cell_.states()));
    }
    return result;
  }

 private:
  static constexpr int kStates = 2;  // after the step's number and the projected input

  std::vector<ValueId> arguments(const std::vector<TensorType>& types) {
    std::vector<ValueId> inputs;
    for (size_t i = 0; i < types.size(); ++i) {
      inputs.push_back(b_.input(fmt::format("v{}", i), types[i]));
    }
    return inputs;
  }

  int condition(const std::vector<TensorType>& types) {
    const int index = b_.open_subgraph(b_.layer() + "_cond");
    const std::vector<ValueId> inputs = arguments(types);
    const Extent steps = b_.extent(inputs[1], 1);
    const ValueId limit = steps.of == kNoValue ? b_.scalar_int(static_cast<int32_t>(steps.size))
                                               : b_.reshape(b_.shape_value({steps}), {});
    b_.output(b_.binary("less", inputs[0], limit));
    b_.close_subgraph();
    return index;
  }

  int step_body(const std::vector<TensorType>& types) {
    const int index = b_.open_subgraph(b_.layer() + "_body");
    const std::vector<ValueId> in = arguments(types);
    std::vector<ValueId> out = in;
    out[0] = b_.add(in[0], b_.scalar_int(1));
    const std::vector<ValueId> states(in.begin() + kStates,
                                      in.begin() + kStates + static_cast<int>(cell_.states()));
    std::vector<ValueId> next = stepper_.step(b_.gather(in[1], in[0], 1), states);
    ValueId mask = kNoValue;
    if (mask_at_ != 0) {
      mask = b_.expand(b_.gather(in[mask_at_], in[0], 1), 1);
      for (size_t k = 0; k < next.size(); ++k) next[k] = b_.select(mask, next[k], states[k]);
    }
    std::copy(next.begin(), next.end(), out.begin() + kStates);
    if (outputs_at_ != 0) {
      ValueId output = next[0];
      if (mask != kNoValue && s_.zero_where_masked) {
        output = b_.select(mask, output, b_.scalar(0));
      }
      out[outputs_at_] = output;
      if (s_.all_outputs) {
        const ValueId where = b_.pack({b_.scalar_int(0), in[0], b_.scalar_int(0)}, 0);
        out[outputs_at_] =
            b_.op("dynamic_update_slice", {in[outputs_at_], b_.expand(output, 1), where});
      }
    }
    for (const ValueId value : out) b_.output(value);
    b_.close_subgraph();
    return index;
  }

  GraphBuilder& b_;
  const Sequence& s_;
  const Cell& cell_;
  Stepper stepper_;
  std::vector<ValueId> variables_;
  size_t mask_at_ = 0, outputs_at_ = 0;  // 0: there is none
};

}  // namespace

Cell read_cell(const Layer& layer, CellKind kind) {
  const Config& config = layer.config;
  Cell cell;
  cell.kind = kind;
  cell.units = config.integer("units");
  cell.activation = config.has("activation") ? config["activation"] : Config();
  if (!config.has("recurrent_activation") && kind != CellKind::simple) {
    cell.recurrent_activation = Config::of(std::string("sigmoid"));
  } else {
    cell.recurrent_activation = config["recurrent_activation"];
  }
  // Keras 2 before TensorFlow 2 had no reset_after.
  cell.reset_after = config.flag("reset_after", !layer.keras2);
  const auto values = [&](const char* role) {
    const std::span<const float> all = layer.weight(role).data.as<float>();
    return std::vector<float>(all.begin(), all.end());
  };
  cell.kernel = values("kernel");
  cell.recurrent = values("recurrent");
  if (layer.has_weight("bias")) cell.bias = values("bias");
  const Shape& kernel = layer.weight("kernel").shape;
  const int64_t rows = cell.gates() * cell.units;
  const int64_t biases = rows * (kind == CellKind::gru && cell.reset_after ? 2 : 1);
  if (kernel.rank() != 2 || kernel[1] != rows || cell.units < 1 ||
      !(layer.weight("recurrent").shape == Shape{cell.units, rows}) ||
      (!cell.bias.empty() && static_cast<int64_t>(cell.bias.size()) != biases)) {
    fail_user("its weights do not fit {} units", cell.units);
  }
  cell.input = kernel[0];
  return cell;
}

SequenceResult run_cell(Call& c, const Cell& cell, const Sequence& s) {
  const Shape& shape = c.b.shape(s.x);
  if (shape.rank() != 3 || shape[2] != cell.input) {
    fail_user("needs an input of [batch, time, {}], and gets {}", cell.input, shape.str());
  }
  if (!s.initial.empty() && s.initial.size() != cell.states()) {
    fail_user("needs {} initial states, and gets {}", cell.states(), s.initial.size());
  }
  if (!s.initial.empty() && s.mask != kNoValue) {
    fail_unsupported("a mask together with initial states");
  }
  if (has_whole_operator(cell, s)) return run_whole(c, cell, s);
  if (shape[1] != kDynamic && shape[1] <= kMaxUnrolled) {
    return run_unrolled(c, cell, s, shape[1]);
  }
  return Loop(c, cell, s).run();
}

}  // namespace mote::keras
