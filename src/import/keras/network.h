// Calling models: Sequential and functional networks, nested and shared ones included.
#pragma once

#include "import/keras/importers.h"

namespace mote::keras {

// Writes the nodes of a model called on `inputs` and returns its outputs in their structure.
Arg call_model(Layer& model, GraphBuilder& builder, const Arg& inputs);

// Makes the graph's inputs from the model's, calls it, and makes the graph's outputs and signature.
void emit_main(Layer& model, GraphBuilder& builder);

}  // namespace mote::keras
