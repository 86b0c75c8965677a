// Exit codes, help, and bad input.
#include "program.h"

namespace mote::cli_test {
namespace {

using Usage = Program;

const std::string kFloat = kFixtures + "float.tflite";

TEST_F(Usage, HelpHasAnExampleForEveryVerb) {
  for (const char* verb : {"convert", "run", "verify", "evaluate", "bench", "inspect", "ops"}) {
    const Done done = mote(std::string(verb) + " --help");
    EXPECT_EQ(done.exit_code, 0);
    EXPECT_EQ(done.err, "");
    EXPECT_NE(done.out.find("mote " + std::string(verb)), std::string::npos) << done.out;
    EXPECT_NE(done.out.find("Example"), std::string::npos) << done.out;
  }
  EXPECT_NE(mote("--help").out.find("verify"), std::string::npos);
  EXPECT_EQ(mote("--version").out.rfind("mote ", 0), 0u);
  EXPECT_EQ(mote("--version").exit_code, 0);
}

TEST_F(Usage, WrongArgumentsExitWith2) {
  expect_error("", 2, {"mote --help"});
  expect_error("frobnicate", 2, {"frobnicate"});
  expect_error("run", 2, {"MODEL", "mote run --help"});
  expect_error("run " + kFloat + " --frob", 2, {"--frob"});
  expect_error("convert " + kFloat, 2, {"--output"});
  expect_error("convert " + kFloat + " -o x.tflite --quantize int3", 2, {"int3"});
  expect_error("run " + kFloat + " --input-shape x=1,q", 2, {"x=1,q"});
  expect_error("bench " + kFloat + " --threads 0", 2, {"--threads"});
  expect_error("inspect " + kFloat + " --json --dot", 2, {"--dot"});
}

TEST_F(Usage, FilesThatAreNotModels) {
  const std::string nothing = at("nothing.tflite");
  expect_error("run " + nothing, 1, {nothing});
  std::ofstream(at("text.tflite")) << "this is no model, whatever its name says";
  expect_error("run " + at("text.tflite"), 1, {"text.tflite"});
  std::ofstream(at("empty.tflite"));
  expect_error("inspect " + at("empty.tflite"), 1, {"empty.tflite"});
  std::ofstream(at("model.pb")) << "hello";
  expect_error("inspect " + at("model.pb"), 1, {"model.pb", ".keras"});
}

TEST_F(Usage, ControlCharactersOfNamesAreShownAsNumbers) {
  expect_error("run 'a\x1b[31m.tflite'", 1, {"a\\x1b[31m.tflite"});
}

TEST_F(Usage, NothingIsLeftOfAConversionThatFails) {
  const std::string model = read(kFloat);
  std::ofstream(at("cut.tflite"), std::ios::binary) << model.substr(0, model.size() / 2);
  expect_error("convert " + at("cut.tflite") + " -o " + at("out.tflite"), 1, {"cut.tflite"});
  expect_error("convert " + kFloat + " -o " + at("no/such/folder.tflite"), 1, {"folder.tflite"});
  expect_error("convert " + kFloat + " -o " + at("out.onnx"), 1, {"out.onnx", ".tflite"});
  std::filesystem::remove(at("cut.tflite"));
  EXPECT_TRUE(empty());
}

TEST_F(Usage, TheModelIsNotOverwrittenByItself) {
  std::filesystem::copy_file(kFloat, at("model.tflite"));
  expect_error("convert " + at("model.tflite") + " -o " + at("model.tflite"), 1, {"another name"});
  EXPECT_EQ(read(at("model.tflite")), read(kFloat));
}

TEST_F(Usage, OperatorsPageIsCurrent) {
  EXPECT_EQ(mote("ops --markdown").out, read(MOTE_SOURCE_DIR "/docs/operators.md"))
      << "run: build/mote ops --markdown > docs/operators.md";
  const Json report = json("ops");
  EXPECT_GT(report["operators"].size(), 30u);
  EXPECT_TRUE(report["operators"][0].contains("int8"));
}

}  // namespace
}  // namespace mote::cli_test
