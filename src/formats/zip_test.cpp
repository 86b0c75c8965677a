#include "formats/zip.h"

#include <cstring>

#include "formats/test_files.h"

namespace mote::formats {
namespace {

std::string text_of(const Buffer& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Zip, ReadsWhatPythonWrote) {
  const ZipReader zip(map_file(fixture("good.zip")), "good.zip");
  ASSERT_EQ(zip.members().size(), 2u);
  EXPECT_EQ(zip.members()[0].name, "folder/text");
  std::string wanted;
  for (int i = 0; i < 20; ++i) wanted += "hello ";
  EXPECT_EQ(text_of(zip.read("folder/text")), wanted);
  EXPECT_EQ(zip.read("empty").size(), 0u);
  EXPECT_FALSE(zip.has("missing"));
  EXPECT_TRUE(contains(error_of([&] { return zip.read("missing"); }), "'missing'"));
}

TEST(Zip, RefusesNamesThatLeaveTheFolder) {
  for (const char* name : {"parent.zip", "absolute.zip"}) {
    const std::string message =
        error_of([&] { return ZipReader(map_file(fixture(name)), name).members().size(); });
    EXPECT_TRUE(contains(message, "evil")) << message;
    EXPECT_TRUE(contains(message, name)) << message;
  }
}

TEST(Zip, RefusesSymbolicLinks) {
  const std::string message =
      error_of([] { return ZipReader(map_file(fixture("symlink.zip")), "z").members().size(); });
  EXPECT_TRUE(contains(message, "symbolic link")) << message;
}

TEST(Zip, RefusesAnArchiveThatIsCutAnywhere) {
  const Buffer whole = map_file(fixture("good.zip"));
  for (size_t size = 0; size < whole.size(); ++size) {
    const std::string message =
        error_of([&] { return ZipReader(whole.slice(0, size), "z").members().size(); });
    EXPECT_TRUE(contains(message, "z: ")) << size << " of " << whole.size() << ": " << message;
  }
}

TEST(Zip, RefusesBombs) {
  const ZipReader zip(map_file(fixture("bomb.zip")), "bomb.zip");
  const std::string message = error_of([&] { return zip.read("zeros"); });
  EXPECT_TRUE(contains(message, "'zeros'")) << message;
  EXPECT_TRUE(contains(message, "refused")) << message;
}

TEST(Zip, WritesWhatItReads) {
  const std::string first(1000, 'a'), second = "b";
  const auto bytes_of = [](const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
  };
  const ZipEntry entries[] = {{"first", bytes_of(first)}, {"x/second", bytes_of(second)}};
  for (const bool deflate : {false, true}) {
    const std::vector<std::byte> out = write_zip(entries, deflate);
    EXPECT_EQ(out.size() < first.size(), deflate);
    EXPECT_EQ(out, write_zip(entries, deflate));
    const ZipReader zip(Buffer::of(out), "z");
    EXPECT_EQ(text_of(zip.read("first")), first);
    EXPECT_EQ(text_of(zip.read("x/second")), second);
  }
}

TEST(Zip, RefusesDuplicates) {
  const std::byte one{1};
  const ZipEntry entry[] = {{"ab", {&one, 1}}, {"ac", {&one, 1}}};
  std::vector<std::byte> out = write_zip(entry, false);
  for (std::byte& byte : out) {
    if (byte == std::byte{'c'}) byte = std::byte{'b'};
  }
  const std::string message =
      error_of([&] { return ZipReader(Buffer::of(out), "z").members().size(); });
  EXPECT_TRUE(contains(message, "twice")) << message;
}

TEST(Zip, SurvivesDamage) {
  damage(map_file(fixture("good.zip")), [](const Buffer& bytes) {
    const ZipReader zip(bytes, "z");
    for (const ZipMember& member : zip.members()) zip.read(member.name);
  });
}

}  // namespace
}  // namespace mote::formats
