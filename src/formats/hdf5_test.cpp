#include "formats/hdf5.h"

#include <cstring>

#include "formats/npy.h"
#include "formats/test_files.h"

namespace mote::formats {
namespace {

Hdf5Object open(const std::string& name) { return Hdf5Object::open(map_file(fixture(name)), name); }

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// expected.npz holds what h5py reads from each data set, by "<file>:<path>".
TEST(Hdf5, ReadsWhatH5pyReads) {
  int compared = 0;
  for (const auto& [name, wanted] : load_npz(fixture("expected.npz"))) {
    const size_t colon = name.find(':');
    SCOPED_TRACE(name);
    const Array got = open(name.substr(0, colon)).child(name.substr(colon + 1)).array();
    EXPECT_EQ(name_of(got.dtype), name_of(wanted.dtype));
    EXPECT_EQ(got.shape, wanted.shape);
    ASSERT_EQ(got.data.size(), wanted.data.size());
    if (!got.data.empty()) {
      EXPECT_EQ(std::memcmp(got.data.data(), wanted.data.data(), got.data.size()), 0);
    }
    ++compared;
  }
  EXPECT_GE(compared, 45);
}

TEST(Hdf5, ReadsStrings) {
  const Hdf5Object root = open("plain.h5");
  EXPECT_EQ(root.string("text"), "a variable-length string, with \u00e9");
  EXPECT_EQ(root.string("bytes"), "fixed length");
  EXPECT_EQ(root.strings("names"), (std::vector<std::string>{"dense", "conv2d_1", "lstm"}));
  EXPECT_EQ(root.strings("words"), (std::vector<std::string>{"kernel:0", "", "bias:0"}));
  EXPECT_TRUE(root.strings("empty").empty());
  EXPECT_EQ(open("latest.h5").child("a/b").string("text"), "hello");
  EXPECT_FALSE(root.has_attribute("nothing"));
  EXPECT_TRUE(contains(error_of([&] { return root.string("nothing"); }), "'nothing'"));
}

TEST(Hdf5, ReadsNumbersInAttributes) {
  const Array numbers = open("plain.h5").attribute("numbers");
  ASSERT_EQ(numbers.shape, Shape({3}));
  EXPECT_EQ(numbers.data.as<double>()[2], 3.25);
}

TEST(Hdf5, ListsMembers) {
  EXPECT_EQ(open("plain.h5").child("many").children().size(), 20u);
  EXPECT_TRUE(open("plain.h5").child("many").has("member_19"));
  EXPECT_EQ(open("ordered.h5").child("g").children().size(), 3u);
}

TEST(Hdf5, ReadsBfloat16) {
  const Array array = open("bfloat16.h5").child("x").array();
  EXPECT_EQ(array.dtype, DType::bf16);
  // -3, -2.5, -2, -1.5 are exact; their upper halves of float32:
  const std::span<const uint16_t> bits = array.data.as<uint16_t>();
  EXPECT_EQ(std::vector<uint16_t>(bits.begin(), bits.end()),
            (std::vector<uint16_t>{0xc040, 0xc020, 0xc000, 0xbfc0}));
}

TEST(Hdf5, RefusesWhatLeavesTheFile) {
  const Hdf5Object root = open("refused.h5");
  for (const auto& [name, word] : {std::pair{"soft", "link"},
                                   {"external", "link"},
                                   {"virtual", "virtual"},
                                   {"outside", "another file"},
                                   {"text", "text"},
                                   {"unwritten", "never written"},
                                   {"record", "type class 6"},
                                   {"lzf", "filter 32000"}}) {
    const std::string message = error_of([&, member = name] { return root.child(member).array(); });
    EXPECT_TRUE(contains(message, word)) << message;
    EXPECT_TRUE(contains(message, name)) << message;
    EXPECT_TRUE(contains(message, "refused.h5")) << message;
  }
}

TEST(Hdf5, SaysWhatIsMissing) {
  const std::string message =
      error_of([] { return open("plain.h5").child("layers/dense_7/vars"); });
  EXPECT_EQ(message, "plain.h5: '/layers': has no member 'dense_7'");
}

// Reads everything that can be reached.
void read_all(const Hdf5Object& object, int depth) {
  for (const char* name : {"text", "names", "words", "empty"}) {
    error_of([&] { return object.has_attribute(name) ? object.strings(name).size() : 0; });
  }
  if (object.is_dataset()) {
    error_of([&] { return object.array(); });
    return;
  }
  if (depth == 0) return;
  for (const std::string& name : object.children()) {
    error_of([&] { return read_all(object.child(name), depth - 1), 0; });
  }
}

TEST(Hdf5, SurvivesDamage) {
  for (const char* name : {"latest.h5", "ordered.h5", "bfloat16.h5", "refused.h5", "chunked.h5"}) {
    SCOPED_TRACE(name);
    damage(map_file(fixture(name)),
           [](const Buffer& bytes) { read_all(Hdf5Object::open(bytes, "x.h5"), 4); });
  }
}

TEST(Hdf5, SurvivesDamageOfALargerFile) {
  const Buffer good = map_file(fixture("plain.h5"));
  for (size_t at = 0; at < good.size(); at += 3) {
    error_of(
        [&] { return read_all(Hdf5Object::open(Buffer::copy_of(good.data(), at), "x.h5"), 4), 0; });
    Buffer::Writable bad = Buffer::allocate(good.size());
    std::copy(good.data(), good.data() + good.size(), bad.bytes);
    bad.bytes[at] ^= std::byte{0x41};
    error_of([&] { return read_all(Hdf5Object::open(bad.buffer, "x.h5"), 4), 0; });
  }
}

}  // namespace
}  // namespace mote::formats
