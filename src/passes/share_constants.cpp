#include "passes/share_constants.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>

namespace mote::passes {
namespace {

std::string_view bytes_of(const Value& value) {
  return {reinterpret_cast<const char*>(value.data.data()), value.data.size()};
}

// Equal constants look the same at a glance; few others do, and only these are read as a whole.
std::string glance_at(const Value& value) {
  constexpr size_t kEndBytes = 32;
  const std::string_view bytes = bytes_of(value);
  std::string glance(bytes.substr(0, kEndBytes));
  glance += bytes.substr(bytes.size() - std::min(bytes.size(), kEndBytes));
  return glance + std::to_string(bytes.size());
}

bool share(Subgraph& subgraph) {
  std::unordered_map<std::string, int> glances;
  for (const Value& value : subgraph.values) {
    if (value.is_constant) ++glances[glance_at(value)];
  }
  std::unordered_multimap<std::string_view, ValueId> seen;
  std::vector<ValueId> same(subgraph.values.size(), kNoValue);
  bool changed = false;
  for (size_t v = 0; v < subgraph.values.size(); ++v) {
    const Value& value = subgraph.values[v];
    const auto id = static_cast<ValueId>(v);
    same[v] = id;
    if (!value.is_constant || glances[glance_at(value)] == 1) continue;
    const auto [begin, end] = seen.equal_range(bytes_of(value));
    for (auto found = begin; found != end && same[v] == id; ++found) {
      if (subgraph.value(found->second).type == value.type) same[v] = found->second;
    }
    if (same[v] == id) seen.emplace(bytes_of(value), id);
  }
  for (Node& node : subgraph.nodes) {
    for (ValueId& id : node.inputs) {
      if (id == kNoValue || same[static_cast<size_t>(id)] == id) continue;
      id = same[static_cast<size_t>(id)];
      changed = true;
    }
  }
  return changed;
}

}  // namespace

bool share_constants(Graph& graph) {
  bool changed = false;
  for (Subgraph& subgraph : graph.subgraphs) changed |= share(subgraph);
  if (changed) remove_dead(graph);
  return changed;
}

}  // namespace mote::passes
