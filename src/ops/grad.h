// Differentiation of one node: what a record's `grad` sees and says. Reverse mode: it is given the
// loss's gradient with respect to the node's outputs and builds nodes that compute that with respect
// to its inputs, so a gradient is a graph like any other and is planned and run as one.
//
//   // y = tanh(x): dx = dy * (1 - y^2)
//   void grad_tanh(GradContext& c) {
//     GraphBuilder& b = c.b();
//     c.give(0, b.mul(c.dy(), b.sub(b.scalar(1), b.unary("square", c.y()))));
//   }
#pragma once

#include "graph/op.h"
#include "ops/builder.h"

namespace mote {

// What the nodes so far have said of the loss's gradient, by value; sums are built where a value is
// read more than once.
class Gradients {
 public:
  explicit Gradients(GraphBuilder& builder) : b_(&builder) {}
  // kNoValue: the loss does not depend on it.
  ValueId of(ValueId value) const;
  // Adds a part; it must have the value's shape.
  void add(ValueId value, ValueId part);

 private:
  GraphBuilder* b_;
  std::vector<ValueId> sums_;  // by value
};

// The NodeView sees the forward graph as it was before any gradient was built (its references stay
// valid while `b` grows the graph); values have the same numbers in both.
class GradContext : public NodeView {
 public:
  // `wanted`: whether the loss's gradient with respect to a value is needed, by value.
  GradContext(const Graph& graph, const Subgraph& subgraph, const Node& node, GraphBuilder& builder,
              Gradients& gradients, const std::vector<bool>& wanted)
      : NodeView(graph, subgraph, node), b_(&builder), gradients_(&gradients), wanted_(&wanted) {}

  GraphBuilder& b() const { return *b_; }
  ValueId x(int i = 0) const { return node().inputs[static_cast<size_t>(i)]; }
  ValueId y(int i = 0) const { return node().outputs[static_cast<size_t>(i)]; }
  // The gradient of output i, of its shape; kNoValue if the loss does not depend on it. Output 0 of
  // a node with one output always has one.
  ValueId dy(int i = 0) const { return gradients_->of(y(i)); }
  // Whether anybody needs the gradient of input i. Building it in vain does no harm.
  bool wants(int i) const { return has(i) && (*wanted_)[static_cast<size_t>(x(i))]; }
  // dL/dx_i += dx, which must have x_i's shape.
  void give(int i, ValueId dx) { gradients_->add(x(i), dx); }

 private:
  GraphBuilder* b_;
  Gradients* gradients_;
  const std::vector<bool>* wanted_;
};

}  // namespace mote
