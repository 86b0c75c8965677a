#include "import/keras/keras.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "eval/evaluator.h"
#include "formats/npy.h"
#include "formats/zip.h"
#include "import/keras/importers.h"
#include "passes/specialize.h"

namespace mote {
namespace {

// Models, inputs and Keras's own outputs: tests/fixtures/keras/make.py.
std::string fixture(const std::string& name) {
  return std::string(MOTE_SOURCE_DIR) + "/tests/fixtures/keras/" + name;
}

const formats::Array* find(const formats::NamedArrays& arrays, const std::string& name) {
  for (const auto& [key, array] : arrays) {
    if (key == name) return &array;
  }
  return nullptr;
}

void compare_with_keras(const std::string& file, const std::string& model) {
  SCOPED_TRACE(file);
  const formats::NamedArrays expected = formats::load_npz(fixture("expected.npz"));
  Result<Graph> imported = import_keras(fixture(file));
  ASSERT_TRUE(imported.ok()) << imported.error().message;
  Graph graph = std::move(imported).value();
  std::vector<const formats::Array*> inputs;
  std::vector<Shape> shapes;
  for (size_t i = 0; i < graph.main().inputs.size(); ++i) {
    inputs.push_back(find(expected, fmt::format("{}/in{}", model, i)));
    ASSERT_NE(inputs.back(), nullptr);
    shapes.push_back(inputs.back()->shape);
  }
  passes::specialize(graph, shapes);
  eval::Evaluator evaluator(graph);
  for (size_t i = 0; i < inputs.size(); ++i) {
    evaluator.set_input(static_cast<int>(i), inputs[i]->data.bytes());
  }
  evaluator.run();
  for (size_t i = 0; i < graph.main().outputs.size(); ++i) {
    const formats::Array* wanted = find(expected, fmt::format("{}/out{}", model, i));
    ASSERT_NE(wanted, nullptr) << "output " << i;
    const Value& value = graph.main().value(graph.main().outputs[i]);
    EXPECT_EQ(value.type.shape, wanted->shape);
    const std::span<const float> want = wanted->data.as<float>();
    const std::span<const std::byte> bytes = evaluator.output(static_cast<int>(i));
    ASSERT_EQ(bytes.size(), want.size() * sizeof(float));
    const auto* got = reinterpret_cast<const float*>(bytes.data());
    for (size_t k = 0; k < want.size(); ++k) EXPECT_NEAR(got[k], want[k], 2e-5) << k;
  }
}

class KerasModels : public testing::TestWithParam<const char*> {};

TEST_P(KerasModels, AgreeAsKerasArchive) {
  compare_with_keras(std::string(GetParam()) + ".keras", GetParam());
}
TEST_P(KerasModels, AgreeAsHdf5) {
  compare_with_keras(std::string(GetParam()) + ".h5", GetParam());
}

INSTANTIATE_TEST_SUITE_P(All, KerasModels,
                         testing::Values("dense", "convolutions", "sequence", "nested", "masked",
                                         "attention", "operations"),
                         [](const auto& model) { return std::string(model.param); });

std::string refusal(const std::string& name) {
  const Result<Graph> result = import_keras(fixture(name));
  if (result.ok()) return "";
  EXPECT_NE(result.error().blame, Blame::internal) << result.error().message;
  return result.error().message;
}

TEST(Keras, RefusesWithTheReason) {
  for (const auto& [name, words] : std::vector<std::pair<std::string, std::vector<std::string>>>{
           {"lambda.keras", {"'doubler'", "Lambda", "never runs"}},
           {"custom.keras", {"'twice'", "mine>Twice", "custom class"}},
           {"nan.keras", {"layer 'dense'", "'kernel'", "NaN at element 6"}},
           {"missing.keras", {"layer 'dense_1'", "'bias'", "missing"}},
           {"unknown.keras", {"HyperDense", "does not know"}},
           {"huge.keras", {"impossible shape"}},
           {"cyclic.keras", {"'add'", "cyclic"}},
           {"expected.npz", {"config.json"}},
           {"make.py", {"not a Keras model"}}}) {
    const std::string message = refusal(name);
    for (const std::string& word : words) {
      EXPECT_NE(message.find(word), std::string::npos) << name << ": " << message;
    }
    EXPECT_NE(message.find(name), std::string::npos) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(Keras, ReadsAnUnzippedFolder) {
  const std::string folder = fmt::format("/tmp/mote_keras_test_{}", getpid());
  std::filesystem::create_directory(folder);
  const formats::ZipReader zip(map_file(fixture("dense.keras")), "dense.keras");
  for (const formats::ZipMember& member : zip.members()) {
    write_file(folder + "/" + member.name, zip.read(member.name).bytes());
  }
  const Result<Graph> from_folder = import_keras(folder);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(from_folder.ok()) << from_folder.error().message;
  std::string why;
  const Graph from_zip = import_keras(fixture("dense.keras")).value();
  EXPECT_TRUE(equal(from_zip, from_folder.value(), &why)) << why;
}

TEST(Keras, NamesInputsOutputsAndLayers) {
  const Graph graph = import_keras(fixture("nested.keras")).value();
  ASSERT_EQ(graph.signatures.size(), 1u);
  const Signature& signature = graph.signatures[0];
  ASSERT_EQ(signature.inputs.size(), 2u);
  EXPECT_EQ(signature.inputs[0].first, "p");
  EXPECT_EQ(signature.inputs[1].first, "q");
  ASSERT_EQ(signature.outputs.size(), 2u);
  EXPECT_EQ(graph.main().value(graph.main().inputs[0]).type.shape, Shape({kDynamic, 6}));
  const auto is_inner = [](const Node& node) { return node.layer == "body/inner/dense_2"; };
  EXPECT_EQ(std::count_if(graph.main().nodes.begin(), graph.main().nodes.end(), is_inner), 8)
      << "a product and an activation in each of four calls";
}

TEST(Keras, NamesPathsAsKerasDoes) {
  for (const auto& [name, snake] :
       std::vector<std::pair<const char*, const char*>>{{"Dense", "dense"},
                                                        {"Conv2DTranspose", "conv2d_transpose"},
                                                        {"DepthwiseConv2D", "depthwise_conv2d"},
                                                        {"MaxPooling2D", "max_pooling2d"},
                                                        {"ReLU", "re_lu"},
                                                        {"PReLU", "p_re_lu"},
                                                        {"LeakyReLU", "leaky_re_lu"},
                                                        {"ELU", "elu"},
                                                        {"LSTM", "lstm"},
                                                        {"ConvLSTM2D", "conv_lstm2d"},
                                                        {"RMSNormalization", "rms_normalization"},
                                                        {"STFTSpectrogram", "stft_spectrogram"},
                                                        {"StackedRNNCells", "stacked_rnn_cells"},
                                                        {"LSTMCell", "lstm_cell"},
                                                        {"TimeDistributed", "time_distributed"}}) {
    EXPECT_EQ(keras::snake_case(name), snake);
  }
}

TEST(Keras, KnowsEachLayerOnce) {
  std::vector<std::string> names = keras::known_layers();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::adjacent_find(names.begin(), names.end()), names.end());
  EXPECT_GT(names.size(), 120u);
}

// Whatever is done to a file, the import returns; and what is wrong is the file's fault.
void survive(const Buffer& bytes) {
  const Result<Graph> result = import_keras(bytes, "damaged");
  if (!result.ok()) {
    EXPECT_NE(result.error().blame, Blame::internal) << result.error().message;
  }
}

TEST(Keras, SurvivesDamage) {
  for (const char* name : {"dense.keras", "dense.h5", "masked.h5", "sequence.keras"}) {
    SCOPED_TRACE(name);
    const Buffer good = map_file(fixture(name));
    for (size_t at = 0; at < good.size(); at += 61) {
      survive(Buffer::copy_of(good.data(), at));
      Buffer::Writable bad = Buffer::allocate(good.size());
      std::copy(good.data(), good.data() + good.size(), bad.bytes);
      bad.bytes[at] ^= std::byte{0x15};
      survive(bad.buffer);
    }
  }
}

// The archive's checksums hide most damage from the parsers behind them, so the configuration is
// damaged on its own too.
TEST(Keras, SurvivesDamagedConfigurations) {
  for (const char* name : {"dense.keras", "nested.keras", "sequence.keras", "attention.keras"}) {
    SCOPED_TRACE(name);
    const formats::ZipReader zip(map_file(fixture(name)), name);
    const Buffer config = zip.read("config.json"), weights = zip.read("model.weights.h5");
    for (size_t at = 0; at < config.size(); at += 17) {
      std::vector<std::byte> bad(config.data(), config.data() + config.size());
      // Digits become other digits and letters other letters: mostly valid, and wrong.
      bad[at] ^= std::byte{at % 2 == 0 ? uint8_t{1} : uint8_t{4}};
      const formats::ZipEntry entries[] = {{"config.json", bad},
                                           {"model.weights.h5", weights.bytes()}};
      survive(Buffer::of(formats::write_zip(entries, false)));
    }
  }
}

}  // namespace
}  // namespace mote
