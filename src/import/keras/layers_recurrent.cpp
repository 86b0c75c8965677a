// LSTM, GRU, SimpleRNN, RNN over cells, Bidirectional, TimeDistributed.
#include <algorithm>

#include "import/keras/recurrent.h"

namespace mote::keras {
namespace {

// ---- cells and their weights ------------------------------------------------------------------

void weight_slots(Layer& layer, const char* prefix) {
  add_slot(layer, "kernel", std::string(prefix) + "vars/0");
  add_slot(layer, "recurrent", std::string(prefix) + "vars/1");
  if (layer.config.flag("use_bias", true)) add_slot(layer, "bias", std::string(prefix) + "vars/2");
}
void layer_slots(Layer& layer) { weight_slots(layer, "cell/"); }
void cell_slots(Layer& layer) { weight_slots(layer, ""); }

void cell_inner(Layer& layer) { add_inner(layer, layer.config["cell"], "cell"); }

void stacked_inner(Layer& layer) {
  std::vector<std::string> used;
  for (const Config& cell : layer.config["cells"].items()) {
    const std::string snake = snake_case(cell.text("class_name"));
    const auto count = std::count(used.begin(), used.end(), snake);
    used.push_back(snake);
    add_inner(layer, cell,
              "cells/" + snake + (count == 0 ? std::string() : fmt::format("_{}", count)));
  }
  if (layer.layers.empty()) fail_user("has no cells");
}

Arg only_in_rnn(Call&) { fail_unsupported("a cell outside an RNN layer"); }

struct NamedCell {
  std::string_view class_name;
  CellKind kind;
};
constexpr NamedCell kCells[] = {
    {"LSTMCell", CellKind::lstm}, {"GRUCell", CellKind::gru}, {"SimpleRNNCell", CellKind::simple}};

// A cell, or the cells of a stack.
void collect_cells(const Layer& layer, std::vector<Cell>* cells) {
  if (layer.class_name == "StackedRNNCells") {
    for (const auto& inner : layer.layers) collect_cells(*inner, cells);
    return;
  }
  for (const NamedCell& known : kCells) {
    if (known.class_name == layer.class_name) {
      cells->push_back(read_cell(layer, known.kind));
      return;
    }
  }
  fail_unsupported("the cell {} of class {}", layer.name, layer.class_name);
}

// ---- sequences --------------------------------------------------------------------------------

std::vector<ValueId> initial_states(const Call& c) {
  std::vector<ValueId> states;
  for (const Tensor& tensor : c.tensors(99, "initial_state")) states.push_back(tensor.id);
  // Keras 2 lists the states after the input.
  if (states.empty() && !c.args().empty() && c.args()[0].kind == Arg::Kind::list) {
    const std::vector<Tensor> all = tensors_of(c.args()[0]);
    for (size_t i = 1; i < all.size(); ++i) states.push_back(all[i].id);
  }
  return states;
}

// A stack of cells runs like as many layers, each over the whole output of the one before: masked
// steps leave every cell's state as it was.
Arg run_cells(Call& c, const std::vector<Cell>& cells) {
  if (c.config.flag("stateful", false)) {
    fail_unsupported(
        "stateful=True keeps its state between calls; rebuild the layer with "
        "stateful=False, or pass the states as inputs and outputs");
  }
  const Tensor x = c.args().at(0).is_tensor() ? c.args()[0].tensor : tensors_of(c.args()[0]).at(0);
  const Tensor given = c.optional_tensor(1, "mask");
  const bool sequences = c.config.flag("return_sequences", false);
  const bool states = c.config.flag("return_state", false);
  const std::vector<ValueId> initial = initial_states(c);
  Sequence s;
  s.x = x.id;
  s.mask = given.id != kNoValue ? given.id : x.mask;
  s.backwards = c.config.flag("go_backwards", false);
  s.zero_where_masked = c.config.flag("zero_output_for_mask", false);
  s.want_states = states;
  std::vector<Arg> results = {Arg()};
  size_t next_state = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    const bool last = i + 1 == cells.size();
    s.all_outputs = !last || sequences;
    s.initial.clear();
    if (!initial.empty()) {
      if (next_state + cells[i].states() > initial.size()) fail_user("has too few initial states");
      s.initial.assign(
          initial.begin() + static_cast<std::ptrdiff_t>(next_state),
          initial.begin() + static_cast<std::ptrdiff_t>(next_state + cells[i].states()));
      next_state += cells[i].states();
    }
    const SequenceResult result = run_cell(c, cells[i], s);
    for (const ValueId state : result.states) results.push_back(Arg(state));
    s.x = result.output;
    // The output of the first cell is in the order of its steps already.
    if (s.backwards && s.mask != kNoValue && !last) s.mask = c.b.reverse(s.mask, 1);
    s.backwards = false;
  }
  results[0] = Arg(Tensor{s.x, sequences ? (given.id != kNoValue ? given.id : x.mask) : kNoValue});
  return states ? Arg::list(std::move(results)) : results[0];
}

template <CellKind kind>
Arg recurrent(Call& c) {
  return run_cells(c, {read_cell(c.layer, kind)});
}

Arg rnn(Call& c) {
  std::vector<Cell> cells;
  collect_cells(c.layer.inner("cell"), &cells);
  return run_cells(c, cells);
}

// ---- Bidirectional ----------------------------------------------------------------------------

void bidirectional_inner(Layer& layer) {
  add_inner(layer, layer.config["layer"], "forward_layer");
  Layer& backward = add_inner(
      layer,
      layer.config.has("backward_layer") ? layer.config["backward_layer"] : layer.config["layer"],
      "backward_layer");
  // Without a configuration of its own the backward layer is the same layer, the other way.
  if (!layer.config.has("backward_layer")) {
    backward.config.set("go_backwards",
                        Config::of(!layer.layers[0]->config.flag("go_backwards", false)));
  }
}

ValueId merge(GraphBuilder& b, const std::string& mode, ValueId forward, ValueId backward) {
  if (mode == "concat") return b.concat({forward, backward}, -1);
  if (mode == "sum") return b.add(forward, backward);
  if (mode == "mul") return b.mul(forward, backward);
  if (mode == "ave") return b.mul(b.add(forward, backward), b.scalar(0.5f));
  fail_user("merge_mode '{}' is not known", mode);
}

Arg bidirectional(Call& c) {
  const Layer& forward_layer = c.layer.inner("forward_layer");
  const bool sequences = forward_layer.config.flag("return_sequences", false);
  Tensor x = c.args().at(0).is_tensor() ? c.args()[0].tensor : tensors_of(c.args()[0]).at(0);
  const Tensor given = c.optional_tensor(1, "mask");
  if (given.id != kNoValue) x.mask = given.id;
  const std::vector<ValueId> initial = initial_states(c);
  const auto run = [&](const char* name, size_t first) {
    Keywords keywords;
    if (!initial.empty()) {
      std::vector<Arg> half;
      for (size_t i = first; i < first + initial.size() / 2; ++i) half.emplace_back(initial[i]);
      keywords.emplace_back("initial_state", Arg::list(std::move(half)));
    }
    return call_layer(c.layer.inner(name), c.b, {Arg(x)}, std::move(keywords));
  };
  const Arg forward = run("forward_layer", 0);
  const Arg backward = run("backward_layer", initial.size() / 2);
  const std::vector<Tensor> f = tensors_of(forward), r = tensors_of(backward);
  const ValueId reversed = sequences ? c.b.reverse(r.at(0).id, 1) : r.at(0).id;
  const ValueId mask = sequences ? x.mask : kNoValue;
  std::vector<Arg> results;
  if (c.config["merge_mode"].is_null()) {
    results = {Arg(Tensor{f.at(0).id, mask}), Arg(Tensor{reversed, mask})};
  } else {
    results = {Arg(Tensor{merge(c.b, c.config.text("merge_mode"), f.at(0).id, reversed), mask})};
  }
  for (size_t i = 1; i < f.size(); ++i) results.emplace_back(f[i]);
  for (size_t i = 1; i < r.size(); ++i) results.emplace_back(r[i]);
  return results.size() == 1 ? results[0] : Arg::list(std::move(results));
}

// ---- TimeDistributed --------------------------------------------------------------------------

void distributed_inner(Layer& layer) { add_inner(layer, layer.config["layer"], "layer"); }

// Time becomes part of the batch. Dense and its like work on the last axis anyway, so nothing has
// to move for them.
Arg time_distributed(Call& c) {
  const Tensor x = c.tensor();
  Layer& inner = c.layer.inner("layer");
  const std::string& name = inner.class_name;
  const bool on_last_axis = name == "Dense" || name == "Dropout" || name == "Activation" ||
                            name == "ReLU" || name == "LeakyReLU" || name == "Rescaling";
  if (on_last_axis) {
    const Tensor y = tensors_of(call_layer(inner, c.b, {Arg(x.id)}, {})).at(0);
    return Arg(Tensor{y.id, x.mask});
  }
  const Extent batch = c.b.extent(x.id, 0), time = c.b.extent(x.id, 1);
  std::vector<Extent> shape = c.b.extents(x.id);
  const bool known = batch.of == kNoValue && time.of == kNoValue;
  shape.erase(shape.begin());
  shape[0] = Extent(known ? batch.size * time.size : kDynamic);
  const ValueId folded = c.b.reshape(x.id, shape);
  const ValueId y = tensors_of(call_layer(inner, c.b, {Arg(folded)}, {})).at(0).id;
  std::vector<Extent> out = c.b.extents(y);
  out[0] = time;
  out.insert(out.begin(), batch);
  return Arg(Tensor{c.b.reshape(y, out), x.mask});
}

constexpr Importer kTable[] = {
    {"LSTM", recurrent<CellKind::lstm>, layer_slots},
    {"GRU", recurrent<CellKind::gru>, layer_slots},
    {"SimpleRNN", recurrent<CellKind::simple>, layer_slots},
    {"RNN", rnn, nullptr, cell_inner},
    {"LSTMCell", only_in_rnn, cell_slots},
    {"GRUCell", only_in_rnn, cell_slots},
    {"SimpleRNNCell", only_in_rnn, cell_slots},
    {"StackedRNNCells", only_in_rnn, nullptr, stacked_inner},
    {"Bidirectional", bidirectional, nullptr, bidirectional_inner},
    {"TimeDistributed", time_distributed, nullptr, distributed_inner},
};

}  // namespace

std::span<const Importer> recurrent_layers() { return kTable; }

}  // namespace mote::keras
