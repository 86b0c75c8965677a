#include "plan/compile.h"

#include "graph/op.h"
#include "plan/function.h"

namespace mote::plan {
namespace {

// Callees first: a caller must know how much memory they need.
void compile_subgraph(Shared& shared, int index) {
  int& function = shared.function_of_subgraph[static_cast<size_t>(index)];
  if (function >= 0) return;
  for (const Node& node : shared.graph.subgraphs[static_cast<size_t>(index)].nodes) {
    if (!node.op->has(kControlFlow)) continue;
    for (const auto& [name, value] : node.attrs.list()) {
      if (name.ends_with("subgraph_index")) compile_subgraph(shared, std::get<int32_t>(value));
    }
  }
  FunctionBuilder builder(shared, index);
  Function built = builder.build();
  if (index == 0 && shared.options.observe) shared.program.observed = builder.tensor_of_value();
  function = static_cast<int>(shared.program.functions.size());
  shared.program.functions.push_back(std::move(built));
}

// The name that users see: the signature's if there is one, else the value's.
std::vector<Port> ports(const Graph& graph, bool inputs) {
  const Subgraph& main = graph.main();
  std::vector<Port> list;
  for (const ValueId id : inputs ? main.inputs : main.outputs) {
    const Value& value = main.value(id);
    Port port{value.name, value.type.quant.empty() ? 0.0f : value.type.scale(),
              value.type.zero_point()};
    for (const Signature& signature : graph.signatures) {
      if (signature.subgraph != 0) continue;
      for (const auto& [name, named] : inputs ? signature.inputs : signature.outputs) {
        if (named == id) port.name = name;
      }
    }
    list.push_back(std::move(port));
  }
  return list;
}

}  // namespace

Result<Program> compile(const Graph& graph, const Options& options) {
  return capture([&] {
    Program program;
    program.threads = options.threads;
    Shared shared{graph, options, program, {}, {}, std::vector<int>(graph.subgraphs.size(), -1)};
    compile_subgraph(shared, 0);
    // The main function is compiled last; programs have it first.
    const int last = static_cast<int>(program.functions.size()) - 1;
    std::swap(program.functions.front(), program.functions.back());
    for (Function& function : program.functions) {
      for (Step& step : function.steps) {
        for (int* callee : {&step.callee_a, &step.callee_b}) {
          if (*callee == 0) *callee = last;
        }
      }
    }
    program.inputs = ports(graph, true);
    program.outputs = ports(graph, false);
    return program;
  });
}

}  // namespace mote::plan
