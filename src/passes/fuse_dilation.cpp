#include "passes/fuse_dilation.h"

#include <algorithm>

#include "ops/conv_2d.h"
#include "ops/ops.h"
#include "passes/editor.h"

namespace mote::passes {
namespace {

using Ints = std::vector<int64_t>;

// The node that makes `id` for its only reader, if it has a record.
const Node* maker_of(Editor& editor, ValueId id) {
  const int n = editor.producer(id);
  if (n < 0 || editor.readers(id) != 1) return nullptr;
  const Node& node = editor.refresh(static_cast<size_t>(n));
  return node.op ? &node : nullptr;
}

Ints ints(Editor& editor, const Node& node, int input) {
  return editor.view(node).constant_ints(input).value_or(Ints{});
}

struct Match {
  const Node* conv = nullptr;
  ValueId x = kNoValue;
  Ints block;
  Padding padding = Padding::valid;
};

// Whether a dilated convolution with `padding` reads along one axis what the operators read: from
// x's element -before on, `out` outputs.
bool fits(Padding padding, int64_t in, int64_t out, int64_t filter, int64_t block, int64_t before) {
  const int64_t reach = (filter - 1) * block;
  if (padding == Padding::same) return out == in && before == reach / 2;
  return out == in - reach && before == 0;
}

bool match(Editor& editor, const Node& last, Match* m) {
  if (!is(last, "batch_to_space_nd") || last.inputs.size() != 3) return false;
  m->conv = maker_of(editor, last.inputs[0]);
  if (!m->conv || (!is(*m->conv, "conv_2d") && !is(*m->conv, "depthwise_conv_2d"))) return false;
  const Node* first = maker_of(editor, m->conv->inputs[0]);
  if (!first || !is(*first, "space_to_batch_nd") || first->inputs.size() != 3) return false;
  m->block = ints(editor, last, 1);
  const Ints crops = ints(editor, last, 2), paddings = ints(editor, *first, 2);
  if (m->block.size() != 2 || m->block != ints(editor, *first, 1)) return false;
  if (crops.size() != 4 || paddings.size() != 4) return false;
  m->x = first->inputs[0];
  const TensorType &x = editor.value(m->x).type, &y = editor.value(last.outputs[0]).type;
  const Shape& filter = editor.value(m->conv->inputs[1]).type.shape;
  if (x.shape.rank() != 4 || filter.rank() != 4) return false;
  const auto quantized_alike = [&](const TensorType& type, ValueId id) {
    return type.quant == editor.value(id).type.quant;
  };
  if (!quantized_alike(x, first->outputs[0]) || !quantized_alike(y, last.inputs[0])) return false;
  for (const Padding padding : {Padding::same, Padding::valid}) {
    bool all = true;
    for (size_t axis = 0; axis < 2; ++axis) {
      const int at = static_cast<int>(axis) + 1;
      all = all && crops[2 * axis] == 0 &&
            fits(padding, x.shape[at], y.shape[at], filter[at], m->block[axis], paddings[2 * axis]);
    }
    m->padding = padding;
    if (all) return true;
  }
  return false;
}

// The convolution's attributes with the dilation; false if it is not plain.
template <class A>
bool dilate(const Match& m, Attrs* attrs) {
  A a = m.conv->attrs.as<A>();
  if (a.padding != Padding::valid || a.stride_h != 1 || a.stride_w != 1 || a.dilation_h != 1 ||
      a.dilation_w != 1) {
    return false;
  }
  a.padding = m.padding;
  a.dilation_h = static_cast<int32_t>(m.block[0]);
  a.dilation_w = static_cast<int32_t>(m.block[1]);
  *attrs = Attrs::of(a);
  return true;
}

void try_fuse(Editor& editor, size_t n) {
  Match m;
  if (!match(editor, editor.refresh(n), &m)) return;
  Attrs attrs;
  const bool plain = is(*m.conv, "conv_2d") ? dilate<ops::Conv2dAttrs>(m, &attrs)
                                            : dilate<ops::DepthwiseConv2dAttrs>(m, &attrs);
  if (!plain) return;
  std::vector<ValueId> inputs = m.conv->inputs;
  inputs[0] = m.x;
  inputs.resize(std::max<size_t>(inputs.size(), 3), kNoValue);
  const Node conv = *m.conv;
  for (size_t i = 0; i < inputs.size(); ++i) editor.set_input(n, i, inputs[i]);
  Node& node = editor.subgraph().nodes[n];
  node.op = conv.op;
  node.attrs = attrs;
  node.layer = conv.layer;
}

}  // namespace

bool fuse_dilation(Graph& graph) {
  return edit(graph, [](Editor& editor) {
    for (size_t n = 0; n < editor.size(); ++n) {
      if (editor.alive(n)) try_fuse(editor, n);
    }
  });
}

}  // namespace mote::passes
