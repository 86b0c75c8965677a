#include "passes/fuse_list_update.h"

#include <algorithm>

#include "ops/concatenation.h"
#include "ops/ops.h"
#include "passes/editor.h"

namespace mote::passes {
namespace {

const Node* producer_of(const Editor& editor, ValueId id, std::string_view op) {
  const int n = editor.producer(id);
  if (n < 0) return nullptr;
  const Node& node = const_cast<Editor&>(editor).refresh(static_cast<size_t>(n));
  return is(node, op) ? &node : nullptr;
}

// The elements of a constant integer value; empty if it is not one.
std::vector<int64_t> ints(const Value& value) {
  if (!value.is_constant) return {};
  if (value.type.dtype == DType::i64) {
    const auto data = value.data.as<int64_t>();
    return {data.begin(), data.end()};
  }
  if (value.type.dtype != DType::i32) return {};
  const auto data = value.data.as<int32_t>();
  return {data.begin(), data.end()};
}

bool is_all(const Value& value, int64_t wanted, size_t count) {
  const std::vector<int64_t> data = ints(value);
  return data.size() == count &&
         std::all_of(data.begin(), data.end(), [&](int64_t v) { return v == wanted; });
}

// [i, rest, rest, ...] of `rank` elements: returns the one-element vector that holds i.
ValueId leading_index(const Editor& editor, ValueId id, int64_t rest, int rank) {
  if (rank == 1) return editor.resolve(id);
  const Node* join = producer_of(editor, id, "concatenation");
  if (!join || join->inputs.size() != 2) return kNoValue;
  if (editor.value(join->inputs[0]).type.shape != Shape{1}) return kNoValue;
  if (!is_all(editor.value(join->inputs[1]), rest, static_cast<size_t>(rank - 1))) return kNoValue;
  return join->inputs[0];
}

// The scalar that a one-element vector was reshaped from.
ValueId scalar_of(const Editor& editor, ValueId vector) {
  for (const char* op : {"reshape", "expand_dims"}) {
    if (const Node* node = producer_of(editor, vector, op)) return node->inputs[0];
  }
  return kNoValue;
}

// j = i + 1.
bool is_next(const Editor& editor, ValueId i, ValueId j) {
  const Node* add = producer_of(editor, j, "add");
  if (!add) return false;
  for (const size_t one : {0u, 1u}) {
    if (add->inputs[1 - one] == i && is_all(editor.value(add->inputs[one]), 1, 1)) return true;
  }
  return false;
}

struct Match {
  ValueId list = kNoValue;
  ValueId item = kNoValue;
  ValueId index = kNoValue;  // one-element vector
  size_t head = 0;           // the node that slices x[:i]
};

bool match(const Editor& editor, const Node& join, Match* found) {
  if (join.inputs.size() != 3 || join.attrs.as<ops::ConcatenationAttrs>().axis != 0) return false;
  const Node* head = producer_of(editor, join.inputs[0], "slice");
  const Node* tail = producer_of(editor, join.inputs[2], "slice");
  if (!head || !tail || head->inputs[0] != tail->inputs[0]) return false;
  const Value& list = editor.value(head->inputs[0]);
  const Value& item = editor.value(join.inputs[1]);
  const int rank = list.type.shape.rank();
  if (rank < 1 || item.type.shape.rank() != rank || item.type.shape[0] != 1) return false;
  const auto count = static_cast<size_t>(rank);
  if (!is_all(editor.value(head->inputs[1]), 0, count)) return false;
  if (!is_all(editor.value(tail->inputs[2]), -1, count)) return false;
  const ValueId i = leading_index(editor, head->inputs[2], -1, rank);
  const ValueId j = leading_index(editor, tail->inputs[1], 0, rank);
  if (i == kNoValue || j == kNoValue) return false;
  const ValueId from = scalar_of(editor, i), to = scalar_of(editor, j);
  if (from == kNoValue || to == kNoValue || !is_next(editor, from, to)) return false;
  if (editor.readers(join.inputs[0]) != 1) return false;
  *found = {head->inputs[0], join.inputs[1], i,
            static_cast<size_t>(editor.producer(join.inputs[0]))};
  return true;
}

void set_inputs(Editor& editor, size_t n, std::initializer_list<ValueId> ids) {
  const size_t old = editor.subgraph().nodes[n].inputs.size();
  for (size_t i = 0; i < old; ++i) editor.set_input(n, i, kNoValue);
  editor.subgraph().nodes[n].inputs.resize(ids.size(), kNoValue);
  size_t i = 0;
  for (const ValueId id : ids) editor.set_input(n, i++, id);
}

// The slice of the head becomes the place [i, 0, 0, ...], the join the update.
void rewrite(Editor& editor, size_t n, const Match& found) {
  Subgraph& subgraph = editor.subgraph();
  const int rank = editor.value(found.list).type.shape.rank();
  const TensorType index = editor.value(found.index).type;
  ValueId begin = found.index;
  if (rank > 1) {
    const Shape rest{rank - 1};
    const auto [zeros, bytes] = Buffer::allocate(bytes_of(index.dtype, rank - 1));
    const ValueId zero =
        editor.add_constant(editor.value(found.index).name + "/rest", {index.dtype, rest}, zeros);
    Node& head = subgraph.nodes[found.head];
    begin = head.outputs[0];
    set_inputs(editor, found.head, {found.index, zero});
    head.op = find_op("concatenation");
    head.attrs = Attrs::of(ops::ConcatenationAttrs{});
    subgraph.value(begin).type = {index.dtype, Shape{rank}};
  }
  set_inputs(editor, n, {found.list, found.item, begin});
  Node& join = subgraph.nodes[n];
  join.op = find_op("dynamic_update_slice");
  join.attrs = Attrs();
  subgraph.value(join.outputs[0]).type = editor.value(found.list).type;
}

}  // namespace

bool fuse_list_update(Graph& graph) {
  if (!find_op("concatenation") || !find_op("dynamic_update_slice")) return false;
  return edit(graph, [](Editor& editor) {
    for (size_t n = 0; n < editor.size(); ++n) {
      if (!editor.alive(n)) continue;
      Match found;
      const Node& node = editor.refresh(n);
      if (is(node, "concatenation") && match(editor, node, &found)) rewrite(editor, n, found);
    }
  });
}

}  // namespace mote::passes
