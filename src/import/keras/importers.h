// The tables of what Mote knows of Keras: one record a layer class, one a keras.ops function, each
// with the function that writes it as graph nodes. layers_*.cpp and ops_*.cpp define them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "ops/builder.h"
#include "import/keras/layer.h"

namespace mote::keras {

// A tensor of the Keras model: its value, and the mask that Keras carries along with it
// (bool [batch, time]; true: a real step).
struct Tensor {
  ValueId id = kNoValue;
  ValueId mask = kNoValue;
};

// An argument or a result of a call: a tensor, a list or dictionary of arguments, or a constant of
// the configuration.
struct Arg {
  enum class Kind : uint8_t { constant, tensor, list, dictionary };
  Kind kind = Kind::constant;
  Tensor tensor = {};
  std::vector<Arg> items = {};
  std::vector<std::string> keys = {};  // of a dictionary
  Config value = {};                   // of a constant; null: None

  Arg() = default;
  Arg(Tensor t) : kind(Kind::tensor), tensor(t) {}
  Arg(ValueId id) : kind(Kind::tensor), tensor{id} {}
  Arg(Config constant) : value(std::move(constant)) {}
  static Arg list(std::vector<Arg> items);
  static Arg list(const std::vector<Tensor>& tensors);

  bool is_none() const { return kind == Kind::constant && value.is_null(); }
  bool is_tensor() const { return kind == Kind::tensor; }
};
// Every tensor in it, in Keras's order: lists in order, dictionaries by key.
std::vector<Tensor> tensors_of(const Arg& arg);
using Keywords = std::vector<std::pair<std::string, Arg>>;

// One call of a layer or an operation, as its importer sees it.
class Call {
 public:
  Call(Layer& called, GraphBuilder& builder, std::vector<Arg> args, Keywords keywords)
      : layer(called),
        b(builder),
        config(called.config),
        args_(std::move(args)),
        keywords_(std::move(keywords)) {}

  Layer& layer;
  GraphBuilder& b;
  const Config& config;

  // An argument by position or keyword; null if it was not given.
  const Arg* find(size_t position, std::string_view keyword) const;
  // The same, where a tensor is required (a list of one counts).
  Tensor tensor(size_t position = 0, std::string_view keyword = "inputs") const;
  // A tensor if one was given; no value otherwise.
  Tensor optional_tensor(size_t position, std::string_view keyword) const;
  std::vector<Tensor> tensors(size_t position = 0, std::string_view keyword = "inputs") const;
  ValueId input() const { return tensor().id; }
  const std::vector<Arg>& args() const { return args_; }
  const Keywords& keywords() const { return keywords_; }

  // The layer's weight as it is stored, as a constant.
  ValueId weight(std::string_view role) const;
  bool has_weight(std::string_view role) const { return layer.has_weight(role); }
  // float32 elements of a weight, with its shape in `shape`.
  std::vector<float> elements(std::string_view role, Shape* shape = nullptr) const;

 private:
  std::vector<Arg> args_;
  Keywords keywords_;
};

struct Importer {
  const char* class_name;
  Arg (*emit)(Call&);
  void (*slots)(Layer&) = nullptr;  // fills layer.slots; null: no weights
  void (*inner)(Layer&) = nullptr;  // fills layer.layers of a wrapper
  bool keeps_mask = false;          // the input's mask goes on to the output
};
// Null if Mote does not know the class.
const Importer* find_importer(std::string_view class_name);
std::vector<std::string> known_layers();

struct Operation {
  const char* class_name;  // of keras.ops: "Add", "GetItem"
  Arg (*emit)(Call&);
};
const Operation* find_operation(std::string_view class_name);

// Calls a layer, model or operation: writes its nodes under its name. Throws an Error with the
// layer's name before the message.
Arg call_layer(Layer& layer, GraphBuilder& builder, std::vector<Arg> args, Keywords keywords);

// For importers' `slots`: appends a slot.
void add_slot(Layer& layer, std::string role, std::string path, bool trainable = true,
              bool optional = false);
// For importers' `inner`: builds the layer that config[key] describes, at `path`.
Layer& add_inner(Layer& layer, const Config& object, std::string path);

// The tables, by topic.
std::span<const Importer> core_layers();
std::span<const Importer> activation_layers();
std::span<const Importer> conv_layers();
std::span<const Importer> pooling_layers();
std::span<const Importer> normalization_layers();
std::span<const Importer> merging_layers();
std::span<const Importer> reshaping_layers();
std::span<const Importer> recurrent_layers();
std::span<const Importer> attention_layers();
std::span<const Importer> preprocessing_layers();
std::span<const Importer> audio_layers();
std::span<const Importer> identity_layers();
std::span<const Operation> math_operations();
std::span<const Operation> array_operations();
std::span<const Operation> slice_operations();
std::span<const Operation> nn_operations();

}  // namespace mote::keras
