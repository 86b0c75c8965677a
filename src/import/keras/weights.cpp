// Finding every layer's weights in the file, by path or by order.
#include <cmath>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/half.h"
#include "formats/hdf5.h"
#include "import/keras/layer.h"

namespace mote::keras {
namespace {

using formats::Array;
using formats::Hdf5Object;

template <class From, class Convert>
Array converted(const Array& from, Convert convert) {
  const std::span<const From> source = from.data.as<From>();
  Buffer::Writable out = Buffer::allocate(source.size() * sizeof(float));
  auto* target = reinterpret_cast<float*>(out.bytes);
  for (size_t i = 0; i < source.size(); ++i) target[i] = convert(source[i]);
  return {DType::f32, from.shape, out.buffer};
}

// Floating weights become float32, whatever they were saved as; integers stay.
Array to_float32(const Array& array) {
  switch (array.dtype) {
    case DType::f16:
      return converted<uint16_t>(array, half_to_float);
    case DType::bf16:
      return converted<uint16_t>(array, bfloat16_to_float);
    case DType::f64:
      return converted<double>(array, [](double v) { return static_cast<float>(v); });
    default:
      return array;
  }
}

void refuse_nan(const Array& array) {
  if (array.dtype != DType::f32) return;
  size_t index = 0;
  for (const float value : array.data.as<float>()) {
    if (std::isnan(value)) {
      fail_user("is NaN at element {}; the training diverged or the file is damaged", index);
    }
    ++index;
  }
}

void store(Layer& layer, size_t slot, const Array& array) {
  with_context(fmt::format("layer '{}': weight '{}'", layer.name, layer.slots[slot].role), [&] {
    layer.weights[slot] = to_float32(array);
    refuse_nan(layer.weights[slot]);
  });
}

// ---- by path (.keras) -------------------------------------------------------------------------

// The member at `path`, or null. Keras has named some groups with and without a leading
// underscore, and Keras 2 called the list of layers otherwise.
std::unique_ptr<Hdf5Object> find_object(const Hdf5Object& from, std::string_view path) {
  const size_t slash = std::min(path.find('/'), path.size());
  const std::string name(path.substr(0, slash));
  const std::string_view rest = slash < path.size() ? path.substr(slash + 1) : "";
  if (name.empty())
    return rest.empty() ? std::make_unique<Hdf5Object>(from) : find_object(from, rest);
  const std::string other_name = name == "layers"      ? "_layer_checkpoint_dependencies"
                                 : name.front() == '_' ? name.substr(1)
                                                       : "_" + name;
  for (const std::string& candidate : {name, other_name}) {
    if (!from.is_dataset() && from.has(candidate)) {
      const Hdf5Object child = from.child(candidate);
      if (rest.empty()) return std::make_unique<Hdf5Object>(child);
      if (auto found = find_object(child, rest)) return found;
    }
  }
  return nullptr;
}

void load_by_path(Layer& layer, const Hdf5Object* group) {
  layer.weights.resize(layer.slots.size());
  for (size_t i = 0; i < layer.slots.size(); ++i) {
    const Slot& slot = layer.slots[i];
    const auto found = group == nullptr ? nullptr : find_object(*group, slot.path);
    if (found == nullptr) {
      if (slot.optional) continue;
      fail_user("layer '{}': weight '{}' is missing from the file ({})", layer.name, slot.role,
                slot.path);
    }
    store(layer, i, found->array());
  }
  for (const auto& inner : layer.layers) {
    if (inner->path.empty()) continue;
    const auto found = group == nullptr ? nullptr : find_object(*group, inner->path);
    load_by_path(*inner, found.get());
  }
}

// ---- by order (.h5) ---------------------------------------------------------------------------

struct SlotRef {
  Layer* layer;
  size_t slot;
  bool trainable;
};

void collect(Layer& layer, bool trainable, std::vector<SlotRef>* slots) {
  const bool here = trainable && layer.config.flag("trainable", true);
  layer.weights.resize(layer.slots.size());
  for (size_t i = 0; i < layer.slots.size(); ++i) {
    slots->push_back({&layer, i, here && layer.slots[i].trainable});
  }
  for (const auto& inner : layer.layers) collect(*inner, here, slots);
}

// Keras lists a layer's trainable weights before the others, nested layers included.
std::vector<SlotRef> in_file_order(Layer& layer) {
  std::vector<SlotRef> all, ordered;
  collect(layer, true, &all);
  for (const bool trainable : {true, false}) {
    for (const SlotRef& ref : all) {
      if (ref.trainable == trainable) ordered.push_back(ref);
    }
  }
  return ordered;
}

// A list of names, which Keras splits into names0, names1, ... where it is long.
std::vector<std::string> names_of(const Hdf5Object& group, const std::string& attribute) {
  if (group.has_attribute(attribute)) return group.strings(attribute);
  std::vector<std::string> names;
  for (int part = 0; group.has_attribute(fmt::format("{}{}", attribute, part)); ++part) {
    for (std::string& name : group.strings(fmt::format("{}{}", attribute, part))) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

void load_layer_by_order(Layer& layer, const std::vector<SlotRef>& slots, const Hdf5Object& group,
                         const std::vector<std::string>& names) {
  size_t optional = 0;
  for (const SlotRef& ref : slots) optional += ref.layer->slots[ref.slot].optional ? 1 : 0;
  if (names.size() > slots.size() || names.size() + optional < slots.size()) {
    fail_user("layer '{}' ({}) needs {} weights, and the file has {}", layer.name, layer.class_name,
              slots.size(), names.size());
  }
  // Absent optional weights are the last ones.
  size_t skip = slots.size() - names.size();
  size_t next = 0;
  for (const SlotRef& ref : slots) {
    if (ref.layer->slots[ref.slot].optional && skip > 0) {
      --skip;
      continue;
    }
    store(*ref.layer, ref.slot, group.child(names[next++]).array());
  }
}

void load_by_order(Layer& model, const Hdf5Object& group) {
  struct Saved {
    std::string name;
    std::vector<std::string> weights;
  };
  std::vector<Saved> saved;
  for (const std::string& name : names_of(group, "layer_names")) {
    std::vector<std::string> weights = names_of(group.child(name), "weight_names");
    if (!weights.empty()) saved.push_back({name, std::move(weights)});
  }
  size_t next = 0;
  for (const auto& layer : model.layers) {
    const std::vector<SlotRef> slots = in_file_order(*layer);
    bool needed = false;
    for (const SlotRef& ref : slots) needed |= !ref.layer->slots[ref.slot].optional;
    if (slots.empty()) continue;
    if (next == saved.size() || (!needed && saved[next].name != layer->name)) {
      if (!needed) continue;
      fail_user("layer '{}': its weights are missing from the file", layer->name);
    }
    load_layer_by_order(*layer, slots, group.child(saved[next].name), saved[next].weights);
    ++next;
  }
  if (next != saved.size()) {
    fail_user("the file has weights of a layer '{}' that the model does not have",
              saved[next].name);
  }
}

}  // namespace

void load_weights(Layer& model, const Archive& archive) {
  if (archive.by_order) {
    load_by_order(model, archive.weights);
  } else {
    load_by_path(model, &archive.weights);
  }
}

}  // namespace mote::keras
