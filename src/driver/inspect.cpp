#include "driver/inspect.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/result.h"
#include "graph/op.h"

namespace mote::driver {
namespace {

template <class T>
std::string list_text(const std::vector<T>& values) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) text += fmt::format("{}{}", i ? "," : "", values[i]);
  return "[" + text + "]";
}

NodeReport report_node(const Graph& graph, const Subgraph& subgraph, const Node& node) {
  NodeReport report;
  report.op = node.op->name;
  report.layer = node.layer;
  bool known = true;
  for (const ValueId id : node.inputs) {
    report.input_ids.push_back(id);
    if (id == kNoValue) {
      report.inputs.push_back({});
      report.is_constant.push_back(false);
      continue;
    }
    const Value& value = subgraph.value(id);
    report.inputs.push_back({value.name, value.type});
    report.is_constant.push_back(value.is_constant);
    known = known && value.type.shape.is_static();
  }
  for (const ValueId id : node.outputs) {
    const Value& value = subgraph.value(id);
    report.output_ids.push_back(id);
    report.outputs.push_back({value.name, value.type});
    known = known && value.type.shape.is_static();
  }
  for (const auto& [name, value] : node.attrs.list()) {
    report.attributes.emplace_back(name, describe(value));
  }
  if (known) {
    const NodeView view(graph, subgraph, node);
    report.macs = node.op->cost ? node.op->cost(view).macs : 0;
  }
  return report;
}

void report_subgraph(const Graph& graph, int index, InspectReport* report) {
  const Subgraph& subgraph = graph.subgraphs[static_cast<size_t>(index)];
  std::set<ValueId> seen;
  for (size_t i = 0; i < subgraph.nodes.size(); ++i) {
    const Node& node = subgraph.nodes[i];
    NodeReport entry = report_node(graph, subgraph, node);
    entry.subgraph = index;
    entry.index = static_cast<int>(i);
    for (const ValueId id : node.inputs) {
      if (id == kNoValue || !subgraph.value(id).is_constant || !seen.insert(id).second) continue;
      entry.weight_bytes += subgraph.value(id).data.size();
      report->parameters += subgraph.value(id).type.shape.elements();
    }
    report->weight_bytes += entry.weight_bytes;
    report->macs += entry.macs.value_or(0);
    report->macs_complete = report->macs_complete && entry.macs.has_value();
    ++report->operator_counts[entry.op];
    report->nodes.push_back(std::move(entry));
  }
}

// For a quoted string of Graphviz.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 32 ? ' ' : c;
  }
  return out;
}

void fill(const std::vector<NamedShape>& shapes, InspectReport* report) {
  Graph& graph = report->model.graph;
  report->inputs = inputs_of(graph);
  report->outputs = outputs_of(graph);
  // Costs need extents: unknown ones count as 1.
  const std::vector<Shape> fixed = input_shapes(report->inputs, shapes);
  for (const PortInfo& port : report->inputs) {
    report->shapes_assumed = report->shapes_assumed || !port.type.shape.is_static();
  }
  const std::optional<Graph> shaped = with_shapes(graph, fixed);
  const Graph& shown = shaped ? *shaped : graph;
  for (size_t i = 0; i < shown.subgraphs.size(); ++i) {
    report_subgraph(shown, static_cast<int>(i), report);
  }
}

}  // namespace

std::string describe(const Quantization& quant) {
  if (quant.empty()) return "";
  if (quant.per_axis()) return fmt::format("per-axis[{}]@{}", quant.scale.size(), quant.axis);
  return fmt::format("{}:{}", quant.scale[0], quant.zero_point.empty() ? 0 : quant.zero_point[0]);
}

std::string describe(const AttrValue& value) {
  struct Print {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(int32_t v) const { return fmt::format("{}", v); }
    std::string operator()(int64_t v) const { return fmt::format("{}", v); }
    std::string operator()(float v) const { return fmt::format("{}", v); }
    std::string operator()(const std::string& v) const { return v; }
    std::string operator()(const std::vector<int32_t>& v) const { return list_text(v); }
    std::string operator()(const std::vector<float>& v) const { return list_text(v); }
    std::string operator()(DType v) const { return std::string(name_of(v)); }
    std::string operator()(const Enumerator& v) const {
      const auto index = static_cast<size_t>(v.value);
      return index < v.names.size() ? v.names[index] : fmt::format("{}", v.value);
    }
  };
  return std::visit(Print{}, value);
}

Result<InspectReport> inspect(const std::string& path, const std::vector<NamedShape>& shapes) {
  return capture([&] {
    InspectReport report;
    report.model = load_model(path);
    with_context(path, [&] { fill(shapes, &report); });
    return report;
  });
}

std::string to_dot(const InspectReport& report) {
  std::string out = "digraph model {\n  rankdir=TB;\n  node [shape=box, fontname=Helvetica];\n";
  std::map<ValueId, std::string> makers;
  for (size_t i = 0; i < report.inputs.size(); ++i) {
    const PortInfo& port = report.inputs[i];
    makers[port.value] = fmt::format("in{}", i);
    out += fmt::format("  in{} [label=\"{}\\n{}\", shape=ellipse];\n", i, escape(port.name),
                       escape(port.type.str()));
  }
  for (const NodeReport& node : report.nodes) {
    if (node.subgraph != 0) continue;
    std::string label = node.op;
    if (!node.layer.empty()) label += "\\n" + escape(node.layer);
    if (!node.outputs.empty()) label += "\\n" + escape(node.outputs[0].type.str());
    out += fmt::format("  n{} [label=\"{}\"];\n", node.index, label);
    for (const ValueId id : node.output_ids) makers[id] = fmt::format("n{}", node.index);
    for (const ValueId id : node.input_ids) {
      const auto maker = makers.find(id);
      if (maker != makers.end()) out += fmt::format("  {} -> n{};\n", maker->second, node.index);
    }
  }
  for (size_t i = 0; i < report.outputs.size(); ++i) {
    const PortInfo& port = report.outputs[i];
    out += fmt::format("  out{} [label=\"{}\", shape=ellipse];\n", i, escape(port.name));
    const auto maker = makers.find(port.value);
    if (maker != makers.end()) out += fmt::format("  {} -> out{};\n", maker->second, i);
  }
  return out + "}\n";
}

}  // namespace mote::driver
