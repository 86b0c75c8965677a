// GraphBuilder: how importers and gradients write a graph: one call an operator, with its shape rule
// run at once, so that one can always ask for the type of what has been built.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace mote {

// An extent of a shape to be made: a number, the extent of a value that may not be known before the
// model runs, or "what is left" (-1).
struct Extent {
  Extent(int64_t extent) : size(extent) {}
  Extent(int extent) : size(extent) {}
  Extent(ValueId value, int value_axis) : of(value), axis(value_axis) {}
  int64_t size = kDynamic;
  ValueId of = kNoValue;
  int axis = 0;
};

struct AttrSetting {
  const char* name;
  AttrValue value;
};
using AttrSettings = std::vector<AttrSetting>;

struct Window {  // of a convolution or a pooling; height and width
  Padding padding = Padding::valid;
  int64_t stride_h = 1, stride_w = 1;
  int64_t dilation_h = 1, dilation_w = 1;
  int64_t size_h = 1, size_w = 1;  // pooling
};

class GraphBuilder {
 public:
  GraphBuilder();
  // Goes on writing a graph: what follows is added to its main subgraph.
  explicit GraphBuilder(Graph graph);
  Graph take() { return std::move(graph_); }

  // Nodes that follow belong to this layer of the source model; values are named after it.
  void set_layer(std::string name) { layer_ = std::move(name); }
  const std::string& layer() const { return layer_; }

  // What follows is written to a new subgraph, until it is closed again. Returns its index.
  int open_subgraph(std::string name);
  void close_subgraph();
  Subgraph& current() { return graph_.subgraphs[static_cast<size_t>(stack_.back())]; }
  const Subgraph& current() const { return graph_.subgraphs[static_cast<size_t>(stack_.back())]; }
  Graph& graph() { return graph_; }

  ValueId input(std::string name, TensorType type);
  void output(ValueId value) { current().outputs.push_back(value); }
  // State of a recurrent operator, zero at first.
  ValueId variable(TensorType type);

  const TensorType& type(ValueId value) const { return current().value(value).type; }
  const Shape& shape(ValueId value) const { return type(value).shape; }
  DType dtype(ValueId value) const { return type(value).dtype; }
  int rank(ValueId value) const { return shape(value).rank(); }
  Extent extent(ValueId value, int axis) const;
  std::vector<Extent> extents(ValueId value) const;

  // Constants; equal ones of a subgraph are one value.
  ValueId constant(DType dtype, const Shape& shape, Buffer data);
  template <class T>
  ValueId constant(const std::vector<T>& values, const Shape& shape) {
    return constant(dtype_of<T>, shape, Buffer::of(values));
  }
  ValueId floats(const std::vector<float>& values) {
    return constant(values, Shape{static_cast<int64_t>(values.size())});
  }
  ValueId zeros(int64_t count) {
    return floats(std::vector<float>(static_cast<size_t>(count), 0.0f));
  }
  ValueId ints(const std::vector<int32_t>& values) {
    return constant(values, Shape{static_cast<int64_t>(values.size())});
  }
  ValueId scalar(float value) { return constant(std::vector<float>{value}, Shape{}); }
  ValueId scalar_int(int32_t value) { return constant(std::vector<int32_t>{value}, Shape{}); }
  // A scalar of x's type.
  ValueId scalar_like(ValueId x, double value);
  bool is_constant(ValueId value) const { return current().value(value).is_constant; }

  // Any operator. `declared`: the first output's type, for rules that can't derive its shape.
  std::vector<ValueId> add_node(std::string_view op, std::vector<ValueId> inputs,
                                const AttrSettings& attrs, int outputs,
                                std::optional<TensorType> declared = {});
  ValueId op(std::string_view name, std::vector<ValueId> inputs, const AttrSettings& attrs = {},
             std::optional<TensorType> declared = {}) {
    return add_node(name, std::move(inputs), attrs, 1, std::move(declared))[0];
  }

  // ---- movement; every axis may be negative
  ValueId reshape(ValueId x, const std::vector<Extent>& shape);
  ValueId expand(ValueId x, int axis);   // inserts an axis of extent 1
  ValueId squeeze(ValueId x, int axis);  // removes one
  ValueId transpose(ValueId x, const std::vector<int>& perm);
  ValueId slice(ValueId x, int axis, int64_t begin, int64_t size);  // size -1: to the end
  ValueId concat(const std::vector<ValueId>& xs, int axis);
  ValueId pack(const std::vector<ValueId>& xs, int axis);
  std::vector<ValueId> split(ValueId x, int axis, int count);
  // (before, after) by axis, with a value other than 0 if wanted.
  ValueId pad(ValueId x, const std::vector<std::pair<int64_t, int64_t>>& pads,
              std::optional<float> value = {});
  ValueId tile(ValueId x, const std::vector<int64_t>& multiples);
  ValueId broadcast(ValueId x, const std::vector<Extent>& shape);
  ValueId gather(ValueId x, ValueId indices, int axis, int batch_dims = 0);
  ValueId reverse(ValueId x, int axis);
  ValueId fill(const std::vector<Extent>& shape, float value);
  // int32 [n], constant if it can be.
  ValueId shape_value(const std::vector<Extent>& shape);
  ValueId cast(ValueId x, DType to);

  // ---- arithmetic
  ValueId unary(std::string_view name, ValueId x) { return op(name, {x}); }
  ValueId binary(std::string_view name, ValueId a, ValueId b);
  ValueId add(ValueId a, ValueId b) { return binary("add", a, b); }
  ValueId sub(ValueId a, ValueId b) { return binary("sub", a, b); }
  ValueId mul(ValueId a, ValueId b) { return binary("mul", a, b); }
  ValueId div(ValueId a, ValueId b) { return binary("div", a, b); }
  // sum, mean, reduce_max, reduce_min, reduce_prod, reduce_any, reduce_all
  ValueId reduce(std::string_view name, ValueId x, std::vector<int> axes, bool keep_dims);
  ValueId softmax(ValueId x, int axis = -1);
  ValueId select(ValueId condition, ValueId a, ValueId b);

  // ---- linear operators; weights are constants
  // x [..., in], weights [out, in], bias [out] or kNoValue
  ValueId fully_connected(ValueId x, ValueId weights, ValueId bias);
  // weights [out, kh, kw, in / groups]
  ValueId conv_2d(ValueId x, ValueId weights, ValueId bias, const Window& window);
  // weights [1, kh, kw, in * multiplier]
  ValueId depthwise_conv_2d(ValueId x, ValueId weights, ValueId bias, const Window& window,
                            int64_t multiplier);
  // max_pool_2d or average_pool_2d
  ValueId pool_2d(std::string_view name, ValueId x, const Window& window);
  ValueId batch_matmul(ValueId a, ValueId b, bool adjoint_a = false, bool adjoint_b = false);

 private:
  int normalize(ValueId x, int axis) const;
  std::string next_name(std::string_view op);

  Graph graph_;
  std::vector<int> stack_;
  std::string layer_;
  std::map<std::string, int> names_;
  // Constants of each subgraph by a hash of their bytes.
  std::map<int, std::multimap<size_t, ValueId>> constants_;
};

}  // namespace mote
