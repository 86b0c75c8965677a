#include "passes/specialize.h"

#include "base/error.h"
#include "ops/ops.h"
#include "passes/fuse_list_update.h"
#include "passes/propagate.h"

namespace mote::passes {
namespace {

// State has the batch size of the operator that keeps it, where it has none of its own.
void size_variables(Subgraph& main) {
  for (const Node& node : main.nodes) {
    for (const ValueId id : node.inputs) {
      if (id == kNoValue || !main.value(id).is_variable || node.outputs.empty()) continue;
      Shape& state = main.value(id).type.shape;
      const Shape& out = main.value(node.outputs[0]).type.shape;
      const bool time_first =
          node.attrs.has("time_major") && std::get<bool>(node.attrs.get("time_major"));
      const int batch_axis = time_first ? 1 : 0;
      if (state.rank() > 0 && state[0] == kDynamic && batch_axis < out.rank()) {
        state[0] = out[batch_axis];
      }
    }
  }
}

}  // namespace

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
  if constexpr (has_record("DynamicUpdateSlice")) fuse_list_update(graph);
  if (input_shapes.empty()) {
    propagate(graph, Folding::full);
  } else {
    propagate(graph, Folding::full, input_shapes);
  }
  size_variables(graph.main());
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
