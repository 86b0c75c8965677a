#include "cli/json.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "graph/text.h"

namespace mote::cli {
namespace {

Json ports_json(const std::vector<driver::PortInfo>& ports) {
  Json list = Json::array();
  for (const driver::PortInfo& port : ports) {
    list.push_back(tensor_json(port.name, port.type, port.type.shape));
  }
  return list;
}

std::string as_json(const driver::ConvertOptions& options, const driver::ConvertReport& report) {
  Json json{{"model", options.model},
            {"output", options.output},
            {"source_format", report.source_format},
            {"quantize", name_of(options.quantize.precision)},
            {"calibration_samples", report.calibration_samples},
            {"source_bytes", report.source_bytes},
            {"output_bytes", report.output_bytes},
            {"parameters", report.parameters},
            {"inputs", ports_json(report.inputs)},
            {"outputs", ports_json(report.outputs)},
            {"operators", Json::array()},
            {"kept_float", Json::array()},
            {"notes", report.notes}};
  for (const auto& [key, count] : report.precisions) {
    json["operators"].push_back({{"op", key.first}, {"precision", key.second}, {"count", count}});
  }
  for (const driver::KeptFloat& kept : report.kept_float) {
    json["kept_float"].push_back({{"layer", kept.layer}, {"op", kept.op}, {"reason", kept.reason}});
  }
  return text_of(json);
}

std::string as_text(const driver::ConvertOptions& options, const driver::ConvertReport& report) {
  const double ratio = static_cast<double>(report.output_bytes) /
                       static_cast<double>(std::max<size_t>(report.source_bytes, 1));
  std::string text =
      fmt::format("{}  {} ({:.0f}% of the source's {}), {} parameters\n", printable(options.output),
                  size_text(report.output_bytes), 100 * ratio, size_text(report.source_bytes),
                  count_text(report.parameters));
  for (const driver::PortInfo& port : report.inputs) {
    text += fmt::format("input    {}  {}\n", printable(port.name), port.type.str());
  }
  for (const driver::PortInfo& port : report.outputs) {
    text += fmt::format("output   {}  {}\n", printable(port.name), port.type.str());
  }
  Table table({"operator", "precision", ">count"});
  for (const auto& [key, count] : report.precisions) {
    table.row({key.first, key.second, fmt::format("{}", count)});
  }
  text += "\n";
  text += table.text();
  if (!report.kept_float.empty()) {
    Table kept({"kept float", "layer", "because"});
    for (const driver::KeptFloat& node : report.kept_float) {
      kept.row({node.op, node.layer, node.reason});
    }
    text += "\n";
    text += kept.text();
  }
  return text;
}

}  // namespace

int convert(const driver::ConvertOptions& options, bool dump_ir, Format format) {
  driver::ConvertOptions shown = options;
  shown.progress = progress;
  if (dump_ir) {
    shown.observer = [](const passes::PassEvent& event) {
      print_error(fmt::format("// {} in {:.3f} ms{}\n", event.pass, event.milliseconds,
                              event.changed ? "" : ": no change"));
      if (event.changed) print_error(mote::print(event.graph) + "\n");
    };
  }
  const auto result = driver::convert(shown);
  if (!result) return report(result.error());
  if (format == Format::json) {
    print(as_json(options, result.value()));
  } else {
    notes(result.value().notes);
    print(as_text(options, result.value()));
  }
  return finish(kSuccess);
}

}  // namespace mote::cli
