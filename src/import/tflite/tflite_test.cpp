#include "import/tflite/tflite.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <bit>
#include <fstream>
#include <sstream>

#include "base/file.h"
#include "formats/tflite.h"
#include "graph/op.h"

namespace mote {
namespace {

std::string fixture(const std::string& name) {
  return std::string(MOTE_SOURCE_DIR) + "/tests/fixtures/tflite/" + name;
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The same text as make_fixtures.py writes from the official schema code.
std::string describe_value(const Value& value, bool is_sparse) {
  std::vector<std::string> bits;
  for (const float scale : value.type.quant.scale)
    bits.push_back(fmt::format("{:08x}", std::bit_cast<uint32_t>(scale)));
  std::string text = fmt::format("tensor '{}' {} [{}]", value.name, name_of(value.type.dtype),
                                 fmt::join(value.type.shape.dims(), ","));
  if (!bits.empty()) {
    text += fmt::format(" scale={} zero={} axis={}", fmt::join(bits, ","),
                        fmt::join(value.type.quant.zero_point, ","), value.type.quant.axis);
  }
  if (is_sparse) return text + " sparse";
  if (value.is_constant) {
    const auto* bytes = reinterpret_cast<const Bytef*>(value.data.data());
    text += fmt::format(" data={}:{:08x}", value.data.size(),
                        crc32(0, bytes, static_cast<uInt>(value.data.size())));
  }
  return text + (value.is_variable ? " variable" : "");
}

std::string describe_graph(const Graph& graph, bool has_sparse) {
  std::string text;
  for (const Subgraph& subgraph : graph.subgraphs) {
    text += fmt::format("subgraph '{}' ({}) -> ({})\n", subgraph.name,
                        fmt::join(subgraph.inputs, ","), fmt::join(subgraph.outputs, ","));
    for (const Value& value : subgraph.values)
      text += describe_value(value, has_sparse && value.is_constant) + "\n";
    for (const Node& node : subgraph.nodes) {
      text += fmt::format("{} ({}) -> ({})", tflite::operator_name(node.op->tflite.code),
                          fmt::join(node.inputs, ","), fmt::join(node.outputs, ","));
      if (!node.intermediates.empty())
        text += fmt::format(" intermediates ({})", fmt::join(node.intermediates, ","));
      text += "\n";
    }
  }
  for (const Signature& signature : graph.signatures) {
    const auto ports = [](const auto& list) {
      std::vector<std::string> names;
      for (const auto& [name, id] : list) names.push_back(fmt::format("{}={}", name, id));
      return fmt::format("{}", fmt::join(names, " "));
    };
    text += fmt::format("signature '{}' of {}: {} -> {}\n", signature.key, signature.subgraph,
                        ports(signature.inputs), ports(signature.outputs));
  }
  return text;
}

class ImportFixture : public testing::TestWithParam<const char*> {};

TEST_P(ImportFixture, ReadsWhatTheOfficialSchemaReads) {
  const std::string name = GetParam();
  const auto graph = import_tflite(fixture(name + ".tflite"));
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(describe_graph(graph.value(), name == "dense_sparse"), text_of(fixture(name + ".txt")));
}

INSTANTIATE_TEST_SUITE_P(All, ImportFixture,
                         testing::Values("reshape", "loop", "conv_int8", "dense_float16",
                                         "dense_sparse"));

TEST(ImportTflite, NamesLayersAfterTheirOutputs) {
  const auto graph = import_tflite(fixture("conv_int8.tflite"));
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  EXPECT_EQ(graph.value().main().nodes[1].layer, "sequential_1/conv_1/Relu");
}

TEST(ImportTflite, UsesWeightsFromTheMappedFile) {
  const Buffer file = map_file(fixture("conv_int8.tflite"));
  const auto graph = import_tflite(file, "conv_int8.tflite");
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  int constants = 0;
  for (const Value& value : graph.value().main().values) {
    if (!value.is_constant) continue;
    ++constants;
    EXPECT_GE(value.data.data(), file.data());
    EXPECT_LE(value.data.data() + value.data.size(), file.data() + file.size());
  }
  EXPECT_EQ(constants, 6);
}

TEST(ImportTflite, KeepsTheMappingAlive) {
  auto graph = import_tflite(fixture("reshape.tflite"));
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const Value& shape = graph->main().value(1);
  ASSERT_EQ(shape.data.size(), 8u);
  EXPECT_EQ(shape.data.as<int32_t>()[1], 24);
}

TEST(ImportTflite, CopiesWhatIsMisaligned) {
  const Buffer file = map_file(fixture("reshape.tflite"));
  for (const size_t shift : {size_t{1}, size_t{2}, size_t{3}}) {
    auto [memory, bytes] = Buffer::allocate(file.size() + shift);
    std::memcpy(bytes + shift, file.data(), file.size());
    const auto graph = import_tflite(memory.slice(shift, file.size()), "shifted");
    ASSERT_TRUE(graph.ok()) << graph.error().message;
    const Buffer& data = graph.value().main().value(1).data;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(data.data()) % 4, 0u);
    EXPECT_EQ(data.as<int32_t>()[1], 24);
  }
}

TEST(ImportTflite, SpellsOutSparseWeights) {
  const auto graph = import_tflite(fixture("dense_sparse.tflite"));
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const Buffer& weights = graph.value().main().value(1).data;
  const Buffer wanted = map_file(fixture("dense_sparse.bin"));
  ASSERT_EQ(weights.size(), wanted.size());
  EXPECT_EQ(std::memcmp(weights.data(), wanted.data(), wanted.size()), 0);
}

TEST(ImportTflite, ReadsConstantsBehindTheFlatBuffer) {
  const auto inside = import_tflite(fixture("reshape.tflite"));
  const auto outside = import_tflite(fixture("reshape_outside.tflite"));
  ASSERT_TRUE(inside.ok()) << inside.error().message;
  ASSERT_TRUE(outside.ok()) << outside.error().message;
  std::string why;
  EXPECT_TRUE(equal(inside.value(), outside.value(), &why)) << why;
  EXPECT_EQ(inside.value().metadata.size(), outside.value().metadata.size());
}

TEST(ImportTflite, KeepsMetadata) {
  const auto graph = import_tflite(fixture("reshape.tflite"));
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  ASSERT_EQ(graph.value().metadata.count("CONVERSION_METADATA"), 1u);
  EXPECT_FALSE(graph.value().metadata.at("CONVERSION_METADATA").empty());
  EXPECT_EQ(graph.value().description, "MLIR Converted.");
}

}  // namespace
}  // namespace mote
