// Writes what a library for chosen models is built from (-DMOTE_OPERATORS), in the place of the
// files of the same names below src/: the operators that are in the models or that the passes make
// of these, and the rows of kernels that they take at each level of instructions.
//
//   operators_of FOLDER LEVEL,... MODEL.tflite...
#include <cstdio>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "driver/model.h"
#include "kernels/kernel.h"
#include "ops/lower.h"
#include "ops/ops.h"
#include "passes/keep_half_weights.h"
#include "passes/pipeline.h"
#include "passes/specialize.h"
#include "plan/compile.h"

namespace mote::ops {
#define MOTE_OP(record) extern const OpDef k##record;
#include "ops/ops.inc"
#undef MOTE_OP
}  // namespace mote::ops

namespace {

using mote::simd::Isa;

struct Record {
  const mote::OpDef* op;
  const char* name;
};
constexpr Record kRecords[] = {
#define MOTE_OP(record) {&mote::ops::k##record, #record},
#include "ops/ops.inc"
#undef MOTE_OP
};

bool includes(Isa level, Isa isa) {
  return isa <= level && !(level == Isa::avx512_vnni && isa == Isa::avx_vnni);
}

// Notes the rows that a step could take on processors of each level, whatever this one has.
class RowsOfLevels : public mote::RowChooser {
 public:
  explicit RowsOfLevels(std::vector<Isa> levels) : levels_(std::move(levels)) {}

  const mote::kernels::Kernel& choose(const mote::RowRequest& request, std::string*) override {
    for (const Isa level : levels_) {
      request.family.visit_rows([&](const mote::kernels::Kernel& row, Isa isa) {
        if (!includes(level, isa) || !takes(row, isa, request)) return false;
        names.insert(row.name);
        return mote::simd::has(isa);  // where it is not, nobody asked the row itself
      });
    }
    names.insert(request.family.reference().name);
    return *request.rows.front();
  }

  std::set<std::string> names;

 private:
  static bool takes(const mote::kernels::Kernel& row, Isa isa, const mote::RowRequest& request) {
    if (row.pack_input >= 0 && !request.inputs[static_cast<size_t>(row.pack_input)].data)
      return false;
    return !mote::simd::has(isa) || !row.declines || !row.declines(request.params.data());
  }

  std::vector<Isa> levels_;
};

std::vector<Isa> levels_in(const std::string& text) {
  std::vector<Isa> levels;
  for (const Isa isa : mote::simd::kIsas) {
    if ((',' + text + ',').find(',' + std::string(name_of(isa)) + ',') != std::string::npos)
      levels.push_back(isa);
  }
  return levels;
}

void add(const mote::Graph& graph, std::set<const mote::OpDef*>* used) {
  for (const mote::Subgraph& subgraph : graph.subgraphs) {
    for (const mote::Node& node : subgraph.nodes) used->insert(node.op);
  }
}

// The way of a model to its program, as driver/runner.cpp goes it. Returns whether searching makes
// its arena smaller.
bool follow(const char* path, std::set<const mote::OpDef*>* used) {
  mote::driver::Model model = mote::driver::load_model(path);
  add(model.graph, used);
  mote::driver::optimize(model);
  add(model.graph, used);
  const auto shapes = mote::driver::input_shapes(mote::driver::inputs_of(model.graph), {});
  mote::passes::keep_half_weights(model.graph);
  mote::passes::specialize(model.graph, shapes);
  add(model.graph, used);
  mote::passes::fuse_to_run(model.graph);
  add(model.graph, used);
  const auto arena_bytes = [&](bool search) {
    mote::plan::Options options;
    options.search = search;
    return mote::plan::compile(model.graph, options).value().main().arena_bytes;
  };
  return arena_bytes(true) < arena_bytes(false);
}

void write(const std::string& path, const std::string& text) {
  mote::write_file(path, std::as_bytes(std::span(text)));
}

int run(const std::string& folder, const std::string& levels, std::span<char*> models) {
  RowsOfLevels rows(levels_in(levels));
  mote::watching_chooser = &rows;
  std::set<const mote::OpDef*> used;
  bool search = false;
  for (const char* path : models) search |= follow(path, &used);
  std::string ops, names;
  for (const Record& record : kRecords) {
    if (used.count(record.op)) ops += fmt::format("MOTE_OP({})\n", record.name);
  }
  for (const std::string& name : rows.names) names += fmt::format("    \"{}\",\n", name);
  write(folder + "/ops/ops.inc", ops);
  write(folder + "/plan/chosen_search.h",
        fmt::format(
            "#pragma once\nnamespace mote::plan {{ inline constexpr bool kCanSearch = {}; }}\n",
            search));
  write(folder + "/ops/chosen_ops.h",
        "#pragma once\nnamespace mote { inline constexpr bool kAllOps = false; }\n");
  write(folder + "/kernels/chosen_rows.h",
        fmt::format("#pragma once\n\n#include <string_view>\n\nnamespace mote::kernels {{\n\n"
                    "inline constexpr bool kAllRows = false;\n"
                    "inline constexpr std::string_view kChosenRows[] = {{\n{}}};\n\n"
                    "}}  // namespace mote::kernels\n",
                    names));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: operators_of FOLDER LEVEL,... MODEL.tflite...\n", stderr);
    return 2;
  }
  const auto result = mote::capture(
      [&] { return run(argv[1], argv[2], std::span(argv + 3, static_cast<size_t>(argc - 3))); });
  if (result) return result.value();
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  return 1;
}
