#include "driver/convert.h"

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "driver/precision.h"
#include "export/tflite/tflite.h"
#include "ops/ops.h"

namespace mote::driver {
namespace {

// The shapes that the user fixes, and every shape that follows from them.
void fix_shapes(Graph& graph, const std::vector<NamedShape>& shapes) {
  if (shapes.empty()) return;
  const std::vector<PortInfo> inputs = inputs_of(graph);
  for (const auto& [name, shape] : shapes) {
    const PortInfo& port = inputs[find_port(inputs, name, "input")];
    if (shape.rank() != port.type.shape.rank()) {
      fail_user("input '{}' has shape {}; {} has another rank", port.name, port.type.shape.str(),
                shape.str());
    }
    graph.main().value(port.value).type.shape = shape;
  }
  infer_types(graph);
}

void count_operators(const Graph& graph, ConvertReport* report) {
  for (const Subgraph& subgraph : graph.subgraphs) {
    for (const Node& node : subgraph.nodes) {
      const NodeView view(graph, subgraph, node);
      ++report->precisions[{node.op->name, precision_of(view)}];
    }
    for (const Value& value : subgraph.values) {
      if (value.is_constant) report->parameters += value.type.shape.elements();
    }
  }
}

void check_options(const ConvertOptions& options) {
  if (file_extension(options.output) != ".tflite") {
    fail_user("{}: Mote writes .tflite; name the output so", options.output);
  }
  std::error_code error;
  if (std::filesystem::equivalent(options.model, options.output, error)) {
    fail_user("{}: the output is the model itself; give it another name", options.output);
  }
}

ConvertReport convert_checked(const ConvertOptions& options) {
  check_options(options);
  Model model = load_model(options.model);
  ConvertReport report;
  report.source_bytes = model.file_bytes;
  report.source_format = model.format;
  with_context(options.model, [&] { fix_shapes(model.graph, options.shapes); });
  optimize(model);
  if (options.quantize != "none") fail_unsupported("--quantize {}", options.quantize);
  with_context(options.model, [&] { export_tflite(model.graph, options.output).value(); });
  report.output_bytes = map_file(options.output).size();
  report.inputs = inputs_of(model.graph);
  report.outputs = outputs_of(model.graph);
  count_operators(model.graph, &report);
  return report;
}

}  // namespace

Result<ConvertReport> convert(const ConvertOptions& options) {
  return capture([&] { return convert_checked(options); });
}

}  // namespace mote::driver
