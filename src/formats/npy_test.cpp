#include "formats/npy.h"

#include <unistd.h>

#include <cstring>

#include "formats/test_files.h"

namespace mote::formats {
namespace {

// Every fixture holds i * 0.5 - 3 at row-major position i (tests/fixtures/formats/make.py).
template <class T>
void expect_ramp(const Array& array) {
  const std::span<const T> values = array.data.as<T>();
  ASSERT_EQ(static_cast<int64_t>(values.size()), array.shape.elements());
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(values[i], static_cast<T>(static_cast<double>(i) * 0.5 - 3)) << i;
  }
}

TEST(Npy, ReadsBothOrdersAndEndians) {
  const Array c = load_npy(fixture("c.npy"));
  EXPECT_EQ(c.dtype, DType::f32);
  EXPECT_EQ(c.shape, Shape({2, 3, 4}));
  expect_ramp<float>(c);
  const Array fortran = load_npy(fixture("fortran.npy"));
  EXPECT_EQ(fortran.shape, Shape({2, 3, 4}));
  expect_ramp<float>(fortran);
  const Array big = load_npy(fixture("big_endian.npy"));
  EXPECT_EQ(big.dtype, DType::f64);
  expect_ramp<double>(big);
  const Array scalar = load_npy(fixture("scalar.npy"));
  EXPECT_EQ(scalar.shape.rank(), 0);
  expect_ramp<float>(scalar);
}

TEST(Npy, ReadsEveryVersion) {
  for (const char* name : {"v2.npy", "v3.npy"}) {
    const Array array = load_npy(fixture(name));
    EXPECT_EQ(array.shape, Shape({2, 2}));
    expect_ramp<int16_t>(array);
  }
}

TEST(Npy, RefusesWhatIsNotNumbers) {
  for (const auto& [name, word] : {std::pair{"text.npy", "text"},
                                   {"object.npy", "Python objects"},
                                   {"record.npy", "records"}}) {
    const std::string message = error_of([&, file = name] { return load_npy(fixture(file)); });
    EXPECT_NE(message.find(word), std::string::npos) << message;
    EXPECT_NE(message.find(name), std::string::npos) << message;
  }
}

TEST(Npy, WritesNumPysBytes) {
  for (const char* name : {"c.npy", "scalar.npy"}) {
    const Buffer file = map_file(fixture(name));
    const std::vector<std::byte> written = format_npy(parse_npy(file, name));
    EXPECT_TRUE(std::equal(written.begin(), written.end(), file.data(), file.data() + file.size()))
        << name;
  }
}

TEST(Npy, ArchivesRoundTrip) {
  const std::string path = "/tmp/mote_npy_test_" + std::to_string(getpid()) + ".npz";
  const NamedArrays arrays = {{"x", load_npy(fixture("c.npy"))},
                              {"y", load_npy(fixture("v2.npy"))}};
  for (const bool deflate : {false, true}) {
    save_npz(path, arrays, deflate);
    const NamedArrays back = load_npz(path);
    ASSERT_EQ(back.size(), 2u);
    EXPECT_EQ(back[0].first, "x");
    EXPECT_EQ(back[1].first, "y");
    expect_ramp<float>(back[0].second);
    expect_ramp<int16_t>(back[1].second);
  }
  unlink(path.c_str());
}

TEST(Npy, ReadsCompressedArchives) {
  const NamedArrays arrays = load_npz(fixture("expected.npz"));
  EXPECT_GT(arrays.size(), 20u);
}

TEST(Npy, SurvivesDamage) {
  for (const char* name : {"c.npy", "v3.npy", "record.npy"}) {
    damage(map_file(fixture(name)), [](const Buffer& bytes) { parse_npy(bytes, "x.npy"); });
  }
}

TEST(Npy, RefusesShapesThatOverflow) {
  const std::string header =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296, 4), }\n";
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size());
  file += '\0';
  file += header;
  const std::string message =
      error_of([&] { return parse_npy(Buffer::copy_of(file.data(), file.size()), "huge.npy"); });
  EXPECT_NE(message.find("huge.npy"), std::string::npos) << message;
}

}  // namespace
}  // namespace mote::formats
