#include "export/tflite/tflite.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "export/tflite/bias.h"
#include "export/tflite/constants.h"
#include "export/tflite/options.h"
#include "export/tflite/writer.h"
#include "formats/tflite.h"
#include "graph/op.h"
#include "graph/verify.h"
#include "ops/ops.h"

namespace mote {
namespace tflite {
namespace {

// The file's tensors of one subgraph: the values that something refers to, in order.
struct Numbering {
  std::vector<int32_t> tensor_of;  // by value; -1: not in the file
  std::vector<ValueId> values;     // by tensor

  std::vector<int32_t> tensors_of(const std::vector<ValueId>& ids) const {
    std::vector<int32_t> list;
    for (const ValueId id : ids)
      list.push_back(id == kNoValue ? -1 : tensor_of[static_cast<size_t>(id)]);
    return list;
  }
};

Numbering number(const Subgraph& subgraph) {
  std::vector<bool> is_used(subgraph.values.size(), false);
  const auto use = [&](const std::vector<ValueId>& ids) {
    for (const ValueId id : ids) {
      if (id != kNoValue) is_used[static_cast<size_t>(id)] = true;
    }
  };
  use(subgraph.inputs);
  use(subgraph.outputs);
  for (const Node& node : subgraph.nodes) {
    use(node.inputs);
    use(node.outputs);
    use(node.intermediates);
  }
  Numbering numbering;
  numbering.tensor_of.assign(subgraph.values.size(), -1);
  for (size_t v = 0; v < subgraph.values.size(); ++v) {
    if (!is_used[v]) continue;
    numbering.tensor_of[v] = static_cast<int32_t>(numbering.values.size());
    numbering.values.push_back(static_cast<ValueId>(v));
  }
  return numbering;
}

// The tensors' names. What a node computes is called after its layer, so that reports on the file
// speak of the source model's layers; inputs keep their names; constants need none.
std::vector<std::string> name_values(const Subgraph& subgraph) {
  std::vector<std::string> names(subgraph.values.size());
  std::set<std::string> taken;
  const auto name = [&](ValueId id, const std::string& wanted) {
    std::string& slot = names[static_cast<size_t>(id)];
    if (wanted.empty() || !slot.empty()) return;
    // Readers take what is before the ';' for the layer.
    slot = wanted;
    for (int i = 1; !taken.insert(slot).second; ++i) slot = fmt::format("{};{}", wanted, i);
  };
  for (const ValueId id : subgraph.inputs) name(id, subgraph.value(id).name);
  // Where a layer became several nodes, its plain name belongs to the last one: what the layer
  // gives.
  for (auto node = subgraph.nodes.rbegin(); node != subgraph.nodes.rend(); ++node) {
    for (const ValueId id : node->outputs)
      name(id, node->layer.empty() ? subgraph.value(id).name : node->layer);
  }
  return names;
}

// Everything after this relies on indices that are in range, and on shapes and attributes that fit
// their operators. Returns its argument.
const Graph& checked(const Graph& graph) {
  verify(graph);
  for (const Subgraph& subgraph : graph.subgraphs) {
    for (const Node& node : subgraph.nodes) infer_node(graph, subgraph, node);
  }
  return graph;
}

class Exporter {
 public:
  explicit Exporter(const Graph& graph)
      : graph_(with_biases(checked(graph))), constants_(writer_) {}

  Buffer run() {
    refuse_unsupported();
    std::vector<Offset> subgraphs;
    for (const Subgraph& subgraph : graph_.subgraphs) {
      numberings_.push_back(number(subgraph));
      subgraphs.push_back(write_subgraph(subgraph, numberings_.back()));
    }
    std::vector<Offset> signatures;
    for (const Signature& signature : graph_.signatures)
      signatures.push_back(write_signature(signature));
    const Offset metadata = write_metadata();
    const Offset all_subgraphs = writer_.offsets(subgraphs);
    const Offset codes = write_codes();
    const Offset buffers = constants_.write();
    Fields root;
    root.scalar(model::version, kSchemaVersion, 0)
        .offset(model::operator_codes, codes)
        .offset(model::subgraphs, all_subgraphs)
        .offset(model::description, writer_.string("Mote"))
        .offset(model::buffers, buffers)
        .offset(model::metadata, metadata);
    if (!signatures.empty()) root.offset(model::signatures, writer_.offsets(signatures));
    return writer_.finish(writer_.table(root), kIdentifier.data());
  }

 private:
  void refuse_unsupported() const {
    std::set<std::string> names;
    for (const Subgraph& subgraph : graph_.subgraphs) {
      for (const Node& node : subgraph.nodes) {
        if (node.op->tflite.code < 0) names.insert(describe(node));
      }
    }
    if (!names.empty()) fail_unsupported("TFLite has no operator for: {}", fmt::join(names, ", "));
  }

  Offset write_quantization(const Quantization& quant) {
    if (quant.empty()) return 0;
    Fields fields;
    fields.offset(quantization::scales, writer_.vector(quant.scale))
        .offset(quantization::zero_points, writer_.vector(quant.zero_point))
        .scalar(quantization::axis, quant.per_axis() ? quant.axis : 0, 0);
    return writer_.shared_table(fields);
  }

  Offset write_tensor(const Value& value, const std::string& name) {
    std::vector<int32_t> shape;
    std::vector<int32_t> signature;
    for (const int64_t extent : value.type.shape) {
      signature.push_back(static_cast<int32_t>(extent));
      shape.push_back(extent < 0 ? 1 : static_cast<int32_t>(extent));
    }
    Fields fields;
    fields.offset(tensor::shape, writer_.vector(shape))
        .scalar(tensor::type, static_cast<int8_t>(tensor_type_of(value.type.dtype)), 0)
        .offset(tensor::name, writer_.string(name))
        .offset(tensor::quantization, write_quantization(value.type.quant))
        .scalar(tensor::is_variable, static_cast<uint8_t>(value.is_variable), 0);
    if (value.is_constant) fields.scalar(tensor::buffer, constants_.index_of(value.data), 0);
    if (!value.type.shape.is_static())
      fields.offset(tensor::shape_signature, writer_.vector(signature));
    return writer_.table(fields);
  }

