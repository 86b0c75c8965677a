#include "ops/builder.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "ops/ops.h"

namespace mote {

GraphBuilder::GraphBuilder() {
  graph_.subgraphs.emplace_back();
  graph_.subgraphs[0].name = "main";
  stack_.push_back(0);
}

GraphBuilder::GraphBuilder(Graph graph) : graph_(std::move(graph)) { stack_.push_back(0); }

int GraphBuilder::open_subgraph(std::string name) {
  const int index = static_cast<int>(graph_.subgraphs.size());
  graph_.subgraphs.emplace_back();
  graph_.subgraphs.back().name = std::move(name);
  stack_.push_back(index);
  return index;
}

void GraphBuilder::close_subgraph() {
  if (stack_.size() < 2) fail_internal("close_subgraph without open_subgraph");
  stack_.pop_back();
}

std::string GraphBuilder::next_name(std::string_view op) {
  std::string name = layer_.empty() ? std::string(op) : layer_ + "/" + std::string(op);
  const int count = names_[name]++;
  return count == 0 ? name : fmt::format("{}_{}", name, count);
}

ValueId GraphBuilder::input(std::string name, TensorType type) {
  const ValueId id = current().add_value(std::move(name), std::move(type));
  current().inputs.push_back(id);
  return id;
}

ValueId GraphBuilder::variable(TensorType type) {
  const ValueId id = current().add_value(next_name("state"), std::move(type));
  current().value(id).is_variable = true;
  return id;
}

Extent GraphBuilder::extent(ValueId value, int axis) const {
  axis = normalize(value, axis);
  const int64_t size = shape(value)[axis];
  return size == kDynamic ? Extent(value, axis) : Extent(size);
}

std::vector<Extent> GraphBuilder::extents(ValueId value) const {
  std::vector<Extent> list;
  for (int axis = 0; axis < rank(value); ++axis) list.push_back(extent(value, axis));
  return list;
}

ValueId GraphBuilder::constant(DType dtype, const Shape& shape, Buffer data) {
  const std::string_view text(reinterpret_cast<const char*>(data.data()), data.size());
  const size_t hash = std::hash<std::string_view>{}(text);
  auto& known = constants_[stack_.back()];
  for (auto [at, end] = known.equal_range(hash); at != end; ++at) {
    const Value& value = current().value(at->second);
    if (value.type.dtype == dtype && value.type.shape == shape &&
        value.data.size() == data.size() &&
        (data.empty() || std::memcmp(value.data.data(), data.data(), data.size()) == 0)) {
      return at->second;
    }
  }
  const ValueId id =
      current().add_constant(next_name("const"), TensorType{dtype, shape, {}}, std::move(data));
  known.emplace(hash, id);
  return id;
}

ValueId GraphBuilder::scalar_like(ValueId x, double value) {
  switch (dtype(x)) {
    case DType::f32:
      return scalar(static_cast<float>(value));
    case DType::i32:
      return scalar_int(static_cast<int32_t>(value));
    case DType::i64:
      return constant(std::vector<int64_t>{static_cast<int64_t>(value)}, Shape{});
    case DType::boolean:
      return constant(DType::boolean, Shape{}, Buffer::of(std::vector<uint8_t>{value != 0}));
    default:
      fail_unsupported("arithmetic on {}", name_of(dtype(x)));
  }
}

std::vector<ValueId> GraphBuilder::add_node(std::string_view op, std::vector<ValueId> inputs,
                                            const AttrSettings& attrs, int outputs,
                                            std::optional<TensorType> declared) {
  const OpDef* record = find_op(op);
  if (record == nullptr) fail_unsupported("needs the operator {}, which Mote does not have", op);
  Node node;
  node.op = record;
  node.attrs = Attrs(*record->attrs);
  node.layer = layer_;
  node.inputs = std::move(inputs);
  for (const AttrSetting& attr : attrs) {
    if (!node.attrs.set(attr.name, attr.value)) {
      fail_internal("{} has no attribute '{}' of that kind", op, attr.name);
    }
  }
  for (int i = 0; i < outputs; ++i) {
    node.outputs.push_back(current().add_value(
        next_name(op), i == 0 && declared ? std::move(*declared) : TensorType{}));
  }
  std::vector<TensorType> types = infer_node(graph_, current(), node);
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    current().value(node.outputs[i]).type = std::move(types[i]);
  }
  std::vector<ValueId> ids = node.outputs;
  current().nodes.push_back(std::move(node));
  return ids;
}

}  // namespace mote
