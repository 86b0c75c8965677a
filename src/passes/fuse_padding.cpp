#include "passes/fuse_padding.h"

#include <algorithm>

#include "passes/editor.h"

namespace mote::passes {
namespace {

int64_t int_attr(const Node& node, const char* name, int64_t otherwise) {
  if (!node.attrs.has(name)) return otherwise;
  const AttrValue value = node.attrs.get(name);
  const auto* number = std::get_if<int32_t>(&value);
  return number ? *number : otherwise;
}

struct Axis {
  int64_t size, kernel, stride, dilation;
};

// Whether padding=same pads `before` and `after` along this axis.
bool equals_same(const Axis& a, int64_t before, int64_t after) {
  const int64_t out = (a.size + a.stride - 1) / a.stride;
  const int64_t reach = (a.kernel - 1) * a.dilation + 1;
  const int64_t total = std::max<int64_t>(0, (out - 1) * a.stride + reach - a.size);
  return before == total / 2 && after == total - total / 2;
}

// A two-dimensional convolution's node: weights in the record's quantization rule, strides in its
// attributes. Transposed ones take another shape first and don't pad their input.
bool is_convolution(const Node& node) {
  return node.op->quant.weights == 1 && node.op->quant.activations == 1 &&
         node.attrs.has("padding") && node.attrs.has("stride_h") && node.attrs.has("stride_w") &&
         node.attrs.has("pads");
}

bool has_pads(const Node& conv) {
  const AttrValue value = conv.attrs.get("pads");
  const auto* pads = std::get_if<std::vector<int32_t>>(&value);
  return !pads || !pads->empty();
}

// Whether a filter could be laid over x padded so without lying outside it altogether.
bool is_narrow(const Axis& a, int64_t before, int64_t after) {
  const int64_t reach = (a.kernel - 1) * a.dilation;
  return before >= 0 && after >= 0 && before <= reach && after <= reach;
}

// `any`: also a pad that padding=same doesn't make.
void try_fuse(Editor& editor, size_t n, bool any) {
  Node& conv = editor.refresh(n);
  if (!is_convolution(conv)) return;
  auto padding = std::get<Enumerator>(conv.attrs.get("padding"));
  if (padding.value != static_cast<int32_t>(Padding::valid)) return;
  const int found = editor.producer(conv.inputs[0]);
  if (found < 0) return;
  const Node& pad = editor.refresh(static_cast<size_t>(found));
  if (!is(pad, "pad") || has_pads(conv)) return;
  const auto amounts = editor.view(pad).constant_ints(1);
  const Shape& x = editor.value(pad.inputs[0]).type.shape;
  const Shape& weights = editor.value(conv.inputs[1]).type.shape;
  if (!amounts || amounts->size() != 8 || x.rank() != 4 || weights.rank() != 4) return;
  if (x[1] <= 0 || x[2] <= 0 || !weights.is_static()) return;
  const auto& p = *amounts;
  if (p[0] != 0 || p[1] != 0 || p[6] != 0 || p[7] != 0) return;
  const Axis rows = {x[1], weights[1], int_attr(conv, "stride_h", 1),
                     int_attr(conv, "dilation_h", 1)};
  const Axis columns = {x[2], weights[2], int_attr(conv, "stride_w", 1),
                        int_attr(conv, "dilation_w", 1)};
  if (rows.stride <= 0 || columns.stride <= 0) return;
  const bool same = equals_same(rows, p[2], p[3]) && equals_same(columns, p[4], p[5]);
  if (!same && !any) return;
  if (!is_narrow(rows, p[2], p[3]) || !is_narrow(columns, p[4], p[5])) return;
  if (!(editor.value(pad.inputs[0]).type.quant == editor.value(conv.inputs[0]).type.quant)) return;
  const ValueId x_id = pad.inputs[0];
  if (same) {
    padding.value = static_cast<int32_t>(Padding::same);
    conv.attrs.set("padding", padding);
  } else {
    std::vector<int32_t> pads;
    for (size_t i = 2; i < 6; ++i) pads.push_back(static_cast<int32_t>(p[i]));
    conv.attrs.set("pads", pads);
  }
  editor.set_input(n, 0, x_id);
}

}  // namespace

bool fuse_padding(Graph& graph) {
  return edit(graph, [](Editor& editor) {
    for (size_t n = 0; n < editor.size(); ++n) try_fuse(editor, n, false);
  });
}

bool fuse_any_padding(Graph& graph) {
  return edit(graph, [](Editor& editor) {
    for (size_t n = 0; n < editor.size(); ++n) try_fuse(editor, n, true);
  });
}

}  // namespace mote::passes
