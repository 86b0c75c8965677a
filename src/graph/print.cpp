#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/half.h"
#include "graph/op.h"
#include "graph/text.h"

namespace mote {
namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + "\"";
}

bool is_identifier(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0]))) return false;
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

uint64_t hash_of(const Buffer& data) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const std::byte b : data.bytes()) {
    hash = (hash ^ static_cast<uint64_t>(b)) * 0x100000001b3u;
  }
  return hash;
}

template <class T, class Format>
std::vector<std::string> each(const Buffer& data, Format format) {
  std::vector<std::string> list;
  for (const T value : data.as<T>()) list.push_back(format(value));
  return list;
}

template <class T>
std::vector<std::string> each(const Buffer& data) {
  return each<T>(data, [](T value) { return fmt::format("{}", value); });
}

// Elements as text, empty for types that are written as hexadecimal bytes.
std::vector<std::string> elements_of(const Value& value) {
  switch (value.type.dtype) {
    case DType::f32:
      return each<float>(value.data);
    case DType::f64:
      return each<double>(value.data);
    case DType::f16:
      return each<uint16_t>(value.data,
                            [](uint16_t half) { return fmt::format("{}", half_to_float(half)); });
    case DType::i8:
      return each<int8_t>(value.data, [](int8_t v) { return std::to_string(v); });
    case DType::i16:
      return each<int16_t>(value.data);
    case DType::i32:
      return each<int32_t>(value.data);
    case DType::i64:
      return each<int64_t>(value.data);
    case DType::u8:
    case DType::boolean:
      return each<uint8_t>(value.data, [](uint8_t v) { return std::to_string(v); });
    case DType::u16:
      return each<uint16_t>(value.data);
    case DType::u32:
      return each<uint32_t>(value.data);
    case DType::u64:
      return each<uint64_t>(value.data);
    default:
      return {};
  }
}

std::string join(const std::vector<std::string>& list) {
  return fmt::format("{}", fmt::join(list, ", "));
}

std::string constant_text(const Value& value, size_t max_bytes) {
  const size_t width = static_cast<size_t>(bits_of(value.type.dtype)) / 8;
  const Buffer& data = value.data;
  const auto is_fill = [&] {  // all elements have the bits of the first
    return width && data.size() > 4 * width && data.size() % width == 0 &&
           std::memcmp(data.data(), data.data() + width, data.size() - width) == 0;
  };
  if (is_fill()) {
    Value first = value;
    first.data = data.slice(0, width);
    if (const auto elements = elements_of(first); !elements.empty()) {
      return fmt::format("fill({})", elements[0]);
    }
  }
  if (data.size() > max_bytes)
    return fmt::format("<{} bytes, {:016x}>", data.size(), hash_of(data));
  const auto elements = elements_of(value);
  if (!elements.empty() || data.empty()) return fmt::format("[{}]", join(elements));
  std::string hex = "0x";
  for (const std::byte b : data.bytes()) hex += fmt::format("{:02x}", static_cast<unsigned>(b));
  return hex;
}

std::string type_text(const TensorType& type, size_t max_bytes) {
  const Quantization& quant = type.quant;
  if (!quant.per_axis()) {
    std::string text = fmt::format("{}{}", name_of(type.dtype), type.shape.str());
    if (!quant.empty()) text += fmt::format("{{{}:{}}}", quant.scale[0], quant.zero_point[0]);
    return text;
  }
  if (quant.scale.size() * sizeof(float) > max_bytes) return type.str();
  std::string text =
      fmt::format("{}{}{{axis {}", name_of(type.dtype), type.shape.str(), quant.axis);
  for (size_t i = 0; i < quant.scale.size(); ++i) {
    text += fmt::format(", {}:{}", quant.scale[i], quant.zero_point[i]);
  }
  return text + "}";
}

std::string attr_text(const AttrValue& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, std::string>) {
          return quoted(v);
        } else if constexpr (std::is_same_v<T, DType>) {
          return std::string(name_of(v));
        } else if constexpr (std::is_same_v<T, Enumerator>) {
          const auto index = static_cast<size_t>(v.value);
          return index < v.names.size() ? v.names[index] : std::to_string(v.value);
        } else if constexpr (std::is_same_v<T, std::vector<int32_t>> ||
                             std::is_same_v<T, std::vector<float>>) {
          return fmt::format("[{}]", fmt::join(v, ", "));
        } else {
          return fmt::format("{}", v);
        }
      },
      value);
}

