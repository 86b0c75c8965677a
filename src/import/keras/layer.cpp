#include "import/keras/layer.h"

#include <cctype>
#include <map>

#include "base/error.h"
#include "import/keras/importers.h"

namespace mote::keras {
namespace {

bool is_upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }
bool is_lower(char c) { return std::islower(static_cast<unsigned char>(c)) != 0; }

// Inserts '_' before an upper-case letter with lower-case ones after it.
std::string split_words(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i + 2;
    if (i + 2 < text.size() && is_upper(text[i + 1]) && is_lower(text[i + 2])) {
      while (end < text.size() && is_lower(text[end])) ++end;
      out += text[i];
      out += '_';
      out.append(text, i + 1, end - i - 1);
      i = end;
    } else {
      out += text[i++];
    }
  }
  return out;
}

// Refuses objects that only Python could give a meaning.
void refuse_foreign(const Config& object, const std::string& class_name, const std::string& name) {
  if (class_name == "Lambda") {
    fail_unsupported(
        "layer '{}' is a Lambda layer: it holds Python code, which Mote never runs because code in "
        "a model file can do anything; replace it by Keras layers or keras.ops",
        name);
  }
  const std::string module = object.text("module", "");
  const std::string registered = object.text("registered_name", "");
  const bool foreign = registered.find('>') != std::string::npos ||
                       (!module.empty() && module != "builtins" && module != "keras" &&
                        !module.starts_with("keras.") && !module.starts_with("tf_keras") &&
                        !module.starts_with("tensorflow.keras"));
  if (foreign) {
    fail_unsupported(
        "layer '{}' is of the custom class '{}': its meaning is Python code outside the file; "
        "rebuild the model from Keras's own layers",
        name, registered.empty() ? class_name : registered);
  }
}

bool is_operation_object(const Config& object) {
  const std::string module = object.text("module", "");
  if (module.starts_with("keras.src.ops") || module.starts_with("keras.ops")) return true;
  if (!module.empty()) return false;
  // Legacy files have no modules, but every layer says whether it is trainable.
  const Config& config = object["config"];
  return config.is_object() && !config.has("trainable") && !config.has("dtype") &&
         !config.has("layers") && find_operation(object.text("class_name")) != nullptr;
}

void add_children(Layer& model) {
  std::map<std::string, int> used;
  const Config& list =
      model.config.is_list() ? model.config : model.config["layers"];  // Keras 1 and early 2
  if (!list.is_list()) fail_user("model '{}' has no list of layers", model.name);
  for (const Config& object : list.items()) {
    std::unique_ptr<Layer> layer = build_layer(object);
    const bool named =
        !layer->is_operation && !(model.is_sequential() && layer->class_name == "InputLayer");
    if (named) {
      // One class has a name of its own inside Keras.
      const std::string snake = layer->class_name == "GroupQueryAttention"
                                    ? "grouped_query_attention"
                                    : snake_case(layer->class_name);
      const int count = used[snake]++;
      layer->path = "layers/" + snake + (count == 0 ? "" : fmt::format("_{}", count));
    }
    model.layers.push_back(std::move(layer));
  }
}

}  // namespace

std::string snake_case(std::string_view class_name) {
  std::string words = split_words(std::string(class_name));
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && is_lower(words[i - 1]) && is_upper(words[i])) out += '_';
    out += words[i];
  }
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

bool Layer::is_sequential() const { return class_name == "Sequential"; }
bool Layer::is_functional() const {
  return class_name == "Functional" || class_name == "Model" ||
         (importer == nullptr && !is_operation && !is_sequential() && config.has("output_layers"));
}

const formats::Array& Layer::weight(std::string_view role) const {
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].role == role && i < weights.size()) return weights[i];
  }
  fail_internal("layer '{}' has no weight '{}'", name, role);
}

bool Layer::has_weight(std::string_view role) const {
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].role == role) return i < weights.size() && !weights[i].data.empty();
  }
  return false;
}

Layer& Layer::inner(std::string_view at) const {
  for (const auto& layer : layers) {
    if (layer->path == at) return *layer;
  }
  fail_internal("layer '{}' has no inner layer '{}'", name, at);
}

std::unique_ptr<Layer> build_layer(const Config& object) {
  auto layer = std::make_unique<Layer>();
  layer->class_name = object.text("class_name");
  layer->config = object["config"];
  layer->name = object.text("name", layer->config.text("name", ""));
  if (layer->name.empty()) layer->name = snake_case(layer->class_name);
  layer->build_config = object["build_config"];
  layer->inbound_nodes = object["inbound_nodes"];
  refuse_foreign(object, layer->class_name, layer->name);
  layer->is_operation = is_operation_object(object);
  if (layer->is_operation) return layer;
  layer->importer = find_importer(layer->class_name);
  if (layer->importer == nullptr) {
    if (!layer->is_model()) {
      fail_unsupported("layer '{}': Mote does not know the Keras layer {}", layer->name,
                       layer->class_name);
    }
    add_children(*layer);
    return layer;
  }
  with_context(fmt::format("layer '{}'", layer->name), [&] {
    const Importer& importer = *layer->importer;
    if (importer.inner != nullptr) importer.inner(*layer);
    if (importer.slots != nullptr) importer.slots(*layer);
  });
  return layer;
}

void mark_keras2(Layer& layer) {
  layer.keras2 = true;
  for (const auto& inner : layer.layers) mark_keras2(*inner);
}

std::unique_ptr<Layer> build_tree(const Config& object) {
  std::unique_ptr<Layer> model = build_layer(object);
  if (!model->is_model()) {
    fail_unsupported("the file holds a {}; only Sequential and functional models can be imported",
                     model->class_name);
  }
  return model;
}

}  // namespace mote::keras
