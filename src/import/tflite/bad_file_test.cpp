// Files that are wrong: one line that says what is wrong with them, no crash, no hang.
#include <gtest/gtest.h>

#include <cstring>

#include "base/file.h"
#include "export/tflite/tflite.h"
#include "import/tflite/test_model.h"
#include "import/tflite/tflite.h"

namespace mote {
namespace {

using tflite::Fields;
using tflite::TestModel;
using tflite::Writer;

constexpr int kReshape = 22;
constexpr int kInt32 = 2;
constexpr int kInt8 = 9;

// y = reshape(x [2,3], [6])
TestModel good_model() {
  TestModel model;
  model.codes = {{kReshape}};
  model.buffers = {{}, {6, 0, 0, 0}};
  model.subgraphs = {{{{{2, 3}, 0, 0, "x"}, {{1}, kInt32, 1, "to"}, {{6}, 0, 0, "y"}},
                      {{0, {0, 1}, {2}}},
                      {0},
                      {2}}};
  return model;
}

std::string error_of(const Buffer& file) {
  const auto graph = import_tflite(file, "bad.tflite");
  if (graph.ok()) return "";
  EXPECT_NE(graph.error().blame, Blame::internal) << graph.error().message;
  EXPECT_EQ(graph.error().message.find('\n'), std::string::npos);
  EXPECT_TRUE(graph.error().message.starts_with("bad.tflite: "));
  return graph.error().message;
}
std::string error_of(const TestModel& model) { return error_of(model.write()); }

testing::AssertionResult has_part(const char*, const char*, const std::string& message,
                                  const std::string& part) {
  if (message.find(part) != std::string::npos) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "got '" << message << "', expected '" << part << "'";
}

#define EXPECT_ERROR(model, part) EXPECT_PRED_FORMAT2(has_part, error_of(model), part)

// Exactly as long as it says, so that a sanitizer sees a read behind the end.
Buffer on_heap(const std::byte* data, size_t size_bytes) {
  std::shared_ptr<std::byte[]> copy(new std::byte[size_bytes]);
  std::memcpy(copy.get(), data, size_bytes);
  return {copy, {copy.get(), size_bytes}};
}

// Whatever is read may also be written again.
void import_and_export(const Buffer& file) {
  if (!error_of(file).empty()) return;
  const auto graph = import_tflite(file, "bad.tflite");
  ASSERT_TRUE(graph.ok());
  const auto again = export_tflite(graph.value());
  EXPECT_TRUE(again.ok() || again.error().blame != Blame::internal) << again.error().message;
}

class Damaged : public testing::TestWithParam<const char*> {
 protected:
  Buffer file() const {
    return map_file(std::string(MOTE_SOURCE_DIR) + "/tests/fixtures/tflite/" + GetParam());
  }
};

TEST_P(Damaged, CutOffAtEveryByte) {
  const Buffer good = file();
  ASSERT_EQ(error_of(good), "");
  for (size_t size = 0; size < good.size(); ++size) import_and_export(on_heap(good.data(), size));
}

TEST_P(Damaged, EveryByteChanged) {
  const Buffer good = file();
  for (size_t at = 0; at < good.size(); ++at) {
    for (const int change : {0x01, 0x02, 0x10, 0x80, 0xff}) {
      Buffer bad = on_heap(good.data(), good.size());
      const_cast<std::byte*>(bad.data())[at] ^= static_cast<std::byte>(change);
      import_and_export(bad);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Damaged,
                         testing::Values("reshape.tflite", "reshape_outside.tflite", "loop.tflite",
                                         "conv_int8.tflite", "dense_sparse.tflite"));

TEST(BadTflite, GoodModelIsGood) { EXPECT_EQ(error_of(good_model()), ""); }

TEST(BadTflite, OtherFiles) {
  EXPECT_ERROR(Buffer(), "is empty");
  const std::string text = "PK\x03\x04 a zip \x1b[31m archive";
  EXPECT_ERROR(Buffer::copy_of(text.data(), text.size()), "is not a TFLite model: bytes 4 to 7");
  const auto missing = import_tflite("/no/such/folder/model.tflite");
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("can't open"), std::string::npos);
}

TEST(BadTflite, Version) {
  TestModel model = good_model();
  model.version = 2;
  EXPECT_ERROR(model, "format version 2");
}

TEST(BadTflite, Indices) {
  TestModel model = good_model();
  model.subgraphs[0].operators[0].inputs = {0, 7};
  EXPECT_ERROR(model, "subgraph 0: operator 0 (RESHAPE): an input is tensor 7, there are 3");
  model.subgraphs[0].operators[0].inputs = {-2, 1};
  EXPECT_ERROR(model, "an input is tensor -2");
  model = good_model();
  model.subgraphs[0].operators[0].outputs = {-1};
  EXPECT_ERROR(model, "an output is tensor -1");
  model = good_model();
  model.subgraphs[0].operators[0].code = 1;
  EXPECT_ERROR(model, "an operator has code 1, there are 1");
  model = good_model();
  model.subgraphs[0].inputs = {3};
  EXPECT_ERROR(model, "an input is tensor 3, there are 3");
  model = good_model();
  model.subgraphs[0].tensors[1].buffer = 2;
  EXPECT_ERROR(model, "tensor 1 ('to'): refers to buffer 2, there are 2");
}

TEST(BadTflite, Shapes) {
  TestModel model = good_model();
  model.subgraphs[0].tensors[0].shape = {2, -5};
  EXPECT_ERROR(model, "tensor 0 ('x'): shape has the extent -5");
  model.subgraphs[0].tensors[0].shape = {65536, 65536};
  EXPECT_ERROR(model, "shape [65536,65536] has more than");
  model.subgraphs[0].tensors[0].shape = {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX};
  EXPECT_ERROR(model, "has more than");
  model.subgraphs[0].tensors[0].shape = std::vector<int32_t>(9, 1);
  EXPECT_ERROR(model, "has 9 dimensions");
  model = good_model();
  model.subgraphs[0].tensors[1].shape = {-1};
  EXPECT_ERROR(model, "tensor 1 ('to'): shape has the extent -1");
}

TEST(BadTflite, DataOfTheWrongLength) {
  TestModel model = good_model();
  model.buffers[1] = {6, 0, 0};
  EXPECT_ERROR(model, "tensor 1 ('to'): is int32[1], but has 3 bytes of data");
  model.buffers[1] = {6, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_ERROR(model, "has 8 bytes of data");
  model.subgraphs[0].tensors[1].shape = {1 << 20, 1 << 10};
  EXPECT_ERROR(model, "has 8 bytes of data");
}

TEST(BadTflite, Types) {
  TestModel model = good_model();
  model.subgraphs[0].tensors[0].type = 19;
  EXPECT_ERROR(model, "has element type int2");
  model.subgraphs[0].tensors[0].type = 99;
  EXPECT_ERROR(model, "unknown type 99");
  model.subgraphs[0].tensors[0].type = -1;
  EXPECT_ERROR(model, "unknown type -1");
  model = good_model();
  model.subgraphs[0].tensors[1].type = 13;  // a resource with bytes
  EXPECT_ERROR(model, "bytes of data");
}

TEST(BadTflite, Strings) {
  TestModel model = good_model();
  model.subgraphs[0].tensors.push_back({{1}, 5, 2, "text"});
  model.buffers.push_back({1, 0, 0, 0, 12, 0, 0, 0, 14, 0, 0, 0, 'h', 'i'});
  EXPECT_EQ(error_of(model), "");
  model.buffers[2][8] = 15;
  EXPECT_ERROR(model, "string 1 starts at byte 15 of 14");
  model.buffers[2][0] = 2;
  EXPECT_ERROR(model, "holds 2 strings in 14 bytes");
}

void quantize(TestModel& model, std::vector<float> scales, std::vector<int64_t> zero_points,
              int axis = 0) {
  model.subgraphs[0].tensors[0].type = kInt8;
  model.subgraphs[0].tensors[0].more = [=](Writer& writer, Fields& fields) {
    fields.offset(
        tflite::tensor::quantization,
        writer.table(Fields()
                         .offset(tflite::quantization::scales, writer.vector(scales))
                         .offset(tflite::quantization::zero_points, writer.vector(zero_points))
                         .scalar(tflite::quantization::axis, axis, 0)));
  };
}

TEST(BadTflite, Quantization) {
  TestModel model = good_model();
  quantize(model, {0.5f, 0.25f, 0.125f}, {1, 2, 3}, 1);
  EXPECT_EQ(error_of(model), "");
  quantize(model, {0.5f, 0.25f, 0.125f}, {0}, 1);  // one zero point for all is seen in the wild
  EXPECT_EQ(error_of(model), "");
  quantize(model, {0.5f, 0.25f, 0.125f}, {0, 0}, 1);
  EXPECT_ERROR(model, "has 3 scales and 2 zero points");
  quantize(model, {0.5f, 0.25f, 0.125f}, {}, 3);  // so is a bias with the axis of its weights
  EXPECT_EQ(error_of(model), "");
  EXPECT_EQ(import_tflite(model.write(), "good").value().main().value(0).type.quant.axis, 1);
  quantize(model, {0.5f, 0.25f, 0.125f, 1.0f}, {}, 1);
  EXPECT_ERROR(model, "has 4 scales on axis 1");
  model.subgraphs[0].tensors[0].shape = {3, 2, 3};
  quantize(model, {0.5f, 0.25f, 0.125f}, {}, 1);
  EXPECT_ERROR(model, "has 3 scales on axis 1");
  quantize(model, {0.5f, 0.25f, 0.125f}, {}, -1);
  EXPECT_ERROR(model, "has 3 scales on axis -1");
  model.subgraphs[0].tensors[0].shape = {2, 3};
  quantize(model, {-0.5f}, {0});
  EXPECT_ERROR(model, "has quantization scale -0.5");
  quantize(model, {NAN}, {0});
  EXPECT_ERROR(model, "has quantization scale nan");
  quantize(model, {INFINITY}, {0});
  EXPECT_ERROR(model, "has quantization scale inf");
  quantize(model, {0.5f}, {int64_t{1} << 40});
  EXPECT_ERROR(model, "has the zero point 1099511627776");
}

TEST(BadTflite, Wiring) {
  TestModel model = good_model();
  model.subgraphs[0].operators = {{0, {2}, {0}}, {0, {0}, {2}}};
  model.subgraphs[0].inputs = {};
  EXPECT_ERROR(model, "is the graph cyclic?");
  model = good_model();
  model.subgraphs[0].operators.push_back({0, {0, 1}, {2}});
  EXPECT_ERROR(model, "writes 'y', which already has a value");
  model = good_model();
  model.subgraphs[0].operators[0].outputs = {1};
  EXPECT_ERROR(model, "already has a value");
  model = good_model();
  model.subgraphs[0].operators[0].outputs = {};
  EXPECT_ERROR(model, "has 0 outputs");
  model = good_model();
  model.subgraphs[0].operators = {};
  EXPECT_ERROR(model, "output 'y' is never computed");
  model = good_model();
  model.subgraphs = {};
  EXPECT_ERROR(model, "has no subgraph");
}

TEST(BadTflite, OperatorsThatMoteLacksAreListedAtOnce) {
  TestModel model = good_model();
  model.codes = {{kReshape}, {32, "FlexErf"}, {162}, {400}, {32, "ethos-u"}};
  for (const uint32_t code : {1u, 1u, 2u, 3u, 4u})
    model.subgraphs[0].operators.push_back({code, {0}, {2}});
  EXPECT_ERROR(model, "custom FlexErf (2 times)");
  EXPECT_ERROR(model, "STABLEHLO_LOGISTIC");
  EXPECT_ERROR(model, "builtin operator 400");
  EXPECT_ERROR(model, "without SELECT_TF_OPS");
  EXPECT_ERROR(model, "from before Vela");
}

TEST(BadTflite, OptionsOfAnotherOperator) {
  TestModel model = good_model();
  model.subgraphs[0].operators[0].more = [](Writer& writer, Fields& fields) {
    fields.scalar(tflite::op::options_type, uint8_t{1}, 0)
        .offset(tflite::op::options, writer.table({}));
  };
  EXPECT_ERROR(model, "has the options of another operator (kind 1, expected 17)");
}

TEST(BadTflite, NamesCantWriteToTheTerminal) {
  TestModel model = good_model();
  model.subgraphs[0].tensors[0].name = "a\x1b[2J\n\xff\xc3\xa4";
  model.subgraphs[0].tensors[0].shape = {-9};
  EXPECT_ERROR(model, "tensor 0 ('a?[2J??\xc3\xa4')");
}

TEST(BadTflite, VectorLongerThanTheFile) {
  TestModel model = good_model();
  model.subgraphs[0].tensors[0].shape = {17, 19, 23};
  const Buffer good = model.write();
  const int32_t pattern[] = {3, 17, 19, 23};
  for (const uint32_t count : {4u, 1000u, 0x3fffffffu, 0x40000000u, 0x7fffffffu, 0xffffffffu}) {
    Buffer bad = on_heap(good.data(), good.size());
    auto* bytes = const_cast<std::byte*>(bad.data());
    size_t found = 0;
    for (size_t at = 0; at + sizeof(pattern) <= bad.size(); at += 4) {
      if (std::memcmp(bytes + at, pattern, sizeof(pattern)) != 0) continue;
      std::memcpy(bytes + at, &count, 4);
      ++found;
    }
    ASSERT_EQ(found, 1u);
    EXPECT_NE(error_of(bad), "");
  }
}

TEST(BadTflite, TablesThatAreSharedWithoutEnd) {
  // 20,000 subgraphs, all the same table of 20,000 tensors, all the same table.
  TestModel model = good_model();
  model.more = [](Writer& writer, Fields& root) {
    const tflite::Offset tensor = writer.table({});
    const tflite::Offset tensors = writer.offsets(std::vector<tflite::Offset>(20000, tensor));
    const tflite::Offset subgraph =
        writer.table(Fields().offset(tflite::subgraph::tensors, tensors));
    root = Fields();
    root.scalar(tflite::model::version, tflite::kSchemaVersion, 0)
        .offset(tflite::model::subgraphs,
                writer.offsets(std::vector<tflite::Offset>(20000, subgraph)));
  };
  EXPECT_ERROR(model, "refer to each other so often");
}

TestModel with_signatures(const std::vector<std::string>& keys, uint32_t tensor,
                          uint32_t subgraph) {
  TestModel model = good_model();
  model.more = [=](Writer& writer, Fields& root) {
    std::vector<tflite::Offset> tables;
    for (const std::string& key : keys) {
      const tflite::Offset port =
          writer.table(Fields()
                           .offset(tflite::tensor_map::name, writer.string("in"))
                           .scalar(tflite::tensor_map::tensor, tensor, 0));
      tables.push_back(writer.table(Fields()
                                        .offset(tflite::signature::inputs, writer.offsets({port}))
                                        .offset(tflite::signature::key, writer.string(key))
                                        .scalar(tflite::signature::subgraph, subgraph, 0)));
    }
    root.offset(tflite::model::signatures, writer.offsets(tables));
  };
  return model;
}

TEST(BadTflite, Signatures) {
  EXPECT_EQ(error_of(with_signatures({"a", "b"}, 0, 0)), "");
  EXPECT_ERROR(with_signatures({"a", "a"}, 0, 0), "has two signatures named 'a'");
  EXPECT_ERROR(with_signatures({"a"}, 2, 0), "signature 'a': 'in' is not an input");
  EXPECT_ERROR(with_signatures({"a"}, 99, 0), "signature 'a': 'in' is not an input");
  EXPECT_ERROR(with_signatures({"a"}, UINT32_MAX, 0), "a signature names tensor 4294967295");
  EXPECT_ERROR(with_signatures({"a"}, 0, 1), "signature 'a' is of subgraph 1, there are 1");
}

// Sparsity of [2,4]: rows dense, columns compressed.
struct SparseSpec {
  std::vector<int32_t> order = {0, 1};
  std::vector<int32_t> block_map = {};
  int32_t rows = 2;
  std::vector<int32_t> segments = {0, 1, 3};
  std::vector<int32_t> indices = {1, 0, 3};
};

TestModel sparse_model(const SparseSpec& spec) {
  TestModel model = good_model();
  model.buffers.push_back({1, 2, 3});
  model.subgraphs[0].tensors.push_back({{2, 4}, kInt8, 2, "sparse"});
  model.subgraphs[0].tensors[3].more = [spec](Writer& writer, Fields& fields) {
    using namespace tflite;
    const auto indices = [&](const std::vector<int32_t>& values) {
      return writer.table(Fields().offset(0, writer.vector(values)));
    };
    const Offset rows = writer.table(Fields().scalar(dimension::dense_size, spec.rows, 0));
    const Offset segments = indices(spec.segments);
    const Offset columns = writer.table(
        Fields()
            .scalar(dimension::format, static_cast<int8_t>(dimension::compressed), 0)
            .scalar(dimension::segments_type, static_cast<uint8_t>(dimension::int32), 0)
            .offset(dimension::segments, segments)
            .scalar(dimension::indices_type, static_cast<uint8_t>(dimension::int32), 0)
            .offset(dimension::indices, indices(spec.indices)));
    Fields all;
    all.offset(sparsity::traversal_order, writer.vector(spec.order))
        .offset(sparsity::block_map, writer.vector(spec.block_map))
        .offset(sparsity::dimensions, writer.offsets({rows, columns}));
    fields.offset(tensor::sparsity, writer.table(all));
  };
  return model;
}

TEST(BadTflite, Sparsity) {
  const auto graph = import_tflite(sparse_model({}).write(), "good");
  ASSERT_TRUE(graph.ok()) << graph.error().message;
  const auto dense = graph.value().main().value(3).data.as<int8_t>();
  EXPECT_EQ(std::vector<int8_t>(dense.begin(), dense.end()),
            (std::vector<int8_t>{0, 1, 0, 0, 2, 0, 0, 3}));
  EXPECT_ERROR(sparse_model({.order = {0}}), "1 levels for a shape of rank 2");
  EXPECT_ERROR(sparse_model({.order = {0, 0}}), "not a permutation");
  EXPECT_ERROR(sparse_model({.order = {0, -1}}), "not a permutation");
  EXPECT_ERROR(sparse_model({.rows = 3}), "a dense level of sparse data has 3 indices, not 2");
  EXPECT_ERROR(sparse_model({.segments = {0, 3}}), "2 segments for 2 rows");
  EXPECT_ERROR(sparse_model({.segments = {0, 4, 3}}), "a segment from 0 to 4");
  EXPECT_ERROR(sparse_model({.segments = {0, 2, 1}}), "a segment from 2 to 1");
  EXPECT_ERROR(sparse_model({.segments = {-1, 0, 3}}), "a segment from -1 to 0");
  EXPECT_ERROR(sparse_model({.indices = {1, 0, 4}}), "the index 4 of 4");
  EXPECT_ERROR(sparse_model({.indices = {1, 0, -1}}), "the index -1 of 4");
  EXPECT_ERROR(sparse_model({.segments = {0, 1, 2}}), "has 2 sparse elements, but 3 bytes");
  EXPECT_ERROR(sparse_model({.block_map = {0}}), "levels for a shape");
}

}  // namespace
}  // namespace mote
