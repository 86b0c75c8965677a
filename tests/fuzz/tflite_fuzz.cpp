// libFuzzer target: any bytes as a .tflite file. Whatever imports must export, import again and be
// equal; an internal error counts as a crash.
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

// The value, or nullopt for an error that the file is to blame for.
template <class T>
bool usable(const mote::Result<T>& result, const char* stage) {
  if (!result.ok() && result.error().blame == mote::Blame::internal)
    fail(stage, result.error().message);
  return result.ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size_bytes) {
  const mote::Buffer file({}, std::as_bytes(std::span(data, size_bytes)));
  const auto graph = mote::import_tflite(file, "input");
  if (!usable(graph, "import")) return 0;
  const auto written = mote::export_tflite(graph.value());
  if (!usable(written, "export")) return 0;
  const auto again = mote::import_tflite(written.value(), "written");
  if (!again.ok()) fail("import of what was exported", again.error().message);
  std::string why;
  if (!mote::equal(graph.value(), again.value(), &why)) fail("round trip", why);
  return 0;
}
