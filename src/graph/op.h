// OpDef: what an operator is, in one record (ops/<op>.cpp). Passes, planner, quantizer and file
// formats ask the record, never the operator's name.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace mote {

// Read access to one node in its subgraph, for the record's functions.
class NodeView {
 public:
  NodeView(const Graph& graph, const Subgraph& subgraph, const Node& node)
      : graph_(&graph), subgraph_(&subgraph), node_(&node) {}

  const Graph& graph() const { return *graph_; }
  const Subgraph& subgraph() const { return *subgraph_; }
  const Node& node() const { return *node_; }
  template <class T>
  const T& attrs() const {
    return node_->attrs.as<T>();
  }
  int inputs() const { return static_cast<int>(node_->inputs.size()); }
  int outputs() const { return static_cast<int>(node_->outputs.size()); }
  // Input i is there (optional ones may be left out at the end, or be kNoValue).
  bool has(int i) const {
    return i < inputs() && node_->inputs[static_cast<size_t>(i)] != kNoValue;
  }
  const Value& in_value(int i) const {
    return subgraph_->value(node_->inputs[static_cast<size_t>(i)]);
  }
  const TensorType& in(int i) const { return in_value(i).type; }
  const TensorType& out(int i) const {
    return subgraph_->value(node_->outputs[static_cast<size_t>(i)]).type;
  }
  const TensorType& intermediate(int i) const {
    return subgraph_->value(node_->intermediates[static_cast<size_t>(i)]).type;
  }
  bool is_constant(int i) const { return has(i) && in_value(i).is_constant; }
  // The constant elements of input i, which must have dtype T.
  template <class T>
  std::span<const T> constant(int i) const {
    return in_value(i).data.as<T>();
  }
  // The elements of a constant integer input of any width; empty if input i is not constant.
  std::optional<std::vector<int64_t>> constant_ints(int i) const;
  // The node that makes input i; null for inputs of the subgraph and constants.
  const Node* producer(int i) const;

 private:
  const Graph* graph_;
  const Subgraph* subgraph_;
  const Node* node_;
};

// For a record's shape rule: sees the node's inputs, sets its outputs' types. Unknown extents (-1)
// pass through. Before a graph runs, its inputs are made static and every constant expression is
// folded (passes/specialize), so a rule that needs a constant and has none leaves the declared
// output shape as it is if that has the right rank, and fails otherwise.
class InferContext : public NodeView {
 public:
  InferContext(const Graph& graph, const Subgraph& subgraph, const Node& node,
               std::vector<TensorType> declared)
      : NodeView(graph, subgraph, node), types_(std::move(declared)), constants_(types_.size()) {}

  // What the file (or the builder) said of output i before inference; its quantization is
  // authoritative.
  const TensorType& declared(int i) const { return types_[static_cast<size_t>(i)]; }
  void set_out(int i, DType dtype, const Shape& shape) {
    types_[static_cast<size_t>(i)].dtype = dtype;
    types_[static_cast<size_t>(i)].shape = shape;
  }
  void set_quant(int i, Quantization quant) {
    types_[static_cast<size_t>(i)].quant = std::move(quant);
  }
  // The output's value is already known (shape, rank).
  void set_constant(int i, Buffer data) { constants_[static_cast<size_t>(i)] = std::move(data); }

  const std::vector<TensorType>& types() const { return types_; }
  const std::vector<std::optional<Buffer>>& constants() const { return constants_; }

 private:
  std::vector<TensorType> types_;
  std::vector<std::optional<Buffer>> constants_;
};

// How full-integer quantization treats an operator: the TFLite quantization specification as data.
enum class QuantKind : uint8_t {
  none,         // stays float, between Dequantize and Quantize; `why_not` says why
  free,         // quantized activations in, output calibrated
  same_scale,   // outputs and activation inputs share one scale and zero point
  fixed,        // output scale and zero point are given by the operator
  passthrough,  // takes quantized activations, makes something that is not quantized (arg_max,
                // comparisons, shape)
};

