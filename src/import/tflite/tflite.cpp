#include "import/tflite/tflite.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/file.h"
#include "formats/tflite.h"
#include "formats/tflite_reader.h"
#include "graph/op.h"
#include "graph/verify.h"
#include "import/tflite/options.h"
#include "import/tflite/tensors.h"
#include "import/tflite/unsupported.h"
#include "ops/ops.h"

namespace mote {
namespace tflite {
namespace {

// Cuts a name from a file to a length that fits a message.
std::string quoted(std::string_view name) {
  constexpr size_t kMost = 80;
  return fmt::format("'{}{}'", printable(name.substr(0, kMost)), name.size() > kMost ? "..." : "");
}

void check_header(const File& file) {
  const auto bytes = file.bytes();
  if (bytes.empty()) fail_user("the file is empty, expected a TFLite model");
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.size() < 8 || text.substr(4, 4) != kIdentifier) {
    fail_user("is not a TFLite model: bytes 4 to 7 are {}, expected '{}'",
              quoted(text.substr(std::min<size_t>(4, text.size()), 4)), kIdentifier);
  }
}

class Importer {
 public:
  explicit Importer(const Buffer& bytes) : bytes_(bytes), file_(bytes.bytes()) {}

  Graph run() {
    check_header(file_);
    const Table root = Table::root(file_);
    const auto version = root.get<uint32_t>(model::version, 0);
    if (version != kSchemaVersion)
      fail_unsupported("is of TFLite format version {}, Mote reads version {}", version,
                       kSchemaVersion);
    const Buffers buffers(file_, bytes_, root);
    read_codes(root);
    const auto tables = root.tables(model::subgraphs);
    if (tables.empty()) fail_user("has no subgraph");
    refuse_unsupported(tables);
    for (size_t i = 0; i < tables.size(); ++i) {
      with_context(fmt::format("subgraph {}", i), [&] { read_subgraph(tables[i], buffers); });
    }
    read_signatures(root);
    graph_.description = root.string(model::description);
    read_metadata(root, buffers);
    verify(graph_, Blame::user);
    return std::move(graph_);
  }

 private:
  void read_codes(const Table& root) {
    for (const Table& table : root.tables(model::operator_codes)) {
      OperatorKey key;
      key.code = std::max<int>(table.get<int8_t>(operator_code::byte_code, 0),
                               table.get<int32_t>(operator_code::code, 0));
      if (key.code == kCustomCode) {
        key.custom = table.string(operator_code::custom_code);
        if (key.custom.empty()) key.custom = "(without a name)";
      }
      codes_.push_back(std::move(key));
    }
    for (const OperatorKey& key : codes_) {
      defs_.push_back(key.custom.empty() ? find_tflite_op(key.code) : nullptr);
    }
  }

  size_t opcode_of(const Table& op) const {
    const auto index = op.get<uint32_t>(op::opcode_index, 0);
    if (index >= codes_.size())
      fail_user("an operator has code {}, there are {}", index, codes_.size());
    return index;
  }

  void refuse_unsupported(const std::vector<Table>& subgraphs) const {
    std::map<OperatorKey, int> counts;
    for (const Table& subgraph : subgraphs) {
      for (const Table& op : subgraph.tables(subgraph::operators)) {
        const size_t code = opcode_of(op);
        if (!defs_[code]) ++counts[codes_[code]];
      }
    }
    refuse(counts);
  }

  void read_subgraph(const Table& table, const Buffers& buffers) {
    Subgraph subgraph;
    subgraph.name = table.string(subgraph::name);
    const auto tensors = table.tables(subgraph::tensors);
    subgraph.values.reserve(tensors.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
      const auto where = [&] {
        return fmt::format("tensor {} ({})", i, quoted(tensors[i].string(tensor::name)));
      };
      try {
        subgraph.values.push_back(read_tensor(tensors[i], buffers));
      } catch (Error& error) {
        throw std::move(error).in(where());
      }
    }
    subgraph.inputs = read_ids(table, subgraph::inputs, subgraph, "an input");
    subgraph.outputs = read_ids(table, subgraph::outputs, subgraph, "an output");
    const auto ops = table.tables(subgraph::operators);
    subgraph.nodes.reserve(ops.size());
    for (size_t i = 0; i < ops.size(); ++i) {
      const OpDef& def = *defs_[opcode_of(ops[i])];
      with_context(fmt::format("operator {} ({})", i, operator_name(def.tflite.code)),
                   [&] { read_node(ops[i], def, subgraph); });
    }
    mark_empty_constants(subgraph);
    graph_.subgraphs.push_back(std::move(subgraph));
  }

  static std::vector<ValueId> read_ids(const Table& table, int slot, const Subgraph& subgraph,
                                       const char* what, bool optional = false) {
    auto ids = table.vector<int32_t>(slot);
    for (const int32_t id : ids) {
      if (id == kNoValue && optional) continue;
      if (id < 0 || static_cast<size_t>(id) >= subgraph.values.size())
        fail_user("{} is tensor {}, there are {}", what, id, subgraph.values.size());
    }
    return ids;
  }

