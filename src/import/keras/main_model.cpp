// The outermost model: the graph's inputs, outputs and signature.
#include <algorithm>
#include <set>

#include "base/error.h"
#include "import/keras/network.h"

namespace mote::keras {
namespace {

DType input_dtype(const Config& config) {
  const Config& dtype = config["dtype"];
  std::string name = "float32";
  if (dtype.is_string()) name = dtype.as_text("dtype");
  if (dtype.is_object()) name = dtype["config"].text("name", "float32");
  if (name == "mixed_float16" || name == "mixed_bfloat16" || name == "float16" ||
      name == "bfloat16" || name == "float64") {
    return DType::f32;
  }
  if (name == "string") fail_unsupported("the model's input is text; feed it numbers");
  DType parsed;
  if (!parse_dtype(name, &parsed)) fail_user("input type '{}' is not known", name);
  return parsed;
}

Shape input_shape(const Config& dims) {
  std::vector<int64_t> extents;
  for (const Config& dim : dims.items()) {
    extents.push_back(dim.is_null() ? kDynamic : dim.as_integer("batch_shape"));
  }
  const auto shape = Shape::checked(extents);
  if (!shape) fail_user("has an impossible shape");
  return *shape;
}

const Config& batch_shape(const Config& config) {
  for (const char* key : {"batch_shape", "batch_input_shape", "build_input_shape", "input_shape"}) {
    if (config[key].is_list()) return config[key];
  }
  static const Config kNone;
  return kNone;
}

ValueId add_input(GraphBuilder& builder, const std::string& name, const Config& config,
                  const Config& dims) {
  return with_context(fmt::format("layer '{}'", name), [&] {
    return builder.input(name, TensorType{input_dtype(config), input_shape(dims), {}});
  });
}

ValueId sequential_input(Layer& model, GraphBuilder& builder, std::string* name) {
  if (model.layers.empty()) fail_user("model '{}' has no layers", model.name);
  const Layer& first = *model.layers[0];
  if (first.class_name == "InputLayer") {
    *name = first.name;
    return add_input(builder, first.name, first.config, batch_shape(first.config));
  }
  *name = first.name + "_input";
  const Config* dims = &batch_shape(first.config);
  if (dims->is_null() && first.is_model() && !first.layers.empty()) {
    dims = &batch_shape(first.layers[0]->config);
  }
  if (dims->is_null()) dims = &batch_shape(model.config);
  if (dims->is_null()) dims = &batch_shape(model.build_config);
  if (dims->is_null()) {
    fail_user(
        "model '{}' was saved before it was built, so its input shape is not known; call "
        "model.build() and save it again",
        model.name);
  }
  // An Embedding's indices are numbers of any kind; Keras feeds them as float32.
  return add_input(builder, *name, Config(), *dims);
}

// Names of the outputs: the layers that make them.
std::vector<std::string> output_names(const Layer& model, size_t count) {
  std::vector<std::string> names;
  if (model.is_sequential()) {
    names.push_back(model.layers.back()->name);
  } else {
    for (const History& output : references_in(model.config["output_layers"])) {
      names.push_back(output.layer);
    }
  }
  names.resize(count, "output");
  std::set<std::string> used;
  for (std::string& name : names) {
    std::string unique = name;
    for (int i = 1; !used.insert(unique).second; ++i) unique = fmt::format("{}_{}", name, i);
    name = unique;
  }
  return names;
}

// The main model's inputs, with their names.
std::vector<std::pair<std::string, ValueId>> add_inputs(Layer& model, GraphBuilder& builder) {
  std::vector<std::pair<std::string, ValueId>> inputs;
  if (model.is_sequential()) {
    std::string name;
    const ValueId input = sequential_input(model, builder, &name);
    return {{name, input}};
  }
  for (const History& reference : references_in(model.config["input_layers"])) {
    const std::string& name = reference.layer;
    const auto layer = std::find_if(model.layers.begin(), model.layers.end(),
                                    [&](const auto& l) { return l->name == name; });
    if (layer == model.layers.end()) fail_user("model has no input layer '{}'", name);
    const Config& config = (*layer)->config;
    inputs.emplace_back(name, add_input(builder, name, config, batch_shape(config)));
  }
  return inputs;
}

}  // namespace

void emit_main(Layer& model, GraphBuilder& builder) {
  Signature signature;
  signature.inputs = add_inputs(model, builder);
  std::vector<Arg> inputs;
  for (const auto& input : signature.inputs) inputs.emplace_back(input.second);
  const Arg called = model.is_sequential() ? inputs[0] : Arg::list(std::move(inputs));
  const std::vector<Tensor> outputs = tensors_of(call_model(model, builder, called));
  if (outputs.empty()) fail_user("model '{}' has no outputs", model.name);
  const std::vector<std::string> names = output_names(model, outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    builder.output(outputs[i].id);
    signature.outputs.emplace_back(names[i], outputs[i].id);
  }
  builder.graph().signatures.push_back(std::move(signature));
}

}  // namespace mote::keras
