#include "driver/operators.h"

#include <fmt/format.h>

#include <algorithm>

#include "ops/ops.h"

namespace mote::driver {
namespace {

const char* text_of(QuantKind kind) {
  switch (kind) {
    case QuantKind::none:
      return "float";
    case QuantKind::free:
      return "own scale";
    case QuantKind::same_scale:
      return "input's scale";
    case QuantKind::fixed:
      return "fixed scale";
    case QuantKind::passthrough:
      return "reads quantized";
  }
  return "?";
}

std::string traits_of(const OpDef& op) {
  constexpr std::pair<Traits, const char*> kTraits[] = {
      {kElementwise, "element-wise"}, {kView, "view"},
      {kMovement, "movement"},        {kFusedActivation, "fused activation"},
      {kStateful, "stateful"},        {kControlFlow, "control flow"},
  };
  std::string text;
  for (const auto& [trait, name] : kTraits) {
    if (op.has(trait)) text += (text.empty() ? "" : ", ") + std::string(name);
  }
  return text;
}

}  // namespace

std::vector<OperatorReport> operators() {
  std::vector<OperatorReport> reports;
  for (const OpDef* op : all_ops()) {
    const QuantRule& quant = op->quant;
    const bool integer = quant.kind != QuantKind::none;
    reports.push_back({.name = op->name,
                       .tflite_code = op->tflite.code,
                       .runs = op->lower != nullptr,
                       .quantization = text_of(quant.kind),
                       .int8 = integer && quant.int8,
                       .int16 = integer && quant.int16,
                       .dynamic = quant.dynamic,
                       .int4 = quant.int4_weights,
                       .traits = traits_of(*op),
                       .why_not = quant.why_not ? quant.why_not : ""});
  }
  std::sort(reports.begin(), reports.end(),
            [](const OperatorReport& a, const OperatorReport& b) { return a.name < b.name; });
  return reports;
}

std::string operators_markdown() {
  const std::vector<OperatorReport> reports = operators();
  std::string text =
      "# Operators\n\n"
      "Printed from the operators' records by `mote ops --markdown`; a test holds this page to "
      "them.\n"
      "\n"
      "The columns int8, int16, dynamic and int4 say what `mote convert --quantize` does with the\n"
      "operator: full-integer int8, int16 activations with int8 weights, int8 weights with float\n"
      "activations, int4 weights. *Own scale*: the output is calibrated; *input's scale*: inputs "
      "and\n"
      "output share one scale; *fixed scale*: the operator gives it; *reads quantized*: takes\n"
      "quantized values, makes something that has no scale; *float*: stays float between "
      "Dequantize\n"
      "and Quantize, for the reason in the last column.\n\n";
  text += fmt::format("{} operators.\n\n", reports.size());
  text +=
      "| operator | TFLite code | int8 | int16 | dynamic | int4 | quantization | kind | note |\n"
      "|---|---|---|---|---|---|---|---|---|\n";
  const auto mark = [](bool has) { return has ? "yes" : ""; };
  for (const OperatorReport& r : reports) {
    const std::string code = r.tflite_code < 0 ? "" : fmt::format("{}", r.tflite_code);
    const std::string note = r.runs ? r.why_not : "not run";
    text +=
        fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", r.name, code, mark(r.int8),
                    mark(r.int16), mark(r.dynamic), mark(r.int4), r.quantization, r.traits, note);
  }
  return text;
}

}  // namespace mote::driver
