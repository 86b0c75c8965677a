#include "graph/text.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

#include "base/error.h"
#include "base/half.h"
#include "graph/op.h"

namespace mote {
namespace {

// Reads one token at a time; every failure names the line and column.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) { skip_space(); }

  bool at_end() const { return at_ == text_.size(); }

  template <class... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> format, Args&&... args) const {
    const std::string_view before = text_.substr(0, at_);
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const size_t start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
    fail_user("line {}, column {}: {}", line, at_ - start + 1,
              fmt::format(format, std::forward<Args>(args)...));
  }

  bool accept(std::string_view token) {
    if (!text_.substr(at_).starts_with(token)) return false;
    if (is_word(token.back()) && at_ + token.size() < text_.size() &&
        is_word(text_[at_ + token.size()])) {
      return false;
    }
    at_ += token.size();
    skip_space();
    return true;
  }

  void expect(std::string_view token) {
    if (!accept(token)) fail("expected '{}'", token);
  }

  std::string word(const char* what) {
    size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    if (end == at_) fail("expected {}", what);
    return take(end);
  }

  // Any run of the characters that numbers are made of: 1, -2.5e-3, inf, nan.
  std::string number(const char* what) {
    size_t end = at_;
    while (end < text_.size() && (is_word(text_[end]) || std::strchr("+-.", text_[end]))) ++end;
    if (end == at_) fail("expected {}", what);
    return take(end);
  }

  int64_t integer(const char* what) {
    const std::string text = number(what);
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      fail("'{}' is not an integer, expected {}", text, what);
    }
    return value;
  }

  double real(const char* what) {
    const std::string text = number(what);
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (end != text.c_str() + text.size()) fail("'{}' is not a number, expected {}", text, what);
    return value;
  }

  bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }

  std::string string(const char* what) {
    if (!at('"')) fail("expected {} in quotes", what);
    std::string out;
    size_t i = at_ + 1;
    for (; i < text_.size() && text_[i] != '"'; ++i) {
      if (text_[i] != '\\') {
        out += text_[i];
      } else if (i + 3 < text_.size() && text_[i + 1] == 'x') {
        int code = 0;
        std::from_chars(&text_[i + 2], &text_[i + 2] + 2, code, 16);
        out += static_cast<char>(code);
        i += 3;
      } else if (++i < text_.size()) {
        out += text_[i];
      }
    }
    if (i >= text_.size()) fail("string without an end");
    at_ = i + 1;
    skip_space();
    return out;
  }

 private:
  static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

  std::string take(size_t end) {
    std::string token(text_.substr(at_, end - at_));
    at_ = end;
    skip_space();
    return token;
  }

  void skip_space() {
    while (at_ < text_.size()) {
      if (std::isspace(static_cast<unsigned char>(text_[at_]))) {
        ++at_;
      } else if (text_.substr(at_).starts_with("//")) {
        while (at_ < text_.size() && text_[at_] != '\n') ++at_;
      } else {
        return;
      }
    }
  }

  std::string_view text_;
  size_t at_ = 0;
};

template <class T>
void store(std::byte* out, size_t i, T value) {
  std::memcpy(out + i * sizeof(T), &value, sizeof(T));
}

// Writes element i, read from the text as a real and as an integer.
bool store_element(DType dtype, std::byte* out, size_t i, double real, int64_t integer) {
  switch (dtype) {
    case DType::f32:
      return store(out, i, static_cast<float>(real)), true;
    case DType::f64:
      return store(out, i, real), true;
    case DType::f16:
      return store(out, i, float_to_half(static_cast<float>(real))), true;
    case DType::i8:
    case DType::u8:
    case DType::boolean:
      return store(out, i, static_cast<uint8_t>(integer)), true;
    case DType::i16:
    case DType::u16:
      return store(out, i, static_cast<uint16_t>(integer)), true;
    case DType::i32:
    case DType::u32:
      return store(out, i, static_cast<uint32_t>(integer)), true;
    case DType::i64:
    case DType::u64:
      return store(out, i, integer), true;
    default:
      return false;
  }
}

class Parser {
 public:
  Parser(std::string_view text, FindOp find_op) : lexer_(text), find_op_(find_op) {}

  Graph run() {
    if (lexer_.accept("graph")) graph_.description = lexer_.string("the graph's description");
    while (!lexer_.at_end()) {
      if (lexer_.accept("subgraph")) {
        parse_subgraph();
      } else if (lexer_.accept("signature")) {
        parse_signature();
      } else {
        lexer_.fail("expected 'subgraph' or 'signature'");
      }
    }
    return std::move(graph_);
  }

