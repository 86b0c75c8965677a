// The neutral tree between Keras's files and the graph: every layer with its configuration, its
// weights and the layers inside it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/array.h"
#include "import/keras/archive.h"
#include "import/keras/config.h"

namespace mote::keras {

struct Importer;  // importers.h

// Where a weight is kept, in Keras's order of a layer's weights.
struct Slot {
  std::string role;  // "kernel"
  std::string path;  // in a .keras file, below the layer's group: "vars/0"
  bool trainable = true;
  bool optional = false;  // may be absent (written by some versions only)
};

struct Layer {
  std::string class_name;
  std::string name;
  std::string path;  // of its group in a .keras file, relative to the parent's: "layers/dense"
  Config config;
  Config build_config;
  const Importer* importer = nullptr;  // null for models and operations
  bool is_operation = false;           // a keras.ops function, not a layer
  std::vector<Slot> slots;
  std::vector<formats::Array> weights;  // by slot; float32 where floating. Empty shape: absent
  std::vector<std::unique_ptr<Layer>> layers;  // of a model, or inside a wrapper
  Config inbound_nodes;                        // of a layer in a functional model
  bool keras2 = false;  // saved by Keras 2, whose rules differ here and there

  bool is_sequential() const;
  bool is_functional() const;
  bool is_model() const { return is_sequential() || is_functional(); }

  // A weight by role; an internal error if the layer has no such slot.
  const formats::Array& weight(std::string_view role) const;
  bool has_weight(std::string_view role) const;
  // The wrapped layer whose path is `at` ("forward_layer"); an internal error if there is none.
  Layer& inner(std::string_view at) const;
};

// Builds the tree of a model from its configuration, without weights. Refuses custom classes,
// Lambda layers and classes that Mote does not know, by name.
std::unique_ptr<Layer> build_tree(const Config& object);
// One layer from its configuration (a wrapper's inner layer, for one).
std::unique_ptr<Layer> build_layer(const Config& object);

// Marks every layer as saved by Keras 2.
void mark_keras2(Layer& layer);

// Fills in every layer's weights. Throws an Error that names layer and weight if one is missing,
// of the wrong shape for the others to use, or has a NaN.
void load_weights(Layer& model, const Archive& archive);

// Keras's rule for naming a class in a path: "PReLU" -> "p_re_lu".
std::string snake_case(std::string_view class_name);

}  // namespace mote::keras
