#include "import/keras/network.h"

#include <algorithm>
#include <deque>
#include <map>

#include "base/error.h"

namespace mote::keras {
namespace {

bool is_keras_tensor(const Config& value) {
  return value.is_object() && value["class_name"].is_string() &&
         value.text("class_name") == "__keras_tensor__";
}

// ---- a functional network ---------------------------------------------------------------------

class Network {
 public:
  Network(Layer& model, GraphBuilder& builder) : model_(model), builder_(builder) {
    for (const auto& layer : model.layers) {
      if (!by_name_.emplace(layer->name, layer.get()).second) {
        fail_user("model '{}' has two layers named '{}'", model.name, layer->name);
      }
      for (const Config& node : layer->inbound_nodes.items()) keras2_ |= node.is_list();
    }
  }

  void set_input(const std::string& layer, Tensor tensor) { results_[layer] = {{tensor}}; }

  Arg run() {
    std::deque<Pending> pending;
    for (const auto& layer : model_.layers) {
      if (results_.count(layer->name) != 0) continue;
      if (layer->class_name == "InputLayer" && layer->inbound_nodes.items().empty()) continue;
      pending.push_back({layer.get(), 0});
    }
    // Layers are usually in order; what can't be called yet waits.
    size_t waiting = 0;
    while (!pending.empty()) {
      Pending next = pending.front();
      pending.pop_front();
      if (call_next(next)) {
        waiting = 0;
      } else {
        ++waiting;
      }
      if (next.node < next.layer->inbound_nodes.items().size()) pending.push_back(next);
      if (waiting > pending.size()) {
        fail_user("layer '{}' waits for its own output: the model's graph is cyclic or damaged",
                  next.layer->name);
      }
    }
    return structure(model_.config["output_layers"]);
  }

 private:
  struct Pending {
    Layer* layer;
    size_t node;
  };

  // Calls as many of the layer's nodes as are ready; false if there was none.
  bool call_next(Pending& pending) {
    const auto& nodes = pending.layer->inbound_nodes.items();
    bool any = nodes.empty();
    while (pending.node < nodes.size()) {
      const Config& node = nodes[pending.node];
      std::vector<Arg> args;
      Keywords keywords;
      if (!read_node(node, &args, &keywords)) break;
      const Arg out = call_layer(*pending.layer, builder_, std::move(args), std::move(keywords));
      results_[pending.layer->name].push_back(tensors_of(out));
      ++pending.node;
      any = true;
    }
    return any;
  }

  // False if a tensor that the node reads does not exist yet.
  bool read_node(const Config& node, std::vector<Arg>* args, Keywords* keywords) {
    ready_ = true;
    if (node.is_list()) {
      read_keras2_node(node, args, keywords);
    } else {
      for (const Config& arg : node["args"].items()) args->push_back(read_arg(arg));
      for (const auto& [name, arg] : node["kwargs"].members()) {
        keywords->emplace_back(name, read_arg(arg));
      }
    }
    return ready_;
  }

  // [[layer, node, tensor, {keywords}], ...]
  void read_keras2_node(const Config& node, std::vector<Arg>* args, Keywords* keywords) {
    // One reference may stand without the list around it.
    if (is_reference(node)) {
      read_keras2_reference(node, args, keywords);
      return;
    }
    std::vector<Arg> inputs;
    for (const Config& reference : node.items()) {
      read_keras2_reference(reference, &inputs, keywords);
    }
    if (inputs.size() == 1) {
      args->push_back(std::move(inputs[0]));
    } else {
      args->push_back(Arg::list(std::move(inputs)));
    }
  }

