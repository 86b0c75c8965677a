#include "export/tflite/options.h"

#include "base/error.h"
#include "formats/tflite.h"

namespace mote::tflite {
namespace {

void write_field(Writer& writer, Fields& fields, const TfliteField& field, const AttrValue& value) {
  const auto add = [&](auto number) {
    fields.scalar(field.id, number, static_cast<decltype(number)>(field.wire_default));
  };
  const auto visit = [&](const auto& v) {
    using T = std::decay_t<decltype(v)>;
    if constexpr (std::is_same_v<T, bool>) {
      add(static_cast<uint8_t>(v));
    } else if constexpr (std::is_same_v<T, std::string>) {
      fields.offset(field.id, writer.string(v));
    } else if constexpr (std::is_same_v<T, std::vector<int32_t>> ||
                         std::is_same_v<T, std::vector<float>>) {
      if (!v.empty()) fields.offset(field.id, writer.vector(v));
    } else if constexpr (std::is_same_v<T, DType>) {
      add(static_cast<int8_t>(tensor_type_of(v)));
    } else if constexpr (std::is_same_v<T, Enumerator>) {
      add(static_cast<int8_t>(v.value));
    } else {
      add(v);
    }
  };
  std::visit(visit, value);
}

void check_all_have_fields(const Node& node) {
  const Attrs defaults(*node.op->attrs);
  for (const auto& [name, value] : node.attrs.list()) {
    const auto& fields = node.op->tflite.fields;
    const bool has_field =
        std::any_of(fields.begin(), fields.end(),
                    [&, &attr = name](const TfliteField& f) { return attr == f.attr; });
    if (!has_field && !(value == defaults.get(name.c_str())))
      fail_unsupported("TFLite has no place for the operator's '{}'", name);
  }
}

}  // namespace

Offset write_options(Writer& writer, const Node& node) {
  check_all_have_fields(node);
  const TfliteFormat& format = node.op->tflite;
  if (format.options == 0) return 0;
  Fields fields;
  bool only_vectors = true;
  for (const TfliteField& field : format.fields) {
    const AttrValue value = node.attrs.get(field.attr);
    only_vectors = only_vectors && std::holds_alternative<std::vector<int32_t>>(value);
    write_field(writer, fields, field, value);
  }
  // Readers take a missing table for one of zeros, so a table of scalars is always written. One
  // that could only hold vectors says nothing when they are empty.
  if (only_vectors && fields.empty()) return 0;
  return writer.shared_table(fields);
}

}  // namespace mote::tflite
