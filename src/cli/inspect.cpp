#include "driver/inspect.h"

#include "cli/json.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "graph/text.h"

namespace mote::cli {
namespace {

Json node_json(const driver::NodeReport& node) {
  Json json{{"subgraph", node.subgraph},   {"index", node.index},     {"op", node.op},
            {"layer", node.layer},         {"inputs", Json::array()}, {"outputs", Json::array()},
            {"attributes", Json::object()}};
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const driver::TensorReport& tensor = node.inputs[i];
    if (node.input_ids[i] == kNoValue) {
      json["inputs"].push_back(nullptr);
      continue;
    }
    Json entry = tensor_json(tensor.name, tensor.type, tensor.type.shape);
    entry["constant"] = static_cast<bool>(node.is_constant[i]);
    json["inputs"].push_back(std::move(entry));
  }
  for (const driver::TensorReport& tensor : node.outputs) {
    json["outputs"].push_back(tensor_json(tensor.name, tensor.type, tensor.type.shape));
  }
  for (const auto& [name, value] : node.attributes) json["attributes"][name] = value;
  json["macs"] = node.macs ? Json(*node.macs) : Json(nullptr);
  json["weight_bytes"] = node.weight_bytes;
  return json;
}

Json ports_json(const std::vector<driver::PortInfo>& ports) {
  Json list = Json::array();
  for (const driver::PortInfo& port : ports) {
    Json entry = tensor_json(port.name, port.type, port.type.shape);
    entry["tensor"] = port.tensor;
    list.push_back(std::move(entry));
  }
  return list;
}

std::string as_json(const driver::InspectReport& report) {
  Json json{{"file", report.model.path},
            {"format", report.model.format},
            {"description", report.model.graph.description},
            {"file_bytes", report.model.file_bytes},
            {"inputs", ports_json(report.inputs)},
            {"outputs", ports_json(report.outputs)},
            {"signatures", Json::array()},
            {"metadata", Json::array()},
            {"subgraphs", report.model.graph.subgraphs.size()}};
  for (const Signature& signature : report.model.graph.signatures) {
    Json entry{{"key", signature.key},
               {"subgraph", signature.subgraph},
               {"inputs", Json::array()},
               {"outputs", Json::array()}};
    for (const auto& [name, id] : signature.inputs) entry["inputs"].push_back(name);
    for (const auto& [name, id] : signature.outputs) entry["outputs"].push_back(name);
    json["signatures"].push_back(std::move(entry));
  }
  for (const auto& [name, data] : report.model.graph.metadata) json["metadata"].push_back(name);
  json["operators"] = Json::array();
  for (const driver::NodeReport& node : report.nodes) json["operators"].push_back(node_json(node));
  json["operator_counts"] = report.operator_counts;
  json["totals"] = {{"operators", report.nodes.size()},
                    {"macs", report.macs},
                    {"macs_complete", report.macs_complete},
                    {"parameters", report.parameters},
                    {"weight_bytes", report.weight_bytes}};
  return text_of(json);
}

std::string ports_text(const char* what, const std::vector<driver::PortInfo>& ports) {
  std::string text;
  for (const driver::PortInfo& port : ports) {
    text += fmt::format("{:<9}{}  {}\n", what, printable(port.name), port.type.str());
  }
  return text;
}

std::string as_text(const driver::InspectReport& report) {
  const driver::Model& model = report.model;
  std::string text =
      fmt::format("{}: {}, {}\n", printable(model.path), model.format, size_text(model.file_bytes));
  if (!model.graph.description.empty()) {
    text += fmt::format("\"{}\"\n", printable(model.graph.description));
  }
  text += ports_text("input", report.inputs) + ports_text("output", report.outputs) + "\n";
  Table table({">#", "operator", "output", "quantization", ">MACs", ">weights", "layer"});
  for (const driver::NodeReport& node : report.nodes) {
    const std::string index = node.subgraph ? fmt::format("{}.{}", node.subgraph, node.index)
                                            : fmt::format("{}", node.index);
    TensorType type = node.outputs.empty() ? TensorType{} : node.outputs[0].type;
    const std::string quant = driver::describe(type.quant);
    type.quant = {};
    table.row({index, node.op, node.outputs.empty() ? "" : type.str(), quant,
               !node.macs   ? "?"
               : *node.macs ? count_text(*node.macs)
                            : "",
               node.weight_bytes ? size_text(node.weight_bytes) : "", node.layer});
  }
  text += table.text() + "\n";
  text += fmt::format("{} operators, {} parameters in {}, {}{} multiply-accumulates{}\n",
                      report.nodes.size(), count_text(report.parameters),
                      size_text(report.weight_bytes), report.macs_complete ? "" : "at least ",
                      count_text(report.macs),
                      report.shapes_assumed ? " (unknown extents counted as 1)" : "");
  return text;
}

}  // namespace

int inspect(const std::string& model, const std::vector<driver::NamedShape>& shapes,
            Format format) {
  const auto result = driver::inspect(model, shapes);
  if (!result) return report(result.error());
  switch (format) {
    case Format::json:
      print(as_json(result.value()));
      break;
    case Format::dot:
      print(driver::to_dot(result.value()));
      break;
    case Format::graph:
      print(mote::print(result.value().model.graph));
      break;
    default:
      print(as_text(result.value()));
  }
  return finish(kSuccess);
}

}  // namespace mote::cli
