// libFuzzer target: any bytes as a .tflite file. Whatever imports and exports must import again,
// and come out of a second round trip as it went in (the first one may add biases that the official
// kernels want). An internal error counts as a crash.
//
//   cmake -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DMOTE_FUZZ=ON -DMOTE_TESTS=OFF
//   ninja -C build/fuzz tflite_fuzz
//   mkdir -p build/corpus && cp tests/fixtures/tflite/*.tflite build/corpus
//   build/fuzz/tflite_fuzz -timeout=5 -rss_limit_mb=2048 -max_len=65536 build/corpus
#include <cstdio>
#include <cstdlib>

#include "export/tflite/tflite.h"
#include "import/tflite/tflite.h"

namespace {

[[noreturn]] void fail(const char* what, const std::string& message) {
  std::fprintf(stderr, "%s: %s\n", what, message.c_str());
  std::abort();
}

// Whether there is a value; an error must be one that the file is to blame for.
template <class T>
bool usable(const mote::Result<T>& result, const char* stage) {
  if (!result.ok() && result.error().blame == mote::Blame::internal)
    fail(stage, result.error().message);
  return result.ok();
}

mote::Graph import_again(const mote::Buffer& written) {
  const auto graph = mote::import_tflite(written, "written");
  if (!graph.ok()) fail("import of what was exported", graph.error().message);
  return graph.value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  const mote::Buffer file({}, std::as_bytes(std::span(data, size_bytes)));
  const auto graph = mote::import_tflite(file, "input");
  if (!usable(graph, "import")) return 0;
  const auto written = mote::export_tflite(graph.value());
  if (!usable(written, "export")) return 0;
  const mote::Graph first = import_again(written.value());
  const auto written_again = mote::export_tflite(first);
  if (!written_again.ok()) fail("second export", written_again.error().message);
  const mote::Graph second = import_again(written_again.value());
  std::string why;
  if (!mote::equal(first, second, &why)) fail("round trip", why);
  return 0;
}
