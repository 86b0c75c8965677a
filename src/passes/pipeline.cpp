#include "passes/pipeline.h"

#include <chrono>

#include "graph/verify.h"
#include "ops/ops.h"
#include "passes/common_subexpressions.h"
#include "passes/fold_batch_norm.h"
#include "passes/fold_constants.h"
#include "passes/fuse_activation.h"
#include "passes/fuse_dilation.h"
#include "passes/fuse_layer_normalization.h"
#include "passes/fuse_list_update.h"
#include "passes/fuse_padding.h"
#include "passes/share_constants.h"
#include "passes/simplify.h"

namespace mote::passes {
namespace {

struct Row {
  const char* name;
  Pass run;  // null: a library for chosen models has none of the operators that it looks for
};

template <class... Records>
constexpr Pass with_any(Pass run, Records... records) {
  return (has_record(records) || ...) ? run : nullptr;
}

bool remove_dead_nodes(Graph& graph) {
  const size_t before = graph.main().nodes.size() + graph.main().values.size();
  remove_dead(graph);
  return graph.main().nodes.size() + graph.main().values.size() != before;
}

constexpr Row kPasses[] = {
    // Importers leave what a layer makes and nobody reads.
    {"remove_dead", remove_dead_nodes},
    // Shape arithmetic and weight arithmetic become constants, which the rest recognises.
    {"fold_constants", fold_constants},
    // One form for what can be written in several ways; what does nothing goes.
    {"simplify", simplify},
    // Shared layers and repeated reshapes, now that equal things look equal.
    {"share_constants", share_constants},
    {"common_subexpressions", common_subexpressions},
    // Loops over a list, which can't be planned before.
    {"fuse_list_update", with_any(fuse_list_update, "DynamicUpdateSlice")},
    // A convolution's padding, then its normalisation, then its activation: from the inside out.
    {"fuse_padding", with_any(fuse_padding, "Pad", "Padv2")},
    {"fold_batch_norm", with_any(fold_batch_norm, "Mul", "Add", "Sub", "Div")},
    {"fuse_activation", with_any(fuse_activation, "Relu", "Relu6", "ReluN1To1")},
    // The folds above can leave two reshapes in a row.
    {"simplify", simplify},
    // The passes above make constants.
    {"share_constants", share_constants},
};

}  // namespace

Status optimize(Graph& graph, const Observer& observer) {
  return capture([&] {
    for (const Row& row : kPasses) {
      if (!row.run) continue;
      const auto start = std::chrono::steady_clock::now();
      const bool changed = row.run(graph);
      const std::chrono::duration<double, std::milli> elapsed =
          std::chrono::steady_clock::now() - start;
#ifndef NDEBUG
      with_context(fmt::format("after pass {}", row.name), [&] { verify(graph); });
#endif
      if (observer) observer({row.name, graph, changed, elapsed.count()});
    }
  });
}

void fuse_to_run(Graph& graph) {
  if constexpr (has_record("SpaceToBatchNd")) fuse_dilation(graph);
  if constexpr (has_record("Pad") || has_record("Padv2")) fuse_any_padding(graph);
  if constexpr (has_record("LayerNormalization")) fuse_layer_normalization(graph);
}

Pass find_pass(std::string_view name) {
  for (const Row& row : kPasses) {
    if (name == row.name) return row.run;
  }
  return nullptr;
}

}  // namespace mote::passes