 private:
  template <class Item>
  void list(const char* open, const char* close, Item item) {
    lexer_.expect(open);
    if (lexer_.accept(close)) return;
    do {
      item();
    } while (lexer_.accept(","));
    lexer_.expect(close);
  }

  int64_t label() {
    lexer_.expect("%");
    return lexer_.integer("a value's number");
  }

  ValueId resolve(int64_t number) {
    const auto& ids = labels_.back();
    const auto found = ids.find(number);
    if (found == ids.end()) lexer_.fail("%{} is not defined", number);
    return found->second;
  }

  ValueId reference() { return lexer_.accept("_") ? kNoValue : resolve(label()); }

  ValueId definition(Subgraph& subgraph) {
    const int64_t number = label();
    std::string name = lexer_.string("the value's name");
    lexer_.expect(":");
    const ValueId id = subgraph.add_value(std::move(name), type());
    if (!labels_.back().emplace(number, id).second) lexer_.fail("%{} is defined twice", number);
    return id;
  }

  TensorType type() {
    TensorType type;
    const std::string name = lexer_.word("an element type");
    if (!parse_dtype(name, &type.dtype)) lexer_.fail("'{}' is not an element type", name);
    std::vector<int64_t> dims;
    list("[", "]",
         [&] { dims.push_back(lexer_.accept("?") ? kDynamic : lexer_.integer("an extent")); });
    const auto shape = Shape::checked(dims);
    if (!shape) lexer_.fail("shape of rank {} is too large or negative", dims.size());
    type.shape = *shape;
    if (!lexer_.accept("{")) return type;
    if (lexer_.accept("axis")) {
      type.quant.axis = static_cast<int>(lexer_.integer("an axis"));
      lexer_.expect(",");
    }
    do {
      type.quant.scale.push_back(static_cast<float>(lexer_.real("a scale")));
      lexer_.expect(":");
      type.quant.zero_point.push_back(lexer_.integer("a zero point"));
    } while (lexer_.accept(","));
    lexer_.expect("}");
    return type;
  }

  void parse_subgraph() {
    Subgraph subgraph;
    labels_.emplace_back();
    subgraph.name = lexer_.at('"') ? lexer_.string("") : lexer_.word("the subgraph's name");
    list("(", ")", [&] { subgraph.inputs.push_back(definition(subgraph)); });
    lexer_.expect("->");
    std::vector<int64_t> outputs;
    list("(", ")", [&] { outputs.push_back(label()); });
    lexer_.expect("{");
    while (!lexer_.accept("}")) parse_line(subgraph);
    for (const int64_t number : outputs) subgraph.outputs.push_back(resolve(number));
    graph_.subgraphs.push_back(std::move(subgraph));
  }

  void parse_line(Subgraph& subgraph) {
    Node node;
    if (lexer_.at('%')) {
      do {
        node.outputs.push_back(definition(subgraph));
      } while (lexer_.accept(","));
      if (!lexer_.accept("=")) return;  // made by no node
      Value& value = subgraph.value(node.outputs[0]);
      if (lexer_.accept("constant")) {
        value.data = constant(value.type);
        value.is_constant = true;
        return;
      }
      if (lexer_.accept("variable")) {
        value.is_variable = true;
        return;
      }
    }
    const std::string name = lexer_.word("an operator");
    node.op = find_op_(name);
    if (!node.op) lexer_.fail("there is no operator '{}'", name);
    node.attrs = Attrs(*node.op->attrs);
    list("(", ")", [&] { node.inputs.push_back(reference()); });
    if (lexer_.at('{')) list("{", "}", [&] { attribute(node.attrs); });
    if (lexer_.accept("intermediates")) {
      list("(", ")", [&] { node.intermediates.push_back(reference()); });
    }
    if (lexer_.accept("@")) node.layer = lexer_.string("the layer's name");
    subgraph.nodes.push_back(std::move(node));
  }

