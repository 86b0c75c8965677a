#include "driver/convert.h"

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "driver/data.h"
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

// NaN in weights: the file is damaged, or training went wrong. (Infinities are used as masks.)
void require_weights(const Graph& graph) {
  for (const Subgraph& subgraph : graph.subgraphs) {
    for (const Node& node : subgraph.nodes) {
      for (const ValueId id : node.inputs) {
        if (id == kNoValue || !subgraph.value(id).is_constant) continue;
        const Value& value = subgraph.value(id);
        if (!is_float(value.type.dtype)) continue;
        const Array array{value.type.dtype, value.type.shape, value.data};
        const std::optional<size_t> bad = find_nan(array);
        if (!bad) continue;
        fail_user("{}: its weights '{}' have a NaN at element {}; train or save the model again",
                  describe(node), value.name, *bad);
      }
    }
  }
}

bool needs_data(const compress::QuantizeOptions& options) {
  const auto precision = options.precision;
  const bool has_weights =
      precision == compress::Precision::dynamic || precision == compress::Precision::int4;
  return precision == compress::Precision::int8 || precision == compress::Precision::int16x8 ||
         (options.bias_correction && has_weights);
}

// Every sample of the user's file as one run's inputs.
compress::CalibrationData calibration_data(const ConvertOptions& options, const Model& model,
                                           ConvertReport* report) {
  return with_context(options.calibrate, [&] {
    Samples samples(inputs_of(model.graph), load_data(options.calibrate));
    if (options.calibrate_samples > 0) samples.limit(options.calibrate_samples);
    for (const std::string& text : samples.notes()) report->notes.push_back(text);
    compress::CalibrationData data{samples.shapes(), {}};
    for (int64_t run = 0; run < samples.runs(); ++run) {
      std::vector<Buffer> buffers;
      for (const Array& array : samples.inputs(run)) buffers.push_back(array.data);
      data.samples.push_back(std::move(buffers));
    }
    report->calibration_samples = samples.count();
    return data;
  });
}

void quantize(const ConvertOptions& options, Model& model, ConvertReport* report) {
  compress::QuantizeOptions quantize = options.quantize;
  if (options.progress) {
    quantize.progress = [&](int64_t done, int64_t all) {
      options.progress("calibrate", done, all);
    };
  }
  compress::CalibrationData data;
  if (needs_data(quantize)) {
    if (options.calibrate.empty()) {
      fail_user("{}: --quantize {}{} needs samples of real input: --calibrate DATA.npz",
                options.model, name_of(quantize.precision),
                quantize.bias_correction ? " --bias-correction" : "");
    }
    data = calibration_data(options, model, report);
  } else if (!options.calibrate.empty()) {
    report->notes.push_back(
        fmt::format("--calibrate is not used: {} needs no data", name_of(quantize.precision)));
  }
  const compress::QuantizeReport quantized = with_context(
      options.model, [&] { return compress::quantize(model.graph, quantize, data).value(); });
  for (const compress::LayerReport& layer : quantized.layers) {
    if (!layer.reason.empty()) report->kept_float.push_back({layer.layer, layer.op, layer.reason});
  }
  for (const std::string& text : quantized.notes) report->notes.push_back(text);
}

ConvertReport convert_checked(const ConvertOptions& options) {
  check_options(options);
  Model model = load_model(options.model);
  ConvertReport report;
  report.source_bytes = model.file_bytes;
  report.source_format = model.format;
  with_context(options.model, [&] { fix_shapes(model.graph, options.shapes); });
  with_context(options.model, [&] { require_weights(model.graph); });
  optimize(model, options.observer);
  quantize(options, model, &report);
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
