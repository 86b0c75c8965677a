// Calling models: Sequential and functional networks, nested and shared ones included.
#pragma once

#include <string>
#include <vector>

#include "import/keras/importers.h"

namespace mote::keras {

// Tensor `tensor` that the `node`-th call of `layer` gave: how a functional model's configuration
// refers to tensors.
struct History {
  std::string layer;
  int64_t node = 0;
  int64_t tensor = 0;
};
// ["dense_1", 0, 0]
bool is_reference(const Config& value);
History read_history(const Config& reference);
// Every reference in nested lists and dictionaries, dictionaries by key, as Keras flattens them.
std::vector<History> references_in(const Config& value);

// Writes the nodes of a model called on `inputs` and returns its outputs in their structure.
Arg call_model(Layer& model, GraphBuilder& builder, const Arg& inputs);

// Makes the graph's inputs from the model's, calls it, and makes the graph's outputs and signature.
void emit_main(Layer& model, GraphBuilder& builder);

}  // namespace mote::keras
