#include "train/differentiate.h"

#include "base/error.h"
#include "ops/grad.h"
#include "ops/ops.h"

namespace mote::train {
namespace {

// Values that depend on any of `values`: those whose gradient somebody needs.
std::vector<bool> wanted_by(const Subgraph& subgraph, std::span<const ValueId> values) {
  std::vector<bool> wanted(subgraph.values.size());
  for (const ValueId value : values) wanted[static_cast<size_t>(value)] = true;
  for (const Node& node : subgraph.nodes) {
    bool any = false;
    for (const ValueId input : node.inputs) {
      any |= input != kNoValue && wanted[static_cast<size_t>(input)];
    }
    if (!any) continue;
    for (const ValueId output : node.outputs) wanted[static_cast<size_t>(output)] = true;
  }
  return wanted;
}

}  // namespace

std::vector<ValueId> differentiate(GraphBuilder& builder, ValueId loss,
                                   std::span<const ValueId> values) {
  const Graph forward = builder.graph();  // the builder's own moves while gradients are written
  const Subgraph& main = forward.main();
  const std::vector<bool> wanted = wanted_by(main, values);
  Gradients gradients(builder);
  gradients.add(loss, builder.scalar(1));
  for (auto node = main.nodes.rbegin(); node != main.nodes.rend(); ++node) {
    bool reached = false, needed = false;
    for (const ValueId output : node->outputs) {
      reached |= gradients.of(output) != kNoValue;
      needed |= wanted[static_cast<size_t>(output)];
    }
    if (!reached || !needed) continue;
    if (!node->op->grad) {
      fail_unsupported("{} can't be trained through: {}", describe(*node),
                       node->op->no_grad ? node->op->no_grad : "it has no gradient");
    }
    GradContext context(forward, main, *node, builder, gradients, wanted);
    builder.set_layer(node->layer);
    with_context(describe(*node) + ": its gradient", [&] { node->op->grad(context); });
  }
  std::vector<ValueId> found;
  for (const ValueId value : values) found.push_back(gradients.of(value));
  return found;
}

}  // namespace mote::train
