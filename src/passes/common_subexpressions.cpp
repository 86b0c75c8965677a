#include "passes/common_subexpressions.h"

#include <unordered_map>

#include "passes/editor.h"

namespace mote::passes {
namespace {

uint64_t hash_of(const Node& node) {
  uint64_t hash = reinterpret_cast<uintptr_t>(node.op);
  for (const ValueId id : node.inputs) {
    hash = (hash ^ static_cast<uint64_t>(static_cast<uint32_t>(id))) * 0x100000001b3u;
  }
  return hash;
}

bool same(const Editor& editor, const Node& a, const Node& b) {
  if (a.op != b.op || a.inputs != b.inputs || a.outputs.size() != b.outputs.size()) return false;
  for (size_t i = 0; i < a.outputs.size(); ++i) {
    if (!(editor.value(a.outputs[i]).type == editor.value(b.outputs[i]).type)) return false;
  }
  return a.attrs == b.attrs;
}

}  // namespace

bool common_subexpressions(Graph& graph) {
  return edit(graph, [](Editor& editor) {
    std::unordered_multimap<uint64_t, size_t> seen;
    for (size_t n = 0; n < editor.size(); ++n) {
      const Node& node = editor.refresh(n);
      if (node.op->has(kStateful) || node.op->has(kControlFlow) || !node.intermediates.empty() ||
          node.outputs.size() != 1) {
        continue;
      }
      const uint64_t hash = hash_of(node);
      bool joined = false;
      const auto [begin, end] = seen.equal_range(hash);
      for (auto found = begin; found != end && !joined; ++found) {
        const Node& first = editor.refresh(found->second);
        joined = same(editor, first, node) && editor.replace(node.outputs[0], first.outputs[0]);
      }
      if (!joined) seen.emplace(hash, n);
    }
  });
}

}  // namespace mote::passes
