#include "passes/fuse_activation.h"

#include "passes/editor.h"

namespace mote::passes {
namespace {

Activation fusable(const Node& node) {
  if (is(node, "relu")) return Activation::relu;
  if (is(node, "relu6")) return Activation::relu6;
  if (is(node, "relu_n1_to_1")) return Activation::relu_n1_to_1;
  return Activation::none;
}

void try_fuse(Editor& editor, size_t n) {
  Node& node = editor.refresh(n);
  const Activation wanted = fusable(node);
  if (wanted == Activation::none) return;
  const ValueId x = node.inputs[0];
  const ValueId y = node.outputs[0];
  const TensorType& type = editor.value(x).type;
  // A quantized activation has a scale of its own.
  if (type.dtype != DType::f32 || !(type == editor.value(y).type)) return;
  const int found = producer_through_views(editor, x);
  if (found < 0) return;
  Node& maker = editor.refresh(static_cast<size_t>(found));
  if (!maker.op->has(kFusedActivation)) return;
  auto value = std::get<Enumerator>(maker.attrs.get("activation"));
  const auto present = static_cast<Activation>(value.value);
  if (present != Activation::none && present != wanted) return;
  value.value = static_cast<int32_t>(wanted);
  // An output that can't give up its name stays; then nothing may change.
  if (!editor.replace(y, x)) return;
  maker.attrs.set("activation", value);
}

}  // namespace

bool fuse_activation(Graph& graph) {
  return edit(graph, [](Editor& editor) {
    for (size_t n = 0; n < editor.size(); ++n) {
      if (editor.alive(n)) try_fuse(editor, n);
    }
  });
}

}  // namespace mote::passes
