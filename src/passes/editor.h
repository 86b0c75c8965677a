// Rewriting one subgraph in place: the bookkeeping that every pass needs.
#pragma once

#include <string_view>
#include <vector>

#include "graph/op.h"

namespace mote::passes {

// Nodes are visited in order; a pass changes, joins or drops them, and `finish` cleans up. Values
// that were replaced are followed through `resolve`, so a node is read after `refresh`.
class Editor {
 public:
  Editor(Graph& graph, Subgraph& subgraph);

  Graph& graph() { return graph_; }
  Subgraph& subgraph() { return subgraph_; }
  size_t size() const { return subgraph_.nodes.size(); }
  bool alive(size_t n) const { return !dropped_[n]; }
  // Node n with its inputs brought up to date.
  Node& refresh(size_t n);
  NodeView view(const Node& node) const { return {graph_, subgraph_, node}; }

  ValueId resolve(ValueId id) const;
  const Value& value(ValueId id) const { return subgraph_.value(resolve(id)); }
  // The index of the node that makes a value, -1 if none does.
  int producer(ValueId id) const;
  // How many node inputs and subgraph outputs read it.
  int readers(ValueId id) const { return readers_[static_cast<size_t>(resolve(id))]; }
  bool is_output(ValueId id) const { return is_output_[static_cast<size_t>(id)]; }

  ValueId add_constant(std::string name, TensorType type, Buffer data);
  void set_input(size_t n, size_t input, ValueId id);

  // Everything that reads `old` reads `by` instead, which must have the same type; the node that
  // made `old` goes if it made nothing else. Refused (false) if that would join two outputs of the
  // subgraph, or make one an input or a constant.
  bool replace(ValueId old, ValueId by);
  void drop(size_t n);

  // Removes what was dropped and what nothing needs any more. True if anything changed.
  bool finish();
  void touch() { changed_ = true; }

 private:
  void remove_node(size_t n);

  Graph& graph_;
  Subgraph& subgraph_;
  std::vector<int> producer_;
  std::vector<int> readers_;
  std::vector<bool> is_output_;
  std::vector<bool> is_input_;
  std::vector<ValueId> replaced_by_;
  std::vector<bool> dropped_;
  bool changed_ = false;
};

inline bool is(const Node& node, std::string_view op) { return node.op && op == node.op->name; }

// Runs `body(editor)` on every subgraph; true if any changed. Dead nodes and values are gone
// afterwards.
template <class Body>
bool edit(Graph& graph, Body body) {
  bool changed = false;
  for (Subgraph& subgraph : graph.subgraphs) {
    Editor editor(graph, subgraph);
    body(editor);
    changed |= editor.finish();
  }
  if (changed) remove_dead(graph);
  return changed;
}

// The node that computes `id`, seen through views that keep the last axis and that nothing else
// reads; -1 if there is none, or if something else reads the value on the way.
int producer_through_views(const Editor& editor, ValueId id);

// A constant float32 value as a span; empty if it is not that.
std::span<const float> constant_floats(const Value& value);

}  // namespace mote::passes