  Buffer constant(const TensorType& type) {
    const auto size_bytes = type.shape.bytes(type.dtype);
    if (!size_bytes) lexer_.fail("a constant of type {} has no size", type.str());
    auto [buffer, bytes] = Buffer::allocate(*size_bytes);
    const auto count = static_cast<size_t>(type.shape.elements());
    if (lexer_.accept("<")) lexer_.fail("this constant was shortened when it was printed");
    if (lexer_.at('0') && bits_of(type.dtype) && try_hex(bytes, *size_bytes)) return buffer;
    const auto element = [&, at = bytes](size_t i) {
      const bool is_int = is_integer(type.dtype) || type.dtype == DType::boolean;
      const int64_t integer = is_int ? lexer_.integer("an element") : 0;
      const double real = is_int ? 0 : lexer_.real("an element");
      if (i >= count) lexer_.fail("more than {} elements", count);
      if (!store_element(type.dtype, at, i, real, integer)) {
        lexer_.fail("elements of type {} are written as 0x...", name_of(type.dtype));
      }
    };
    if (lexer_.accept("fill")) {
      lexer_.expect("(");
      if (count) element(0);
      lexer_.expect(")");
      const size_t width = count ? *size_bytes / count : 0;
      for (size_t i = 1; i < count; ++i) std::memcpy(bytes + i * width, bytes, width);
      return buffer;
    }
    size_t i = 0;
    list("[", "]", [&] { element(i++); });
    if (i != count) lexer_.fail("{} elements, expected {}", i, count);
    return buffer;
  }

  bool try_hex(std::byte* bytes, size_t size_bytes) {
    const std::string hex = lexer_.word("0x...");
    if (!hex.starts_with("0x") || hex.size() != 2 + 2 * size_bytes) {
      lexer_.fail("{} hexadecimal digits, expected {}",
                  hex.size() - std::min<size_t>(2, hex.size()), 2 * size_bytes);
    }
    for (size_t i = 0; i < size_bytes; ++i) {
      unsigned value = 0;
      const char* digits = hex.data() + 2 + 2 * i;
      if (std::from_chars(digits, digits + 2, value, 16).ptr != digits + 2) {
        lexer_.fail("'{}' is not hexadecimal", std::string_view(digits, 2));
      }
      bytes[i] = static_cast<std::byte>(value);
    }
    return true;
  }

  void attribute(Attrs& attrs) {
    const std::string name = lexer_.word("an attribute's name");
    if (!attrs.has(name.c_str())) lexer_.fail("there is no attribute '{}'", name);
    lexer_.expect("=");
    AttrValue value = attrs.get(name.c_str());
    std::visit([&](auto& v) { attribute_value(v); }, value);
    if (!attrs.set(name.c_str(), value)) lexer_.fail("attribute '{}' can't be that", name);
  }

  void attribute_value(bool& v) {
    v = lexer_.accept("true");
    if (!v) lexer_.expect("false");
  }
  void attribute_value(int32_t& v) { v = static_cast<int32_t>(lexer_.integer("a number")); }
  void attribute_value(int64_t& v) { v = lexer_.integer("a number"); }
  void attribute_value(float& v) { v = static_cast<float>(lexer_.real("a number")); }
  void attribute_value(std::string& v) { v = lexer_.string("text"); }
  void attribute_value(DType& v) {
    const std::string name = lexer_.word("an element type");
    if (!parse_dtype(name, &v)) lexer_.fail("'{}' is not an element type", name);
  }
  template <class T>
  void attribute_value(std::vector<T>& v) {
    v.clear();
    list("[", "]", [&] {
      T item;
      attribute_value(item);
      v.push_back(item);
    });
  }
  void attribute_value(Enumerator& v) {
    const std::string name = lexer_.word("a name");
    for (size_t i = 0; i < v.names.size(); ++i) {
      if (v.names[i] == name) return void(v.value = static_cast<int32_t>(i));
    }
    lexer_.fail("'{}' is not one of {}", name, fmt::join(v.names, ", "));
  }

  void parse_signature() {
    Signature signature;
    signature.key = lexer_.string("the signature's key");
    signature.subgraph = static_cast<int>(lexer_.integer("a subgraph's number"));
    if (signature.subgraph < 0 || static_cast<size_t>(signature.subgraph) >= labels_.size()) {
      lexer_.fail("there is no subgraph {}", signature.subgraph);
    }
    const auto ports = [&](std::vector<std::pair<std::string, ValueId>>& out) {
      list("(", ")", [&] {
        std::string name = lexer_.string("a name");
        lexer_.expect(":");
        const auto& ids = labels_[static_cast<size_t>(signature.subgraph)];
        const auto found = ids.find(label());
        if (found == ids.end()) lexer_.fail("'{}' is not a value of the subgraph", name);
        out.emplace_back(std::move(name), found->second);
      });
    };
    ports(signature.inputs);
    lexer_.expect("->");
    ports(signature.outputs);
    graph_.signatures.push_back(std::move(signature));
  }

  Lexer lexer_;
  FindOp find_op_;
  Graph graph_;
  std::vector<std::unordered_map<int64_t, ValueId>> labels_;  // by subgraph
};

}  // namespace

Graph parse_graph(std::string_view text, FindOp find_op) { return Parser(text, find_op).run(); }

}  // namespace mote
