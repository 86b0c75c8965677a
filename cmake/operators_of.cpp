// Prints the lines of ops.inc that a model needs, for -DMOTE_OPERATORS: its operators as they are
// in the file, and what the passes make of them.
//
//   operators_of MODEL.tflite
#include <cstdio>
#include <set>
#include <string>

#include "driver/model.h"
#include "ops/ops.h"
#include "passes/fuse_layer_normalization.h"
#include "passes/specialize.h"

namespace mote::ops {
#define MOTE_OP(record) extern const OpDef k##record;
#include "ops/ops.inc"
#undef MOTE_OP
}  // namespace mote::ops

namespace {

struct Record {
  const mote::OpDef* op;
  const char* name;
};
constexpr Record kRecords[] = {
#define MOTE_OP(record) {&mote::ops::k##record, #record},
#include "ops/ops.inc"
#undef MOTE_OP
};

void add(const mote::Graph& graph, std::set<const mote::OpDef*>* used) {
  for (const mote::Subgraph& subgraph : graph.subgraphs) {
    for (const mote::Node& node : subgraph.nodes) used->insert(node.op);
  }
}

int print(const char* path) {
  std::set<const mote::OpDef*> used;
  mote::driver::Model model = mote::driver::load_model(path);
  add(model.graph, &used);
  mote::driver::optimize(model);
  add(model.graph, &used);
  const auto shapes = mote::driver::input_shapes(mote::driver::inputs_of(model.graph), {});
  mote::passes::specialize(model.graph, shapes);
  add(model.graph, &used);
  mote::passes::fuse_layer_normalization(model.graph);
  add(model.graph, &used);
  for (const Record& record : kRecords) {
    if (used.count(record.op)) std::printf("MOTE_OP(%s)\n", record.name);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: operators_of MODEL.tflite\n", stderr);
    return 2;
  }
  const auto result = mote::capture([&] { return print(argv[1]); });
  if (result) return result.value();
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  return 1;
}
