#include "import/tflite/options.h"

#include "formats/tflite.h"

namespace mote::tflite {
namespace {

DType read_dtype(int code, const char* attr) {
  const auto dtype = dtype_of(code);
  if (!dtype) fail_unsupported("option {} is {}", attr, tensor_type_name(code));
  return *dtype;
}

// The value of one field; `current` says of which kind it is.
AttrValue read_field(const std::optional<Table>& options, const TfliteField& field,
                     const AttrValue& current) {
  const auto number = [&]<class T>(T) {
    const T absent = static_cast<T>(field.wire_default);
    return options ? options->get<T>(field.id, absent) : absent;
  };
  const auto visit = [&](const auto& value) -> AttrValue {
    using T = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<T, bool>) {
      return number(uint8_t{}) != 0;
    } else if constexpr (std::is_same_v<T, std::string>) {
      return options ? options->string(field.id) : std::string();
    } else if constexpr (std::is_same_v<T, std::vector<int32_t>>) {
      return options ? options->vector<int32_t>(field.id) : T();
    } else if constexpr (std::is_same_v<T, std::vector<float>>) {
      return options ? options->vector<float>(field.id) : T();
    } else if constexpr (std::is_same_v<T, DType>) {
      return read_dtype(number(int8_t{}), field.attr);
    } else if constexpr (std::is_same_v<T, Enumerator>) {
      return Enumerator{number(int8_t{}), value.names};
    } else {
      return number(T{});
    }
  };
  return std::visit(visit, current);
}

}  // namespace

Attrs read_attrs(const Table& op, const OpDef& def) {
  Attrs attrs(*def.attrs);
  const TfliteFormat& format = def.tflite;
  if (format.fields.empty()) return attrs;
  const int tag = op.get<uint8_t>(format.options_2 ? op::options_2_type : op::options_type, 0);
  if (tag != 0 && tag != format.options)
    fail_user("corrupt: has the options of another operator (kind {}, expected {})", tag,
              format.options);
  std::optional<Table> options;
  if (tag != 0) options = op.table(format.options_2 ? op::options_2 : op::options);
  for (const TfliteField& field : format.fields) {
    const AttrValue value = read_field(options, field, attrs.get(field.attr));
    if (!attrs.set(field.attr, value)) {
      const auto* enumerator = std::get_if<Enumerator>(&value);
      fail_user("corrupt: option {} has the value {}", field.attr,
                enumerator ? enumerator->value : 0);
    }
  }
  return attrs;
}

}  // namespace mote::tflite
