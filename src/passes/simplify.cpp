#include "passes/simplify.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "ops/ops.h"
#include "ops/reshape.h"
#include "passes/editor.h"

namespace mote::passes {
namespace {

int unknown_extents(const Shape& shape) {
  return static_cast<int>(std::count(shape.begin(), shape.end(), kDynamic));
}

// Two values of which one may stand for the other: equal types, and not two shapes that are both
// unknown in more than one place, which need not be the same.
bool interchangeable(const TensorType& a, const TensorType& b) {
  return a == b && unknown_extents(a.shape) <= 1;
}

bool all_equal(std::span<const float> data, float wanted) {
  return !data.empty() &&
         std::all_of(data.begin(), data.end(), [&](float v) { return v == wanted; });
}

bool has_activation(const Node& node) {
  return node.op->has(kFusedActivation) &&
         std::get<Enumerator>(node.attrs.get("activation")).value != 0;
}

std::optional<std::vector<int64_t>> permutation_of(const Editor& editor, const Node& node) {
  auto perm = editor.view(node).constant_ints(1);
  if (!perm) return std::nullopt;
  for (int64_t& axis : *perm) {
    if (axis < 0) axis += static_cast<int64_t>(perm->size());
  }
  return perm;
}

ValueId int_constant(Editor& editor, const std::string& name, std::span<const int64_t> values) {
  const std::vector<int32_t> narrow(values.begin(), values.end());
  return editor.add_constant(name, {DType::i32, Shape{static_cast<int64_t>(narrow.size())}},
                             Buffer::of(narrow));
}

// The node keeps its output and becomes reshape(x). False if the output's shape has too many
// unknown extents to be written down.
bool become_reshape(Editor& editor, size_t n) {
  Node& node = editor.refresh(n);
  const OpDef* reshape = find_op("reshape");
  const Value& y = editor.value(node.outputs[0]);
  if (!reshape || unknown_extents(y.type.shape) > 1) return false;
  const std::string name = y.name + "/shape";
  const Shape shape = y.type.shape;
  const ValueId target = int_constant(editor, name, shape.dims());
  const ValueId x = node.inputs[0];
  for (size_t i = 1; i < node.inputs.size(); ++i) editor.set_input(n, i, kNoValue);
  node.op = reshape;
  node.attrs = Attrs::of(ops::ReshapeAttrs{});
  node.inputs = {x};
  editor.set_input(n, 1, target);
  return true;
}

// The order of the axes whose extent is not 1 stays as it is.
bool moves_only_ones(const Shape& x, std::span<const int64_t> perm) {
  int64_t last = -1;
  for (const int64_t axis : perm) {
    if (x[static_cast<int>(axis)] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

// Rewrites that leave the node in its place.
void canonicalise(Editor& editor, size_t n) {
  Node& node = editor.refresh(n);
  if (is(node, "squeeze") || is(node, "expand_dims")) become_reshape(editor, n);
  if (is(node, "transpose")) {
    const auto perm = permutation_of(editor, node);
    const Shape& x = editor.value(node.inputs[0]).type.shape;
    if (perm && static_cast<int>(perm->size()) == x.rank() && moves_only_ones(x, *perm)) {
      become_reshape(editor, n);
    }
  }
  if (node.op->has(kCommutative) && node.inputs.size() == 2 && node.inputs[0] != kNoValue &&
      node.inputs[1] != kNoValue && editor.value(node.inputs[0]).is_constant &&
      !editor.value(node.inputs[1]).is_constant) {
    std::swap(node.inputs[0], node.inputs[1]);
    editor.touch();
  }
}

// x / c is x * (1 / c) exactly where every c is a power of two.
void divide_to_multiply(Editor& editor, size_t n) {
  Node& node = editor.refresh(n);
  if (!is(node, "div") || node.inputs.size() != 2) return;
  const Value& divisor = editor.value(node.inputs[1]);
  const auto data = constant_floats(divisor);
  if (data.empty()) return;
  std::vector<float> reciprocal;
  for (const float c : data) {
    int exponent = 0;
    if (std::fabs(std::frexp(c, &exponent)) != 0.5f || std::abs(exponent) > 100) return;
    reciprocal.push_back(1.0f / c);
  }
  const OpDef* mul = find_op("mul");
  if (!mul) return;
  Attrs attrs(*mul->attrs);
  if (mul->has(kFusedActivation)) attrs.set("activation", node.attrs.get("activation"));
  const std::string name = divisor.name;
  const TensorType type = divisor.type;
  editor.set_input(n, 1, editor.add_constant(name, type, Buffer::of(reciprocal)));
  node.op = mul;
  node.attrs = attrs;
}

void join_with_producer(Editor& editor, size_t n) {
  Node& node = editor.refresh(n);
  if (node.inputs.empty() || node.inputs[0] == kNoValue) return;
  const int found = editor.producer(node.inputs[0]);
  if (found < 0) return;
  Node& before = editor.refresh(static_cast<size_t>(found));
  if (is(node, "reshape") && before.op->has(kView)) {
    // Reshaping to what is written down needs the element count only.
    if (unknown_extents(editor.value(node.outputs[0]).type.shape) > 1) return;
    editor.set_input(n, 0, before.inputs[0]);
  } else if (is(node, "transpose") && is(before, "transpose")) {
    const auto outer = permutation_of(editor, node);
    const auto inner = permutation_of(editor, before);
    if (!outer || !inner || outer->size() != inner->size()) return;
    std::vector<int64_t> both;
    for (const int64_t axis : *outer) both.push_back((*inner)[static_cast<size_t>(axis)]);
    const ValueId x = before.inputs[0];
    const std::string name = editor.value(node.inputs[1]).name;
    editor.set_input(n, 1, int_constant(editor, name, both));
    editor.set_input(n, 0, x);
  }
}

bool is_identity_movement(const Editor& editor, const Node& node) {
  const Value& x = editor.value(node.inputs[0]);
  const Value& y = editor.value(node.outputs[0]);
  if (node.outputs.size() != 1 || !interchangeable(x.type, y.type)) return false;
  if (node.op->has(kView) || is(node, "cast")) return true;
  if (is(node, "concatenation") || is(node, "add_n")) {
    return node.inputs.size() == 1 && !has_activation(node);
  }
  if (is(node, "transpose")) {
    const auto perm = permutation_of(editor, node);
    return perm && std::is_sorted(perm->begin(), perm->end());
  }
  if (is(node, "pad") || is(node, "padv2") || is(node, "mirror_pad") || is(node, "tile") ||
      is(node, "broadcast_to") || is(node, "slice")) {
    return x.type.shape.is_static();  // an equal size leaves room for nothing else
  }
  return false;
}

// x for a node that gives back x; kNoValue otherwise.
ValueId same_as(Editor& editor, const Node& node) {
  if (node.inputs.empty() || node.inputs[0] == kNoValue || node.outputs.size() != 1) {
    return kNoValue;
  }
  const ValueId x = node.inputs[0];
  if (is_identity_movement(editor, node)) return x;
  const TensorType& in = editor.value(x).type;
  const TensorType& out = editor.value(node.outputs[0]).type;
  if (node.inputs.size() == 2 && node.inputs[1] != kNoValue && !has_activation(node) &&
      interchangeable(in, out)) {
    const auto constant = constant_floats(editor.value(node.inputs[1]));
    if ((is(node, "mul") || is(node, "div")) && all_equal(constant, 1.0f)) return x;
    if ((is(node, "add") || is(node, "sub")) && all_equal(constant, 0.0f)) return x;
  }
  const int found = editor.producer(x);
  if (found < 0) return kNoValue;
  const Node& before = editor.refresh(static_cast<size_t>(found));
  if (is(node, "quantize") && is(before, "dequantize") && before.inputs[0] != kNoValue &&
      editor.value(before.inputs[0]).type == out) {
    return before.inputs[0];
  }
  const bool clamps = is(node, "relu") || is(node, "relu6") || is(node, "relu_n1_to_1");
  if (clamps && node.op == before.op && interchangeable(in, out)) return x;
  return kNoValue;
}

}  // namespace

bool simplify(Graph& graph) {
  return edit(graph, [](Editor& editor) {
    for (size_t n = 0; n < editor.size(); ++n) {
      if (!editor.alive(n)) continue;
      canonicalise(editor, n);
      divide_to_multiply(editor, n);
      join_with_producer(editor, n);
      const Node& node = editor.refresh(n);
      const ValueId x = same_as(editor, node);
      if (x != kNoValue) editor.replace(node.outputs[0], x);
    }
  });
}

}  // namespace mote::passes
