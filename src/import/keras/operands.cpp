#include "import/keras/operands.h"

namespace mote::keras {
namespace {

bool is_array(const Config& value) {
  if (!value.is_object() || !value["class_name"].is_string()) return false;
  const std::string& name = value.text("class_name");
  return name == "__tensor__" || name == "__numpy__";
}

// Nested lists of numbers, row by row.
void flatten(const Config& value, std::vector<double>* out) {
  if (value.is_list()) {
    for (const Config& item : value.items()) flatten(item, out);
  } else {
    out->push_back(value.as_number("value"));
  }
}

Shape shape_of(const Config& value) {
  Shape shape;
  const Config* at = &value;
  while (at->is_list()) {
    if (shape.rank() == kMaxRank) fail_unsupported("an array of more than {} axes", kMaxRank);
    shape.push_back(static_cast<int64_t>(at->items().size()));
    if (at->items().empty()) break;
    at = &at->items()[0];
  }
  return shape;
}

template <class T>
ValueId typed(GraphBuilder& b, const std::vector<double>& values, const Shape& shape) {
  std::vector<T> elements;
  for (const double value : values) elements.push_back(static_cast<T>(value));
  return b.constant(elements, shape);
}

ValueId array(GraphBuilder& b, const Config& data, DType dtype) {
  const Shape shape = shape_of(data);
  std::vector<double> values;
  flatten(data, &values);
  if (static_cast<int64_t>(values.size()) != shape.elements()) {
    fail_user("an array of {} has {} elements", shape.str(), values.size());
  }
  switch (dtype) {
    case DType::i32:
      return typed<int32_t>(b, values, shape);
    case DType::i64:
      return typed<int64_t>(b, values, shape);
    case DType::boolean: {
      std::vector<uint8_t> flags;
      for (const double value : values) flags.push_back(value != 0);
      return b.constant(DType::boolean, shape, Buffer::of(flags));
    }
    default:
      return typed<float>(b, values, shape);
  }
}

DType array_type(const Config& value) {
  DType dtype = DType::f32;
  const std::string name = value["config"].text("dtype", "float32");
  if (!parse_dtype(name, &dtype)) fail_unsupported("an array of {}", name);
  return is_float(dtype) ? DType::f32 : dtype;
}

}  // namespace

Config parameter(const Call& call, std::string_view name, size_t position) {
  if (call.config.has(name)) return call.config[name];
  const Arg* arg = call.find(position, name);
  if (arg == nullptr) return {};
  if (arg->kind == Arg::Kind::constant) return arg->value;
  if (arg->kind != Arg::Kind::list) return {};
  std::vector<Config> items;  // a list of constants
  for (const Arg& item : arg->items) {
    if (item.kind != Arg::Kind::constant) return {};
    items.push_back(item.value);
  }
  return Config::list(std::move(items));
}

ValueId as_float(GraphBuilder& b, ValueId x) {
  return is_float(b.dtype(x)) ? x : b.cast(x, DType::f32);
}

ValueId operand(Call& call, size_t i, std::string_view keyword, ValueId like) {
  const Arg* arg = call.find(i, keyword);
  if (arg == nullptr || arg->is_none()) fail_user("argument '{}' is missing", keyword);
  if (arg->is_tensor()) return arg->tensor.id;
  GraphBuilder& b = call.b;
  if (arg->kind == Arg::Kind::constant && is_array(arg->value)) {
    return array(b, arg->value["config"]["value"], array_type(arg->value));
  }
  const Config value = parameter(call, keyword, i);
  const DType dtype = like != kNoValue ? b.dtype(like) : DType::f32;
  if (value.is_list()) return array(b, value, dtype);
  const double number = value.as_number(keyword);
  const bool whole = value.kind() != Config::Kind::real;
  return like != kNoValue && (whole || is_float(dtype)) ? b.scalar_like(like, number)
                                                        : b.scalar(static_cast<float>(number));
}

std::pair<ValueId, ValueId> operands(Call& call) {
  const Arg* first = call.find(0, "x1");
  const Arg* second = call.find(1, "x2");
  ValueId a = kNoValue, other = kNoValue;
  if (first != nullptr && first->is_tensor()) a = first->tensor.id;
  if (second != nullptr && second->is_tensor()) other = second->tensor.id;
  if (a == kNoValue) a = operand(call, 0, "x1", other);
  if (other == kNoValue) other = operand(call, 1, "x2", a);
  GraphBuilder& b = call.b;
  if (b.dtype(a) != b.dtype(other)) {
    if (is_float(b.dtype(a)) || is_float(b.dtype(other))) {
      a = as_float(b, a);
      other = as_float(b, other);
    } else {
      const DType wide =
          b.dtype(a) == DType::i64 || b.dtype(other) == DType::i64 ? DType::i64 : DType::i32;
      a = b.cast(a, wide);
      other = b.cast(other, wide);
    }
  }
  return {a, other};
}

std::vector<int> axes_parameter(const Call& call, int rank) {
  const Config value = parameter(call, "axis", 1);
  std::vector<int> axes;
  if (value.is_null()) {
    for (int axis = 0; axis < rank; ++axis) axes.push_back(axis);
    return axes;
  }
  for (const int64_t axis : value.as_integers("axis")) {
    const auto normal = normalize_axis(axis, rank);
    if (!normal) fail_user("axis {} of a tensor of rank {}", axis, rank);
    axes.push_back(*normal);
  }
  return axes;
}

bool keep_dims(const Call& call) {
  const Config value = parameter(call, "keepdims");
  return !value.is_null() && value.as_flag("keepdims");
}

int axis_parameter(const Call& call, int rank, int64_t otherwise) {
  const Config value = parameter(call, "axis", 1);
  const int64_t axis = value.is_null() ? otherwise : value.as_integers("axis").at(0);
  const auto normal = normalize_axis(axis, rank);
  if (!normal) fail_user("axis {} of a tensor of rank {}", axis, rank);
  return *normal;
}

}  // namespace mote::keras