class Printer {
 public:
  Printer(const Subgraph& subgraph, size_t max_bytes)
      : subgraph_(subgraph), max_bytes_(max_bytes), shown_(subgraph.values.size(), false) {}

  std::string run() {
    text_ = fmt::format("subgraph {}({}) -> ({}) {{\n",
                        is_identifier(subgraph_.name) ? subgraph_.name : quoted(subgraph_.name),
                        definitions(subgraph_.inputs), references(subgraph_.outputs));
    for (const Node& node : subgraph_.nodes) print_node(node);
    for (const ValueId id : subgraph_.outputs) declare(id);
    return text_ + "}\n";
  }

 private:
  // "%0 "x": float32[1,4], ...", and marks them as defined.
  std::string definitions(const std::vector<ValueId>& ids) {
    std::vector<std::string> list;
    for (const ValueId id : ids) {
      shown_[static_cast<size_t>(id)] = true;
      const Value& value = subgraph_.value(id);
      list.push_back(
          fmt::format("%{} {}: {}", id, quoted(value.name), type_text(value.type, max_bytes_)));
    }
    return join(list);
  }

  static std::string references(const std::vector<ValueId>& ids) {
    std::vector<std::string> list;
    for (const ValueId id : ids) list.push_back(id == kNoValue ? "_" : fmt::format("%{}", id));
    return join(list);
  }

  // The line of a value that no node makes, before its first use.
  void declare(ValueId id) {
    if (id == kNoValue || shown_[static_cast<size_t>(id)]) return;
    const Value& value = subgraph_.value(id);
    text_ += "  " + definitions({id});
    if (value.is_constant) text_ += " = constant " + constant_text(value, max_bytes_);
    if (value.is_variable) text_ += " = variable";
    text_ += "\n";
  }

  void print_node(const Node& node) {
    for (const ValueId id : node.inputs) declare(id);
    for (const ValueId id : node.intermediates) declare(id);
    std::string line = "  " + definitions(node.outputs);
    if (!node.outputs.empty()) line += " = ";
    line += fmt::format("{}({})", node.op->name, references(node.inputs));
    std::vector<std::string> attrs;
    const auto defaults = Attrs(*node.op->attrs).list();
    const auto values = node.attrs.list();
    for (size_t i = 0; i < values.size(); ++i) {
      if (i < defaults.size() && defaults[i] == values[i]) continue;
      attrs.push_back(values[i].first + "=" + attr_text(values[i].second));
    }
    if (!attrs.empty()) line += " {" + join(attrs) + "}";
    if (!node.intermediates.empty()) {
      line += fmt::format(" intermediates({})", references(node.intermediates));
    }
    if (!node.layer.empty()) line += " @" + quoted(node.layer);
    text_ += line + "\n";
  }

  const Subgraph& subgraph_;
  size_t max_bytes_;
  std::vector<bool> shown_;
  std::string text_;
};

std::string ports_text(const std::vector<std::pair<std::string, ValueId>>& ports) {
  std::vector<std::string> list;
  for (const auto& [name, id] : ports) list.push_back(fmt::format("{}: %{}", quoted(name), id));
  return join(list);
}

}  // namespace

std::string print(const Graph& graph, size_t max_bytes) {
  std::string text;
  if (!graph.description.empty()) text += "graph " + quoted(graph.description) + "\n";
  for (const auto& [name, data] : graph.metadata) {
    text += fmt::format("// metadata {}: {} bytes\n", quoted(name), data.size());
  }
  for (const Subgraph& subgraph : graph.subgraphs) text += Printer(subgraph, max_bytes).run();
  for (const Signature& signature : graph.signatures) {
    text += fmt::format("signature {} {} ({}) -> ({})\n", quoted(signature.key), signature.subgraph,
                        ports_text(signature.inputs), ports_text(signature.outputs));
  }
  return text;
}

}  // namespace mote
