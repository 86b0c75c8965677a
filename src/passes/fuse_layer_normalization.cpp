#include "passes/fuse_layer_normalization.h"

#include <algorithm>
#include <array>

#include "ops/binary.h"
#include "ops/ops.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "passes/editor.h"

namespace mote::passes {
namespace {

// The operands of a node; kNothing if there is none or it has an activation.
using Pair = std::array<ValueId, 2>;
constexpr Pair kNothing = {kNoValue, kNoValue};

// The node that makes `id`, if it is an `op` and as many read it.
const Node* maker_of(Editor& editor, ValueId id, std::string_view op, int readers = 1) {
  const int n = editor.producer(id);
  if (n < 0 || editor.readers(id) != readers) return nullptr;
  const Node& node = editor.refresh(static_cast<size_t>(n));
  return is(node, op) ? &node : nullptr;
}

Pair operands(const Node* node) {
  if (!node || node->inputs.size() != 2) return kNothing;
  const Enumerator activation = std::get<Enumerator>(node->attrs.get("activation"));
  if (static_cast<Activation>(activation.value) != Activation::none) return kNothing;
  return {node->inputs[0], node->inputs[1]};
}

// x where id = mean(x) along the last axis, which stays.
ValueId mean_operand(Editor& editor, ValueId id) {
  const Node* node = maker_of(editor, id, "mean");
  if (!node || !node->attrs.as<ops::ReduceAttrs>().keep_dims) return kNoValue;
  const auto axes = editor.view(*node).constant_ints(1);
  const int rank = editor.value(node->inputs[0]).type.shape.rank();
  const bool last = axes && axes->size() == 1 && ((*axes)[0] == -1 || (*axes)[0] == rank - 1);
  return last ? node->inputs[0] : kNoValue;
}

// The number that a constant of one element holds.
bool number(const Value& value, float* x) {
  const std::span<const float> data = constant_floats(value);
  if (data.size() == 1) *x = data[0];
  return data.size() == 1;
}

struct Match {
  ValueId x = kNoValue, gamma = kNoValue, beta = kNoValue;
  float epsilon = 0;
};

// id = rsqrt(mean(square(d)) + epsilon): how often that reads d; 0 if it is something else.
int match_scale(Editor& editor, ValueId id, ValueId d, float* epsilon) {
  const Node* root = maker_of(editor, id, "rsqrt");
  if (!root) return 0;
  const Pair sum = operands(maker_of(editor, root->inputs[0], "add"));
  for (const size_t i : {0u, 1u}) {
    if (sum[i] == kNoValue || !number(editor.value(sum[1 - i]), epsilon)) continue;
    const ValueId squares = mean_operand(editor, sum[i]);
    const Node* square = squares == kNoValue ? nullptr : maker_of(editor, squares, "square");
    if (square) return square->inputs[0] == d ? 1 : 0;
    const Pair factors =
        squares == kNoValue ? kNothing : operands(maker_of(editor, squares, "mul"));
    return factors[0] == d && factors[1] == d ? 2 : 0;
  }
  return 0;
}

// Node `product` = d * scale.
bool match_core(Editor& editor, const Node* product, Match* m) {
  const Pair both = operands(product);
  for (const size_t i : {0u, 1u}) {
    const ValueId d = both[i];
    if (d == kNoValue) return false;
    const Pair apart = operands(maker_of(editor, d, "sub", editor.readers(d)));
    if (apart[0] == kNoValue || mean_operand(editor, apart[1]) != apart[0]) continue;
    const int reads = match_scale(editor, both[1 - i], d, &m->epsilon);
    if (reads == 0 || editor.readers(d) != reads + 1) continue;
    m->x = apart[0];
    return editor.value(m->x).type.dtype == DType::f32;
  }
  return false;
}

// Whether `value` is one constant float for each element of x's last axis.
bool is_row(const Value& value, int64_t depth) {
  const std::span<const float> data = constant_floats(value);
  const Shape& shape = value.type.shape;
  return static_cast<int64_t>(data.size()) == depth && shape.rank() > 0 && shape.back() == depth;
}

// node = made * row, or made + row: the row, and what makes the other operand.
ValueId row_of(Editor& editor, const Node* node, std::string_view op, const Node** made) {
  const Pair both = operands(node && is(*node, op) ? node : nullptr);
  for (const size_t i : {0u, 1u}) {
    if (both[i] == kNoValue) break;
    const Shape& shape = editor.value(both[1 - i]).type.shape;
    if (shape.rank() == 0 || !is_row(editor.value(both[i]), shape.back())) continue;
    *made = maker_of(editor, both[1 - i], "mul");
    if (*made) return both[i];
  }
  return kNoValue;
}

bool match(Editor& editor, const Node& last, Match* m) {
  const Node* node = &last;
  const Node* made = nullptr;
  m->beta = row_of(editor, node, "add", &made);
  if (m->beta != kNoValue) node = made;
  m->gamma = row_of(editor, node, "mul", &made);
  if (m->gamma != kNoValue && match_core(editor, made, m)) return true;
  m->gamma = kNoValue;
  return is(*node, "mul") && match_core(editor, node, m);
}

// A row as a vector; none if there is none.
ValueId vector_of(Editor& editor, ValueId id) {
  if (id == kNoValue || editor.value(id).type.shape.rank() == 1) return id;
  const Value value = editor.value(id);
  TensorType type = value.type;
  type.shape = Shape{value.type.shape.back()};
  return editor.add_constant(value.name, type, value.data);
}

void rewrite(Editor& editor, size_t n, const Match& m) {
  const std::array<ValueId, 3> inputs = {m.x, vector_of(editor, m.gamma),
                                         vector_of(editor, m.beta)};
  for (size_t i = 0; i < inputs.size(); ++i) editor.set_input(n, i, inputs[i]);
  Node& node = editor.subgraph().nodes[n];
  node.op = find_op("layer_normalization");
  node.attrs = Attrs::of(ops::LayerNormalizationAttrs{m.epsilon});
}

}  // namespace

bool fuse_layer_normalization(Graph& graph) {
  if (!find_op("layer_normalization")) return false;
  return edit(graph, [](Editor& editor) {
    // From the end: an addition of beta comes before the product that it belongs to.
    for (size_t n = editor.size(); n-- > 0;) {
      if (!editor.alive(n)) continue;
      Match m;
      const Node& node = editor.refresh(n);
      if (node.outputs.size() == 1 && editor.readers(node.outputs[0]) > 0 &&
          match(editor, node, &m) && editor.value(m.x).type == editor.value(node.outputs[0]).type) {
        rewrite(editor, n, m);
      }
    }
  });
}

}  // namespace mote::passes
