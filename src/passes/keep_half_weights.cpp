#include "passes/keep_half_weights.h"

#include "passes/editor.h"

namespace mote::passes {
namespace {

void try_keep(Editor& editor, size_t n) {
  const Node& node = editor.refresh(n);
  if (!node.op || !node.op->has(kHalfWeights)) return;
  const auto weights = static_cast<size_t>(node.op->quant.weights);
  if (weights >= node.inputs.size() || node.inputs[weights] == kNoValue) return;
  if (editor.value(node.inputs[0]).type.dtype != DType::f32) return;
  const int maker = editor.producer(node.inputs[weights]);
  if (maker < 0) return;
  const Node& widening = editor.refresh(static_cast<size_t>(maker));
  if (!is(widening, "dequantize")) return;
  const Value& half = editor.value(widening.inputs[0]);
  if (half.is_constant && half.type.dtype == DType::f16)
    editor.set_input(n, weights, widening.inputs[0]);
}

}  // namespace

bool keep_half_weights(Graph& graph) {
  return edit(graph, [](Editor& editor) {
    for (size_t n = 0; n < editor.size(); ++n) {
      if (editor.alive(n)) try_keep(editor, n);
    }
  });
}

}  // namespace mote::passes