  static void read_node(const Table& table, const OpDef& def, Subgraph& subgraph) {
    Node node;
    node.op = &def;
    node.inputs = read_ids(table, op::inputs, subgraph, "an input", true);
    node.outputs = read_ids(table, op::outputs, subgraph, "an output");
    node.intermediates = read_ids(table, op::intermediates, subgraph, "an intermediate");
    node.attrs = read_attrs(table, def);
    // The converter names a tensor after the layers that it merged into one operator; the first is
    // the one that computes.
    if (!node.outputs.empty()) {
      const std::string& name = subgraph.value(node.outputs[0]).name;
      node.layer = name.substr(0, name.find(';'));
    }
    subgraph.nodes.push_back(std::move(node));
  }

  // A tensor without data that nothing computes can only be a constant if it has no elements.
  static void mark_empty_constants(Subgraph& subgraph) {
    std::vector<bool> is_made(subgraph.values.size(), false);
    for (const ValueId id : subgraph.inputs) is_made[static_cast<size_t>(id)] = true;
    for (const Node& node : subgraph.nodes) {
      for (const ValueId id : node.outputs) is_made[static_cast<size_t>(id)] = true;
    }
    for (size_t v = 0; v < subgraph.values.size(); ++v) {
      Value& value = subgraph.values[v];
      if (is_made[v] || value.is_constant || value.is_variable) continue;
      const Shape& shape = value.type.shape;
      if (shape.is_static() && shape.elements() == 0) value.is_constant = true;
    }
  }

  void read_signatures(const Table& root) {
    std::set<std::string> keys;
    for (const Table& table : root.tables(model::signatures)) {
      Signature signature;
      signature.key = table.string(signature::key);
      if (!keys.insert(signature.key).second)
        fail_user("has two signatures named {}", quoted(signature.key));
      signature.inputs = read_ports(table, signature::inputs);
      signature.outputs = read_ports(table, signature::outputs);
      const auto index = table.get<uint32_t>(signature::subgraph, 0);
      if (index >= graph_.subgraphs.size())
        fail_user("signature {} is of subgraph {}, there are {}", quoted(signature.key), index,
                  graph_.subgraphs.size());
      signature.subgraph = static_cast<int>(index);
      graph_.signatures.push_back(std::move(signature));
    }
    if (graph_.signatures.empty()) make_signature();
  }

  std::vector<std::pair<std::string, ValueId>> read_ports(const Table& table, int slot) const {
    std::vector<std::pair<std::string, ValueId>> ports;
    for (const Table& entry : table.tables(slot)) {
      const auto id = entry.get<uint32_t>(tensor_map::tensor, 0);
      if (id > INT32_MAX) fail_user("a signature names tensor {}", id);
      ports.emplace_back(entry.string(tensor_map::name), static_cast<ValueId>(id));
    }
    return ports;
  }

  // Older files have none: their inputs and outputs are known by the tensors' names.
  void make_signature() {
    Signature signature;
    const Subgraph& subgraph = graph_.main();
    const auto name_ports = [&](const std::vector<ValueId>& ids, const char* kind, auto& ports) {
      std::map<std::string, int> taken;
      for (const ValueId id : ids) {
        std::string name = subgraph.value(id).name;
        if (name.empty()) name = kind;
        const std::string base = name;
        while (!taken.try_emplace(name, 0).second) {
          name = fmt::format("{}_{}", base, ++taken[base]);
        }
        ports.emplace_back(std::move(name), id);
      }
    };
    name_ports(subgraph.inputs, "input", signature.inputs);
    name_ports(subgraph.outputs, "output", signature.outputs);
    graph_.signatures.push_back(std::move(signature));
  }

  void read_metadata(const Table& root, const Buffers& buffers) {
    for (const Table& table : root.tables(model::metadata)) {
      std::string name = table.string(metadata::name);
      // What runs the file follows from the file's operators; export works it out again.
      if (name == kRuntimeVersionKey) continue;
      const auto data = with_context(fmt::format("metadata {}", quoted(name)), [&] {
        return buffers.find(table.get<uint32_t>(metadata::buffer, 0));
      });
      graph_.metadata[std::move(name)] = data.value_or(Buffer());
    }
  }

  Buffer bytes_;
  File file_;
  std::vector<OperatorKey> codes_;
  std::vector<const OpDef*> defs_;  // by code; null: Mote does not have it
  Graph graph_;
};

}  // namespace
}  // namespace tflite

Result<Graph> import_tflite(const Buffer& bytes, const std::string& label) {
  return capture(
      [&] { return with_context(label, [&] { return tflite::Importer(bytes).run(); }); });
}

Result<Graph> import_tflite(const std::string& path) {
  return capture([&] {
    const Buffer bytes = map_file(path);
    return with_context(file_name(path), [&] { return tflite::Importer(bytes).run(); });
  });
}

}  // namespace mote
