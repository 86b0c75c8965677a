#include "export/tflite/tflite.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "formats/tflite.h"
#include "formats/tflite_reader.h"
#include "graph/op.h"
#include "import/tflite/tflite.h"
#include "ops/ops.h"
#include "ops/reshape.h"

namespace mote {
namespace {

std::string fixture(const std::string& name) {
  return std::string(MOTE_SOURCE_DIR) + "/tests/fixtures/tflite/" + name;
}

std::string shared(const std::string& path) {
  const char* root = std::getenv("MOTE_SHARED");
  return (root ? std::string(root) : std::string(MOTE_SOURCE_DIR) + "/../shared") + "/" + path;
}

void expect_round_trip(const Graph& graph, size_t most_bytes) {
  const auto file = export_tflite(graph);
  ASSERT_TRUE(file.ok()) << file.error().message;
  EXPECT_LE(file.value().size(), most_bytes);
  const auto again = import_tflite(file.value(), "again");
  ASSERT_TRUE(again.ok()) << again.error().message;
  std::string why;
  EXPECT_TRUE(equal(graph, again.value(), &why)) << why;
  EXPECT_EQ(graph.metadata.size(), again.value().metadata.size());
  // Layers keep their names, and a second round changes nothing at all.
  for (size_t s = 0; s < graph.subgraphs.size(); ++s) {
    for (size_t n = 0; n < graph.subgraphs[s].nodes.size(); ++n) {
      EXPECT_EQ(graph.subgraphs[s].nodes[n].layer, again.value().subgraphs[s].nodes[n].layer);
    }
  }
  const auto twice = export_tflite(again.value());
  ASSERT_TRUE(twice.ok()) << twice.error().message;
  EXPECT_TRUE(std::ranges::equal(file.value().bytes(), twice.value().bytes()));
}

class ExportFixture : public testing::TestWithParam<const char*> {};

TEST_P(ExportFixture, RoundTrips) {
  const std::string path = fixture(GetParam());
  const auto graph = import_tflite(path);
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const bool is_sparse = std::string(GetParam()) == "dense_sparse.tflite";
  expect_round_trip(graph.value(), is_sparse ? SIZE_MAX : map_file(path).size());
}

INSTANTIATE_TEST_SUITE_P(All, ExportFixture,
                         testing::Values("reshape.tflite", "loop.tflite", "conv_int8.tflite",
                                         "dense_float16.tflite", "dense_sparse.tflite"));

TEST(ExportTflite, SharedModelsRoundTrip) {
  const std::filesystem::path folder = shared("data/models/tflite");
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "skipped: no " << folder;
  int done = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".tflite") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const auto graph = import_tflite(entry.path().string());
    if (!graph.ok() && graph.error().blame == Blame::unsupported) continue;
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    expect_round_trip(graph.value(), entry.file_size());
    ++done;
  }
  RecordProperty("models", done);
}

// y = reshape(x [?,3], [-1]); one layer, two nodes.
Graph small_graph() {
  Graph graph;
  graph.subgraphs.resize(1);
  Subgraph& main = graph.main();
  main.name = "main";
  const ValueId x = main.add_value("x", {DType::f32, {kDynamic, 3}});
  const ValueId shape =
      main.add_constant("to", {DType::i32, {1}}, Buffer::of(std::vector<int32_t>{-1}));
  const ValueId same_shape =
      main.add_constant("also", {DType::i32, {1}}, Buffer::of(std::vector<int32_t>{-1}));
  main.add_value("unused", {DType::f32, {100}});
  const ValueId y = main.add_value("y", {DType::f32, {kDynamic}});
  const ValueId z = main.add_value("z", {DType::f32, {kDynamic}});
  const OpDef* reshape = find_op("reshape");
  main.nodes.push_back({reshape, Attrs(*reshape->attrs), {x, shape}, {y}, "flat"});
  main.nodes.push_back({reshape, Attrs(*reshape->attrs), {y, same_shape}, {z}, "flat"});
  main.inputs = {x};
  main.outputs = {z};
  graph.signatures = {{"serving_default", 0, {{"in", x}}, {{"out", z}}}};
  return graph;
}