  void read_keras2_reference(const Config& reference, std::vector<Arg>* inputs,
                             Keywords* keywords) {
    if (is_reference(reference) && reference.items()[0].as_text("layer") == "_CONSTANT_VALUE") {
      inputs->push_back(Arg(reference.items()[2]));
    } else {
      inputs->push_back(lookup(read_history(reference), keras2_offset(reference)));
    }
    if (reference.items().size() > 3) {
      for (const auto& [name, value] : reference.items()[3].members()) {
        const bool known = std::any_of(keywords->begin(), keywords->end(),
                                       [&n = name](const auto& k) { return k.first == n; });
        if (known) continue;
        keywords->emplace_back(name, is_known_reference(value)
                                         ? lookup(read_history(value), keras2_offset(value))
                                         : read_arg(value));
      }
    }
  }

  bool is_known_reference(const Config& value) const {
    return is_reference(value) && by_name_.count(value.items()[0].as_text("layer")) != 0;
  }

  // Keras 2 counted the calls of nested models from 1.
  int64_t keras2_offset(const Config& reference) const {
    const auto found = by_name_.find(reference.items()[0].as_text("layer"));
    return found != by_name_.end() && found->second->is_model() ? 1 : 0;
  }

  Arg read_arg(const Config& value) {
    if (is_keras_tensor(value)) {
      return lookup(read_history(value["config"]["keras_history"]), 0);
    }
    if (value.is_list()) {
      std::vector<Arg> items;
      for (const Config& item : value.items()) items.push_back(read_arg(item));
      return Arg::list(std::move(items));
    }
    if (value.is_object() && !value.has("class_name")) {
      Arg arg;
      arg.kind = Arg::Kind::dictionary;
      for (const auto& [name, item] : value.members()) {
        arg.keys.push_back(name);
        arg.items.push_back(read_arg(item));
      }
      return arg;
    }
    return Arg(value);
  }

  Arg lookup(const History& history, int64_t offset) {
    if (by_name_.count(history.layer) == 0) {
      fail_user("model '{}' refers to a layer '{}' that it does not have", model_.name,
                history.layer);
    }
    const auto found = results_.find(history.layer);
    const int64_t node = std::max<int64_t>(history.node - offset, 0);
    if (found == results_.end() || static_cast<size_t>(node) >= found->second.size()) {
      ready_ = false;
      return {};
    }
    const std::vector<Tensor>& tensors = found->second[static_cast<size_t>(node)];
    if (history.tensor < 0 || static_cast<size_t>(history.tensor) >= tensors.size()) {
      fail_user("model '{}' refers to output {} of layer '{}', which has {}", model_.name,
                history.tensor, history.layer, tensors.size());
    }
    return Arg(tensors[static_cast<size_t>(history.tensor)]);
  }

  // output_layers: a reference, or lists and dictionaries of them.
  Arg structure(const Config& value) {
    if (is_reference(value)) {
      const History history = read_history(value);
      const auto layer = by_name_.find(history.layer);
      const bool from_one =
          layer != by_name_.end() &&
          (layer->second->is_functional() || (layer->second->is_sequential() && keras2_));
      ready_ = true;
      Arg arg = lookup(history, from_one ? 1 : 0);
      if (!ready_)
        fail_user("model '{}': output '{}' is never computed", model_.name, history.layer);
      return arg;
    }
    Arg arg;
    if (value.is_list()) {
      for (const Config& item : value.items()) arg.items.push_back(structure(item));
      arg.kind = Arg::Kind::list;
      return arg;
    }
    if (!value.is_object()) fail_user("model '{}' has no outputs", model_.name);
    arg.kind = Arg::Kind::dictionary;
    for (const auto& [name, item] : value.members()) {
      arg.keys.push_back(name);
      arg.items.push_back(structure(item));
    }
    return arg;
  }

