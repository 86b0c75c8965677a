// Every row of a reduction against its reference, over lengths around the widths of vectors.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

#include "kernels/reduce/families.h"

namespace mote::kernels {
namespace {

std::vector<char> random_bytes(size_t count, bool floats, std::mt19937& random) {
  std::vector<char> bytes(count);
  for (char& b : bytes) b = static_cast<char>(random());
  for (size_t i = 0; floats && i + 4 <= count; i += 4) {
    // Small integers: sums are exact in any order.
    const float v = static_cast<float>(static_cast<int>(random() % 9) - 4);
    std::memcpy(&bytes[i], &v, 4);
  }
  return bytes;
}

TEST(ReduceRows, EqualTheReference) {
  std::mt19937 random(3);
  for (const Family& family : reduce_families()) {
    const bool floats = std::string_view(family.name).ends_with("f32");
    for (int64_t length = 1; length < 70; ++length) {
      for (const auto& reduces : {std::array{false, true, true}, std::array{true, true, false},
                                  std::array{false, true, false}, std::array{true, true, true}}) {
        const int64_t shape[] = {3, length, 5};
        MoteReduceParams p{};
        plan_reduce(shape, reduces, p);
        p.zero_x = -27;
        p.zero_y = -28;
        p.multiplier = 1 << 30;
        p.shift = -5;
        const auto x = random_bytes(static_cast<size_t>(length) * 15 * 8, floats, random);
        std::vector<char> wanted(x.size() + 64), got(x.size() + 64);
        const void* in[] = {x.data()};
        void* out[] = {wanted.data()};
        family.rows.back().run({&p, in, out, nullptr}, 0, p.outputs);
        family.each_usable(&p, [&](const Kernel& row) {
          std::fill(got.begin(), got.end(), 0);
          out[0] = got.data();
          row.run({&p, in, out, nullptr}, 0, p.outputs);
          ASSERT_EQ(wanted, got) << row.name << ", length " << length << ", axes " << reduces[0]
                                 << reduces[1] << reduces[2];
        });
      }
    }
  }
}

// Sums that leave 16 bits on the way.
TEST(ReduceRows, ManyExtremesAddUp) {
  for (const char* name : {"sum_qi8", "sum_qu8", "sum_qi16"}) {
    const Family& family = *find_family(reduce_families(), name);
    for (const int64_t length : {255, 256, 257, 258, 700}) {
      for (const int byte : {0x80, 0x7f, 0xff}) {
        for (const bool columns : {false, true}) {
          const int64_t shape[] = {columns ? length : 44, columns ? 44 : length};
          const bool reduces[] = {columns, !columns};
          MoteReduceParams p{};
          plan_reduce(shape, reduces, p);
          p.multiplier = 1 << 30;
          p.shift = -8;
          const std::vector<unsigned char> x(static_cast<size_t>(length) * 44 * 2,
                                             static_cast<unsigned char>(byte));
          const void* in[] = {x.data()};
          std::vector<char> wanted(44 * 2), got(44 * 2);
          void* out[] = {wanted.data()};
          family.reference().run({&p, in, out, nullptr}, 0, p.outputs);
          family.each_usable(&p, [&](const Kernel& row) {
            out[0] = got.data();
            row.run({&p, in, out, nullptr}, 0, p.outputs);
            ASSERT_EQ(wanted, got) << row.name << ", length " << length << ", of " << byte;
          });
        }
      }
    }
  }
}

}  // namespace
}  // namespace mote::kernels
