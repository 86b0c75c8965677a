// A model file in memory, its ports by name, and the shapes that it is prepared for.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "passes/pipeline.h"

namespace mote::driver {

struct Model {
  std::string path;
  std::string format;  // "tflite", "keras", "h5"
  size_t file_bytes = 0;
  Graph graph;
  double load_ms = 0;  // reading and importing
};

// Reads a model of any supported format, told apart by content. Throws an Error that names the
// file.
Model load_model(const std::string& path);

// The graph made smaller and faster without changing what it computes (passes/pipeline). Values get
// other numbers; the ports keep their names and order.
// `observer` is told after every pass.
void optimize(Model& model, const passes::Observer& observer = {});

// An input or output of the main subgraph.
struct PortInfo {
  std::string name;    // the signature's, else the tensor's
  std::string tensor;  // the tensor's
  ValueId value = kNoValue;
  TensorType type;
};
std::vector<PortInfo> inputs_of(const Graph& graph);
std::vector<PortInfo> outputs_of(const Graph& graph);

// The port with that name, tensor name, or position. `what` ("input") is for the Error that lists
// those there are.
size_t find_port(std::span<const PortInfo> ports, std::string_view key, std::string_view what);

// What the user says of an input's shape: `--input-shape NAME=1,49,10,1`.
using NamedShape = std::pair<std::string, Shape>;
// "NAME=1,49,10,1" or "1,49,10,1" (input 0); a scalar has nothing after the "=". Throws a user
// Error for anything else.
NamedShape parse_named_shape(std::string_view text);

// The shapes of all inputs: those given, else the model's with unknown extents as 1. Throws a user
// Error for a name that the model lacks or a rank that is not the model's.
std::vector<Shape> input_shapes(std::span<const PortInfo> inputs,
                                std::span<const NamedShape> given);

// The graph with these input shapes and every other shape computed from them; nothing is folded or
// removed. Empty where that can't be done (a shape that depends on data).
std::optional<Graph> with_shapes(const Graph& graph, std::span<const Shape> shapes);

}  // namespace mote::driver
