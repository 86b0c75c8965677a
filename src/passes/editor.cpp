#include "passes/editor.h"

#include <algorithm>

namespace mote::passes {

Editor::Editor(Graph& graph, Subgraph& subgraph)
    : graph_(graph),
      subgraph_(subgraph),
      is_output_(subgraph.values.size(), false),
      is_input_(subgraph.values.size(), false),
      replaced_by_(subgraph.values.size(), kNoValue),
      dropped_(subgraph.nodes.size(), false) {
  Uses uses = uses_of(subgraph);
  producer_ = std::move(uses.producer);
  readers_ = std::move(uses.readers);
  for (const ValueId id : subgraph.outputs) is_output_[static_cast<size_t>(id)] = true;
  for (const ValueId id : subgraph.inputs) is_input_[static_cast<size_t>(id)] = true;
}

Node& Editor::refresh(size_t n) {
  Node& node = subgraph_.nodes[n];
  for (ValueId& id : node.inputs) id = resolve(id);
  return node;
}

ValueId Editor::resolve(ValueId id) const {
  while (id != kNoValue && replaced_by_[static_cast<size_t>(id)] != kNoValue) {
    id = replaced_by_[static_cast<size_t>(id)];
  }
  return id;
}

int Editor::producer(ValueId id) const {
  id = resolve(id);
  return id == kNoValue ? -1 : producer_[static_cast<size_t>(id)];
}

ValueId Editor::add_constant(std::string name, TensorType type, Buffer data) {
  producer_.push_back(-1);
  readers_.push_back(0);
  is_output_.push_back(false);
  is_input_.push_back(false);
  replaced_by_.push_back(kNoValue);
  return subgraph_.add_constant(std::move(name), std::move(type), std::move(data));
}

void Editor::set_input(size_t n, size_t input, ValueId id) {
  Node& node = subgraph_.nodes[n];
  if (node.inputs.size() <= input) node.inputs.resize(input + 1, kNoValue);
  const ValueId old = resolve(node.inputs[input]);
  if (old != kNoValue) --readers_[static_cast<size_t>(old)];
  node.inputs[input] = id;
  if (id != kNoValue) ++readers_[static_cast<size_t>(resolve(id))];
  changed_ = true;
}

bool Editor::replace(ValueId old, ValueId by) {
  old = resolve(old);
  by = resolve(by);
  if (old == by) return true;
  const auto from = static_cast<size_t>(old);
  const auto to = static_cast<size_t>(by);
  const int maker = producer_[from];
  if (is_output_[from]) {
    // The output keeps its name: what made `by` makes it.
    if (producer_[to] < 0 || is_output_[to] || is_input_[to] || maker < 0) return false;
    if (subgraph_.nodes[static_cast<size_t>(maker)].outputs.size() != 1) return false;
    auto& outputs = subgraph_.nodes[static_cast<size_t>(producer_[to])].outputs;
    std::replace(outputs.begin(), outputs.end(), by, old);
    producer_[from] = producer_[to];
    producer_[to] = -1;
    replaced_by_[to] = old;
    readers_[from] += readers_[to];
    remove_node(static_cast<size_t>(maker));
  } else {
    readers_[to] += readers_[from];
    readers_[from] = 0;
    replaced_by_[from] = by;
    if (maker >= 0 && subgraph_.nodes[static_cast<size_t>(maker)].outputs.size() == 1) {
      remove_node(static_cast<size_t>(maker));
    }
  }
  changed_ = true;
  return true;
}

void Editor::drop(size_t n) { remove_node(n); }

void Editor::remove_node(size_t n) {
  if (dropped_[n]) return;
  dropped_[n] = true;
  changed_ = true;
  for (const ValueId id : subgraph_.nodes[n].inputs) {
    if (id != kNoValue) --readers_[static_cast<size_t>(resolve(id))];
  }
}

bool Editor::finish() {
  if (!changed_) return false;
  std::vector<Node> kept;
  for (size_t n = 0; n < subgraph_.nodes.size(); ++n) {
    if (!dropped_[n]) kept.push_back(std::move(refresh(n)));
  }
  subgraph_.nodes = std::move(kept);
  return true;
}

int producer_through_views(const Editor& editor, ValueId id) {
  Editor& e = const_cast<Editor&>(editor);
  for (;;) {
    const int n = editor.producer(id);
    if (n < 0 || editor.readers(id) != 1) return -1;
    const Node& node = e.refresh(static_cast<size_t>(n));
    if (!node.op->has(kView)) return n;
    const Shape& in = editor.value(node.inputs[0]).type.shape;
    const Shape& out = editor.value(id).type.shape;
    if (in.rank() == 0 || out.rank() == 0 || in.back() != out.back() || in.back() < 0) return -1;
    id = node.inputs[0];
  }
}

std::span<const float> constant_floats(const Value& value) {
  if (!value.is_constant || value.type.dtype != DType::f32) return {};
  return value.data.as<float>();
}

}  // namespace mote::passes