TEST(ExportTflite, WritesOnlyWhatIsUsed) {
  const auto file = export_tflite(small_graph());
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto again = import_tflite(file.value(), "again");
  ASSERT_TRUE(again.ok()) << again.error().message;
  const Subgraph& main = again.value().main();
  EXPECT_EQ(main.values.size(), 5u);
  EXPECT_EQ(main.nodes[0].layer, "flat");
  EXPECT_EQ(main.nodes[1].layer, "flat");
  EXPECT_EQ(main.value(main.outputs[0]).name, "flat");
  EXPECT_EQ(main.value(main.nodes[0].outputs[0]).name, "flat;1");
  // Equal constants are one buffer.
  EXPECT_EQ(main.value(1).data.data(), main.value(2).data.data());
  EXPECT_EQ(again.value().signatures[0].inputs[0].first, "in");
}

TEST(ExportTflite, AlignsConstants) {
  const auto file = export_tflite(small_graph());
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto again = import_tflite(file.value(), "again");
  ASSERT_TRUE(again.ok()) << again.error().message;
  EXPECT_EQ((again.value().main().value(1).data.data() - file.value().data()) % 16, 0);
}

TEST(ExportTflite, KeepsConstantsWithoutElements) {
  Graph graph = small_graph();
  Subgraph& main = graph.main();
  main.value(0).type.shape = {1};
  main.value(1).type.shape = {0};
  main.value(1).data = Buffer();
  main.value(4).type.shape = {};
  const auto file = export_tflite(graph);
  ASSERT_TRUE(file.ok()) << file.error().message;
  const auto again = import_tflite(file.value(), "again");
  ASSERT_TRUE(again.ok()) << again.error().message;
  std::string why;
  EXPECT_TRUE(equal(graph, again.value(), &why)) << why;
}

TEST(ExportTflite, SaysWhichRuntimeItNeeds) {
  const auto file = export_tflite(small_graph());
  ASSERT_TRUE(file.ok()) << file.error().message;
  const std::string_view text(reinterpret_cast<const char*>(file.value().data()),
                              file.value().size());
  EXPECT_NE(text.find("min_runtime_version"), std::string_view::npos);
  EXPECT_NE(text.find(std::string("1.5.0") + std::string(11, '\0')), std::string_view::npos);
}

TEST(ExportTflite, RefusesWhatTfliteHasNoPlaceFor) {
  static constexpr OpDef kOwn = {.name = "own", .infer = [](InferContext&) {}};
  Graph graph = small_graph();
  for (Node& node : graph.main().nodes) {
    node.op = &kOwn;
    node.attrs = Attrs(*kOwn.attrs);
    node.inputs.resize(1);
  }
  graph.main().nodes[1].layer = "other";
  const auto file = export_tflite(graph);
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().blame, Blame::unsupported);
  EXPECT_EQ(file.error().message,
            "TFLite has no operator for: own in layer 'flat', own in layer 'other'");
}

TEST(ExportTflite, WritesFilesWhole) {
  const std::string path = testing::TempDir() + "/mote_export_test.tflite";
  ASSERT_TRUE(export_tflite(small_graph(), path).ok());
  EXPECT_TRUE(import_tflite(path).ok());
  const auto status = export_tflite(small_graph(), "/no/such/folder/x.tflite");
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("can't write"), std::string::npos);
}

TEST(TfliteFormat, Releases) {
  EXPECT_EQ(tflite::runtime_version(3, 1), "1.5.0");
  EXPECT_EQ(tflite::runtime_version(3, 5), "2.4.0");
  EXPECT_EQ(tflite::runtime_version(3, 99), "");
  EXPECT_EQ(tflite::runtime_version(999, 1), "");
  EXPECT_TRUE(tflite::is_older_version("1.5.0", "1.13.1"));
  EXPECT_TRUE(tflite::is_older_version("1.14.0", "2.1.0"));
  EXPECT_FALSE(tflite::is_older_version("2.10.0", "2.9.0"));
  EXPECT_FALSE(tflite::is_older_version("2.9.0", "2.9.0"));
}

}  // namespace
}  // namespace mote