// An input that is no activation and not the one tensor of weights: the integer form of its own
// that an operator with several of them (an LSTM) needs. All per tensor.
enum class QuantForm : uint8_t {
  weights,       // int8, symmetric
  bias,          // int32 of the scales of inputs `x` and `w`, which come before it, multiplied
  int16,         // a constant, int16, symmetric
  output_state,  // a variable with the output's parameters
  cell_state,    // a variable, int16 of scale 2^-12
};
struct QuantOperand {
  QuantForm form;
  int input;
  int x = -1;
  int w = -1;
};

struct QuantRule {
  QuantKind kind = QuantKind::none;
  // Inputs that carry activations, as bits; the rest (axes, indices, sizes) are left alone. Weights
  // and bias are named apart.
  uint32_t activations = 1;
  int weights = -1;       // input with int8 symmetric weights
  int weights_axis = -1;  // their per-channel axis; -1: per tensor only
  int bias = -1;          // input with int32 (int64 for int16 activations) bias of scale s_x * s_w
  bool int8 = true;
  bool int16 = true;  // whether the official kernels take int16 activations
  bool dynamic =
      false;  // whether weights may be int8 with float activations (dynamic-range quantization)
  bool int4_weights = false;
  float fixed_scale_i8 = 0;
  int fixed_zero_point_i8 = 0;
  float fixed_scale_i16 = 0;  // zero point 0
  const char* why_not = nullptr;
  std::span<const QuantOperand> operands = {};
  uint32_t float_with = 0;  // the operator stays float if any of these inputs is present
  int intermediates = 0;    // of which the last has the output's parameters, the others none
};

enum Traits : uint32_t {
  kElementwise = 1,      // output i depends on inputs at i only (broadcasting allowed)
  kView = 2,             // the output is the first input's bytes in another shape
  kFusedActivation = 4,  // attributes have `activation`, an Activation
  kStateful = 8,         // reads or writes state: never folded, removed or reordered with its like
  kControlFlow = 16,     // attributes name subgraphs
  kCommutative = 32,
  kMovement = 64,      // moves or selects elements, computes nothing
  kHalfWeights = 128,  // weights (QuantRule::weights) may be float16 beside float32 inputs
};

struct Cost {
  int64_t macs = 0;  // multiply-accumulates; an addition or a comparison alone counts as none
};

// One field of a TFLite options table: its id in the table and the attribute that it holds. The
// wire type follows from the attribute's: bool, enumerators and dtypes are bytes; int32, int64,
// float, string, vectors of int32 or float.
struct TfliteField {
  int id;
  const char* attr;
  int64_t wire_default = 0;  // the schema's default: what an absent field means
};

struct TfliteFormat {
  int code = -1;    // BuiltinOperator; -1: has no TFLite form
  int options = 0;  // BuiltinOptions (or BuiltinOptions2) union tag; 0: none
  std::span<const TfliteField> fields = {};
  bool options_2 = false;  // in builtin_options_2
  // The operator's version for this node, as the official converter numbers them; null: 1.
  int (*version)(const NodeView&) = nullptr;
  // The official kernel refuses a node without its bias (QuantRule::bias).
  bool needs_bias = false;
};

class LowerContext;  // ops/lower.h
class GradContext;   // ops/grad.h

struct OpDef {
  const char* name;  // TFLite's, in lower case
  const AttrType* attrs = &attrs_of<NoAttrs>;
  int min_inputs = 1;
  int max_inputs = 1;  // -1: any number
  int outputs = 1;     // -1: any number
  // Which of the first min_inputs may be absent (kNoValue), as bits. Those after them may; where
  // any number is taken, none may.
  uint64_t optional = 0;
  uint32_t traits = 0;
  void (*infer)(InferContext&) = nullptr;
  void (*lower)(LowerContext&) = nullptr;   // node -> kernel steps: the only path to loops
  Cost (*cost)(const NodeView&) = nullptr;  // null: no multiply-accumulates
  // Writes the gradient of the inputs, given that of the outputs. Null: none passes, and `no_grad`
  // says why.
  void (*grad)(GradContext&) = nullptr;
  const char* no_grad = nullptr;
  int may_reuse = -1;  // input whose memory output 0 may take, if it is dead and as large
  QuantRule quant = {};
  TfliteFormat tflite = {};

  bool has(Traits trait) const { return (traits & trait) != 0; }
};

}  // namespace mote
