#include "compress/quantize/quantize.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/error.h"
#include "compress/quantize/bias_correction.h"
#include "compress/quantize/calibrate.h"
#include "compress/quantize/decide.h"
#include "compress/quantize/equalize.h"
#include "compress/quantize/integer.h"
#include "compress/quantize/weights.h"
#include "graph/verify.h"
#include "ops/lower.h"
#include "ops/ops.h"
#include "passes/propagate.h"
#include "passes/share_constants.h"
#include "passes/specialize.h"

namespace mote::compress {
namespace {

constexpr std::array kPrecisions = {"none", "dynamic", "float16", "int8", "int16x8", "int4"};
constexpr std::array kMethods = {"minmax", "moving_average", "percentile", "entropy", "mse"};

template <class Enum, size_t size>
bool parse(const std::array<const char*, size>& names, std::string_view name, Enum* out) {
  for (size_t i = 0; i < size; ++i) {
    if (name == names[i]) return *out = static_cast<Enum>(i), true;
  }
  return false;
}

bool is_integer(Precision p) { return p == Precision::int8 || p == Precision::int16x8; }

void check_io_type(DType type, Precision precision, const char* which) {
  if (type == DType::f32) return;
  const bool fits = precision == Precision::int8
                        ? type == DType::i8 || type == DType::u8
                        : precision == Precision::int16x8 && type == DType::i16;
  if (fits) return;
  fail_user("{} type {} does not go with {} quantization, which has {}", which, name_of(type),
            name_of(precision),
            precision == Precision::int8      ? "float32, int8 or uint8"
            : precision == Precision::int16x8 ? "float32 or int16"
                                              : "float32");
}

void require_float_model(const Graph& graph, Precision precision) {
  for (const Value& value : graph.main().values) {
    if (value.type.quant.empty() || value.is_variable) continue;
    if (value.type.dtype == DType::i8 || value.type.dtype == DType::u8 ||
        value.type.dtype == DType::i16 || value.type.dtype == DType::i4) {
      fail_user(
          "the model is quantized already ('{}' is {}); {} quantization starts from a float model",
          value.name, value.type.str(), name_of(precision));
    }
  }
}

// Refuses nodes whose kernels can't take what they were given, by lowering them all. True if there
// were any.
bool refuse_unlowerable(const IntegerGraph& made, const CalibrationData& data, Refusals* refusals) {
  Graph graph = made.graph;
  for (size_t n = 0; n < graph.main().nodes.size(); ++n) {
    graph.main().nodes[n].layer = std::to_string(made.origin[n]);
  }
  remove_dead(graph);
  passes::specialize(graph, data.shapes);
  bool any = false;
  for (const Node& node : graph.main().nodes) {
    try {
      lower(graph, graph.main(), node, {.reference = true});
    } catch (const Error& error) {
      int origin = -1;
      std::from_chars(node.layer.data(), node.layer.data() + node.layer.size(), origin);
      if (error.blame != Blame::unsupported || origin < 0) throw;
      const auto [at, added] = refusals->emplace(static_cast<size_t>(origin), error.message);
      // The message's prefix names the operator; the report's row does that.
      const size_t colon = at->second.find(": ");
      if (colon != std::string::npos) at->second.erase(0, colon + 2);
      if (!added) fail_internal("{} stayed integer though it was refused", describe(node));
      any = true;
    }
  }
  return any;
}

// The shapes of the data must be the model's own when only those are known.
CalibrationData with_default_shapes(const Graph& graph, const CalibrationData& data) {
  CalibrationData out = data;
  if (out.shapes.empty()) out.shapes = passes::default_input_shapes(graph);
  return out;
}

QuantizeReport quantize_integer(Graph& graph, const QuantizeOptions& options,
                                const CalibrationData& data, QuantizeReport report) {
  Refusals refusals;
  Graph source = graph;
  std::vector<Decision> decisions = decide(source, options.precision, refusals);
  const std::vector<ValueId> averaged =
      options.bias_correction ? values_to_average(source) : std::vector<ValueId>{};
  std::vector<ValueId> values = values_to_calibrate(source, decisions);
  values.insert(values.end(), averaged.begin(), averaged.end());
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  const Calibration calibration = calibrate(source, options, data, values, averaged);
  if (options.bias_correction) {
    report.notes.push_back(
        fmt::format("bias correction: {} layers", correct_biases(source, calibration, 127)));
  }
  for (;;) {
    IntegerGraph made = make_integer(source, options, decisions, calibration);
    if (refuse_unlowerable(made, data, &refusals)) {
      decisions = decide(source, options.precision, refusals);
      continue;
    }
    report.layers = std::move(made.layers);
    graph = std::move(made.graph);
    break;
  }
  for (const LayerReport& row : report.layers) {
    if (!row.reason.empty()) ++report.stayed_float;
    if (row.precision != "float32") ++report.quantized;
  }
  return report;
}

QuantizeReport quantize_dynamic(Graph& graph, const QuantizeOptions& options,
                                const CalibrationData& data, QuantizeReport report) {
  if (options.bias_correction) {
    const std::vector<ValueId> averaged = values_to_average(graph);
    const Calibration calibration = calibrate(graph, options, data, averaged, averaged);
    const int limit = options.precision == Precision::int4 ? 7 : 127;
    report.notes.push_back(
        fmt::format("bias correction: {} layers", correct_biases(graph, calibration, limit)));
  }
  QuantizeReport rows = quantize_weights_only(graph, options);
  rows.notes.insert(rows.notes.begin(), report.notes.begin(), report.notes.end());
  return rows;
}

QuantizeReport run(Graph& graph, const QuantizeOptions& options, const CalibrationData& given) {
  check_io_type(options.input_type, options.precision, "input");
  check_io_type(options.output_type, options.precision, "output");
  if (options.precision == Precision::none) return {};
  if (!(options.percentile > 0) || options.percentile > 100) {
    fail_user("percentile is {}, it should be over 0 and at most 100", options.percentile);
  }
  require_float_model(graph, options.precision);
  // Weights that were stored as float16 are stored anew.
  passes::propagate(graph, passes::Folding::expanded);
  QuantizeReport report;
  if (options.precision == Precision::float16) return store_as_float16(graph);
  const CalibrationData data = with_default_shapes(graph, given);
  if (options.cross_layer_equalization) {
    report.notes.push_back(
        fmt::format("cross-layer equalization: {} pairs of layers", equalize_layers(graph)));
  }
  return is_integer(options.precision) ? quantize_integer(graph, options, data, std::move(report))
                                       : quantize_dynamic(graph, options, data, std::move(report));
}

}  // namespace

const char* name_of(Precision precision) { return kPrecisions[static_cast<size_t>(precision)]; }
const char* name_of(CalibrationMethod method) { return kMethods[static_cast<size_t>(method)]; }
bool parse_precision(std::string_view name, Precision* out) {
  return parse(kPrecisions, name, out);
}
bool parse_calibration_method(std::string_view name, CalibrationMethod* out) {
  return parse(kMethods, name, out);
}

Result<QuantizeReport> quantize(Graph& graph, const QuantizeOptions& options,
                                const CalibrationData& data) {
  return capture([&] {
    Graph copy = graph;
    QuantizeReport report = run(copy, options, data);
    remove_dead(copy);
    passes::share_constants(copy);
    infer_types(copy);
    verify(copy);
    graph = std::move(copy);
    return report;
  });
}

}  // namespace mote::compress
