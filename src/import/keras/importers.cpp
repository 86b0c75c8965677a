#include "import/keras/importers.h"

#include <algorithm>
#include <numeric>

namespace mote::keras {
namespace {

constexpr std::span<const Importer> (*kLayerTables[])() = {
    core_layers,          activation_layers,    conv_layers,      pooling_layers,
    normalization_layers, merging_layers,       reshaping_layers, recurrent_layers,
    attention_layers,     preprocessing_layers, audio_layers,     identity_layers};
constexpr std::span<const Operation> (*kOperationTables[])() = {math_operations, array_operations,
                                                                slice_operations, nn_operations};

void collect(const Arg& arg, std::vector<Tensor>* tensors) {
  if (arg.kind == Arg::Kind::tensor) tensors->push_back(arg.tensor);
  if (arg.kind == Arg::Kind::list) {
    for (const Arg& item : arg.items) collect(item, tensors);
  }
  if (arg.kind == Arg::Kind::dictionary) {
    std::vector<size_t> order(arg.items.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return arg.keys[a] < arg.keys[b]; });
    for (const size_t i : order) collect(arg.items[i], tensors);
  }
}

}  // namespace

Arg Arg::list(std::vector<Arg> items) {
  Arg arg;
  arg.kind = Kind::list;
  arg.items = std::move(items);
  return arg;
}
Arg Arg::list(const std::vector<Tensor>& tensors) {
  return list(std::vector<Arg>(tensors.begin(), tensors.end()));
}

std::vector<Tensor> tensors_of(const Arg& arg) {
  std::vector<Tensor> tensors;
  collect(arg, &tensors);
  return tensors;
}

const Arg* Call::find(size_t position, std::string_view keyword) const {
  for (const auto& [name, arg] : keywords_) {
    if (name == keyword) return &arg;
  }
  return position < args_.size() ? &args_[position] : nullptr;
}

Tensor Call::tensor(size_t position, std::string_view keyword) const {
  const std::vector<Tensor> found = tensors(position, keyword);
  if (found.size() != 1) {
    fail_user("argument {} should be one tensor, and is {}", position, found.size());
  }
  return found[0];
}

Tensor Call::optional_tensor(size_t position, std::string_view keyword) const {
  const Arg* arg = find(position, keyword);
  if (arg == nullptr || !arg->is_tensor()) return {};
  return arg->tensor;
}

std::vector<Tensor> Call::tensors(size_t position, std::string_view keyword) const {
  const Arg* arg = find(position, keyword);
  return arg == nullptr ? std::vector<Tensor>{} : tensors_of(*arg);
}

ValueId Call::weight(std::string_view role) const {
  const formats::Array& array = layer.weight(role);
  if (array.data.empty()) fail_user("weight '{}' is missing", role);
  return b.constant(array.dtype, array.shape, array.data);
}

std::vector<float> Call::elements(std::string_view role, Shape* shape) const {
  const formats::Array& array = layer.weight(role);
  if (array.dtype != DType::f32) {
    fail_unsupported("weight '{}' is {}; only floating weights can be imported", role,
                     name_of(array.dtype));
  }
  if (shape != nullptr) *shape = array.shape;
  const std::span<const float> values = array.data.as<float>();
  return {values.begin(), values.end()};
}

const Importer* find_importer(std::string_view class_name) {
  for (const auto table : kLayerTables) {
    for (const Importer& importer : table()) {
      if (class_name == importer.class_name) return &importer;
    }
  }
  return nullptr;
}

std::vector<std::string> known_layers() {
  std::vector<std::string> names;
  for (const auto table : kLayerTables) {
    for (const Importer& importer : table()) names.emplace_back(importer.class_name);
  }
  return names;
}

const Operation* find_operation(std::string_view class_name) {
  for (const auto table : kOperationTables) {
    for (const Operation& operation : table()) {
      if (class_name == operation.class_name) return &operation;
    }
  }
  return nullptr;
}

void add_slot(Layer& layer, std::string role, std::string path, bool trainable, bool optional) {
  layer.slots.push_back({std::move(role), std::move(path), trainable, optional});
}

Layer& add_inner(Layer& layer, const Config& object, std::string path) {
  if (!object.is_object()) fail_user("has no configuration of its inner layer '{}'", path);
  layer.layers.push_back(build_layer(object));
  layer.layers.back()->path = std::move(path);
  return *layer.layers.back();
}

}  // namespace mote::keras
