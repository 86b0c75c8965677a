#include "passes/specialize.h"

#include "base/error.h"
#include "ops/ops.h"
#include "passes/fuse_list_update.h"
#include "passes/propagate.h"

namespace mote::passes {

void specialize(Graph& graph, std::span<const Shape> input_shapes) {
  const Subgraph& main = graph.main();
  if (input_shapes.size() != main.inputs.size()) {
    fail_user("the model has {} inputs, shapes are given for {}", main.inputs.size(),
              input_shapes.size());
  }
  for (size_t i = 0; i < input_shapes.size(); ++i) {
    const Value& value = main.value(main.inputs[i]);
    const Shape& declared = value.type.shape;
    const Shape& wanted = input_shapes[i];
    bool fits = wanted.is_static() && wanted.rank() == declared.rank() &&
                wanted.bytes(value.type.dtype).has_value();
    for (int d = 0; fits && d < wanted.rank(); ++d) {
      fits = declared[d] == kDynamic || declared[d] == wanted[d];
    }
    if (!fits) {
      fail_user("input '{}' has shape {}, which {} does not fit", value.name, declared.str(),
                wanted.str());
    }
  }
  fuse_list_update(graph);
  if (input_shapes.empty()) {
    propagate(graph, Folding::full);
  } else {
    propagate(graph, Folding::full, input_shapes);
  }
  for (const Node& node : graph.main().nodes) {
    for (const ValueId id : node.outputs) {
      const Value& value = graph.main().value(id);
      if (value.type.shape.is_static()) continue;
      fail_unsupported(
          "{}: the shape {} of its output depends on the data; Mote plans memory before it runs, "
          "so every extent must follow from the input shapes",
          describe(node), value.type.shape.str());
    }
  }
}

std::vector<Shape> default_input_shapes(const Graph& graph) {
  std::vector<Shape> shapes;
  for (const ValueId id : graph.main().inputs) {
    Shape shape = graph.main().value(id).type.shape;
    for (int d = 0; d < shape.rank(); ++d) {
      if (shape[d] == kDynamic) shape[d] = 1;
    }
    shapes.push_back(shape);
  }
  return shapes;
}

}  // namespace mote::passes