  Offset write_operator(const Subgraph& subgraph, const Node& node, const Numbering& numbering) {
    const TfliteFormat& format = node.op->tflite;
    const int version = format.version ? format.version(NodeView(graph_, subgraph, node)) : 1;
    const Offset options = write_options(writer_, node);
    Fields fields;
    fields.scalar(op::opcode_index, opcode_index(format.code, version), 0)
        .offset(op::inputs, writer_.vector(numbering.tensors_of(node.inputs)))
        .offset(op::outputs, writer_.vector(numbering.tensors_of(node.outputs)));
    if (options) {
      fields
          .scalar(format.options_2 ? op::options_2_type : op::options_type,
                  static_cast<uint8_t>(format.options), 0)
          .offset(format.options_2 ? op::options_2 : op::options, options);
    }
    if (!node.intermediates.empty())
      fields.offset(op::intermediates, writer_.vector(numbering.tensors_of(node.intermediates)));
    return writer_.table(fields);
  }

  uint32_t opcode_index(int code, int version) {
    const std::pair key(code, version);
    const auto found = std::find(codes_.begin(), codes_.end(), key);
    if (found == codes_.end()) {
      codes_.push_back(key);
      return static_cast<uint32_t>(codes_.size()) - 1;
    }
    return static_cast<uint32_t>(found - codes_.begin());
  }

  Offset write_codes() {
    std::vector<Offset> tables;
    for (const auto& [code, version] : codes_) {
      Fields fields;
      fields
          .scalar(operator_code::byte_code, static_cast<int8_t>(std::min(code, kCodeIsElsewhere)),
                  0)
          .scalar(operator_code::version, version, 1)
          .scalar(operator_code::code, code, 0);
      tables.push_back(writer_.table(fields));
    }
    return writer_.offsets(tables);
  }

  Offset write_subgraph(const Subgraph& subgraph, const Numbering& numbering) {
    const auto names = name_values(subgraph);
    std::vector<Offset> tensors;
    for (const ValueId id : numbering.values)
      tensors.push_back(write_tensor(subgraph.value(id), names[static_cast<size_t>(id)]));
    std::vector<Offset> operators;
    for (const Node& node : subgraph.nodes) {
      operators.push_back(
          with_context(describe(node), [&] { return write_operator(subgraph, node, numbering); }));
    }
    const Offset inputs = writer_.vector(numbering.tensors_of(subgraph.inputs));
    const Offset outputs = writer_.vector(numbering.tensors_of(subgraph.outputs));
    Fields fields;
    fields.offset(subgraph::tensors, writer_.offsets(tensors))
        .offset(subgraph::inputs, inputs)
        .offset(subgraph::outputs, outputs)
        .offset(subgraph::operators, writer_.offsets(operators))
        .offset(subgraph::name, writer_.string(subgraph.name));
    return writer_.table(fields);
  }

  Offset write_signature(const Signature& signature) {
    const Numbering& numbering = numberings_[static_cast<size_t>(signature.subgraph)];
    const auto write_ports = [&](const auto& ports) {
      std::vector<Offset> tables;
      for (const auto& [name, id] : ports) {
        const auto tensor = static_cast<uint32_t>(numbering.tensor_of[static_cast<size_t>(id)]);
        tables.push_back(writer_.table(Fields()
                                           .offset(tensor_map::name, writer_.string(name))
                                           .scalar(tensor_map::tensor, tensor, 0)));
      }
      return writer_.offsets(tables);
    };
    Fields fields;
    fields.offset(signature::inputs, write_ports(signature.inputs))
        .offset(signature::outputs, write_ports(signature.outputs))
        .offset(signature::key, writer_.string(signature.key))
        .scalar(signature::subgraph, static_cast<uint32_t>(signature.subgraph), 0);
    return writer_.table(fields);
  }

  // The newest of the releases that the file's operators came with, in 16 bytes.
  Buffer oldest_runtime() const {
    std::string newest = "1.5.0";
    for (const auto& [code, version] : codes_) {
      const std::string_view release = runtime_version(code, version);
      if (is_older_version(newest, release)) newest = release;
    }
    newest.resize(16, '\0');
    return Buffer::copy_of(newest.data(), newest.size());
  }

  Offset write_metadata() {
    auto all = graph_.metadata;
    all[std::string(kRuntimeVersionKey)] = oldest_runtime();
    std::vector<Offset> tables;
    for (const auto& [name, data] : all) {
      const uint32_t index = constants_.index_of(data);
      tables.push_back(writer_.table(Fields()
                                         .offset(metadata::name, writer_.string(name))
                                         .scalar(metadata::buffer, index, 0)));
    }
    return writer_.offsets(tables);
  }

  const Graph graph_;
  Writer writer_;
  Constants constants_;
  std::vector<Numbering> numberings_;       // by subgraph
  std::vector<std::pair<int, int>> codes_;  // code and version, by their index in the file
};

}  // namespace
}  // namespace tflite

Result<Buffer> export_tflite(const Graph& graph) {
  return capture([&] { return tflite::Exporter(graph).run(); });
}

Status export_tflite(const Graph& graph, const std::string& path) {
  return capture([&] { write_file(path, tflite::Exporter(graph).run().bytes()); });
}

}  // namespace mote