  Layer& model_;
  GraphBuilder& builder_;
  std::map<std::string, Layer*> by_name_;
  std::map<std::string, std::vector<std::vector<Tensor>>> results_;  // by layer, call, output
  bool keras2_ = false;
  bool ready_ = true;
};

// ---- sequential -------------------------------------------------------------------------------

Arg call_sequential(Layer& model, GraphBuilder& builder, Arg value) {
  for (const auto& layer : model.layers) {
    if (layer->class_name == "InputLayer") continue;
    value = call_layer(*layer, builder, {std::move(value)}, {});
  }
  return value;
}

Arg call_functional(Layer& model, GraphBuilder& builder, const Arg& inputs) {
  Network network(model, builder);
  std::vector<std::string> names;
  for (const History& input : references_in(model.config["input_layers"])) {
    names.push_back(input.layer);
  }
  std::vector<Tensor> tensors;
  if (inputs.kind == Arg::Kind::dictionary) {
    // By the input layers' names where they are the keys, else in the order of the keys.
    for (const std::string& name : names) {
      const auto key = std::find(inputs.keys.begin(), inputs.keys.end(), name);
      if (key == inputs.keys.end()) break;
      const std::vector<Tensor> item =
          tensors_of(inputs.items[static_cast<size_t>(key - inputs.keys.begin())]);
      tensors.insert(tensors.end(), item.begin(), item.end());
    }
  }
  if (tensors.size() != names.size()) tensors = tensors_of(inputs);
  if (tensors.size() != names.size()) {
    fail_user("model '{}' has {} inputs and is called with {}", model.name, names.size(),
              tensors.size());
  }
  for (size_t i = 0; i < names.size(); ++i) network.set_input(names[i], tensors[i]);
  return network.run();
}

}  // namespace

Arg call_layer(Layer& layer, GraphBuilder& builder, std::vector<Arg> args, Keywords keywords) {
  constexpr int kMaxDepth = 64;
  static thread_local int depth = 0;
  struct Guard {
    Guard() { ++depth; }
    ~Guard() { --depth; }
  } const guard;
  if (depth > kMaxDepth) fail_user("layers are nested more than {} deep", kMaxDepth);
  const std::string outer = builder.layer();
  return with_context(fmt::format("layer '{}'", layer.name), [&] {
    builder.set_layer(outer.empty() ? layer.name : outer + "/" + layer.name);
    Arg out;
    if (layer.is_operation) {
      const Operation* operation = find_operation(layer.class_name);
      if (operation == nullptr) {
        fail_unsupported("Mote does not know the Keras operation {}", layer.class_name);
      }
      Call call(layer, builder, std::move(args), std::move(keywords));
      out = operation->emit(call);
    } else if (layer.importer != nullptr) {
      Call call(layer, builder, std::move(args), std::move(keywords));
      out = layer.importer->emit(call);
      if (layer.importer->keeps_mask && out.is_tensor() && out.tensor.mask == kNoValue) {
        const std::vector<Tensor> inputs = call.tensors();
        if (!inputs.empty()) out.tensor.mask = inputs[0].mask;
      }
    } else {
      const Arg input = args.empty() ? Arg::list(std::vector<Arg>{}) : std::move(args[0]);
      out = call_model(layer, builder, input);
    }
    builder.set_layer(outer);
    return out;
  });
}

History read_history(const Config& list) {
  const auto& items = list.items();
  if (items.size() < 3) fail_user("a reference to a layer's output is damaged");
  return {items[0].as_text("layer name"), items[1].as_integer("node index"),
          items[2].as_integer("tensor index")};
}

bool is_reference(const Config& value) {
  return value.is_list() && value.items().size() >= 3 && value.items()[0].is_string();
}

std::vector<History> references_in(const Config& value) {
  if (is_reference(value)) return {read_history(value)};
  std::vector<const Config*> parts;
  for (const Config& item : value.items()) parts.push_back(&item);
  std::map<std::string, const Config*> sorted;
  for (const auto& [name, item] : value.members()) sorted[name] = &item;
  for (const auto& [name, item] : sorted) parts.push_back(item);
  std::vector<History> found;
  for (const Config* part : parts) {
    for (History& history : references_in(*part)) found.push_back(std::move(history));
  }
  return found;
}

Arg call_model(Layer& model, GraphBuilder& builder, const Arg& inputs) {
  return model.is_sequential() ? call_sequential(model, builder, inputs)
                               : call_functional(model, builder, inputs);
}

}  // namespace mote::keras
