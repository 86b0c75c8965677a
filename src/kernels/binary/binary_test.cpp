// The processors' rows against the reference: every pair of bytes, ways to broadcast, in place.
#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "kernels/binary/families.h"
#include "kernels/common/broadcast_plan.h"
#include "kernels/common/row_runner.h"

namespace mote::kernels {
namespace {

using Shape = std::vector<int64_t>;

int64_t elements(const Shape& shape) {
  int64_t n = 1;
  for (const int64_t extent : shape) n *= extent;
  return n;
}

Affine random_affine(Random& random, int64_t low, int64_t high) {
  const float scale = std::exp(random.real(-8.0f, 2.0f));
  return {scale, static_cast<int32_t>(low == high ? low : random.between(low, high))};
}

// Parameters of `op` as the operators' records prepare them; wide types have no zero points.
MoteBinaryParams prepared(Random& random, const std::string& op, int64_t low, int64_t high) {
  MoteBinaryParams p{};
  const bool wide = high > 255;
  const auto affine = [&] { return random_affine(random, wide ? 0 : low, wide ? 0 : high); };
  Affine a = affine();
  const Affine b = affine(), y = affine();
  if (random.between(0, 3) == 0) a.scale = b.scale;
  if (op == "mul") {
    prepare_mul(a, b, y, p);
  } else {
    prepare_add(a, b, y, wide, p);
  }
  p.min_int = random.coin() ? low : random.between(low, high);
  p.max_int = random.coin() ? high : random.between(p.min_int, high);
  return p;
}

template <class T>
int expect_rows_equal(const std::string& name, const MoteBinaryParams& p, const std::vector<T>& a,
                      const std::vector<T>& b) {
  const Family& family = *find_family(binary_families(), name);
  std::vector<T> want(static_cast<size_t>(p.shape.count));
  bool intact = true;
  run_row(family.reference(), &p, {a.data(), b.data()}, {want.data()}, &intact);
  int fast = 0;
  family.each_usable(&p, [&](const Kernel& row) {
    std::vector<T> got(want.size());
    run_row(row, &p, {a.data(), b.data()}, {got.data()}, &intact);
    EXPECT_EQ(std::memcmp(got.data(), want.data(), want.size() * sizeof(T)), 0) << row.name;
    // The whole at once, over each of the operands that is as large.
    for (const int k : {0, 1}) {
      std::vector<T> over[2] = {a, b};
      if (over[k].size() != want.size()) continue;
      const void* in[] = {over[0].data(), over[1].data()};
      void* out[] = {over[k].data()};
      row.run({&p, in, out, nullptr}, 0, p.shape.count);
      EXPECT_EQ(std::memcmp(over[k].data(), want.data(), want.size() * sizeof(T)), 0)
          << row.name << " in place of " << k;
    }
    fast += std::strstr(row.name, "__generic") || std::strstr(row.name, "__reference") ? 0 : 1;
  });
  return fast;
}

bool has_vectors() { return simd::has(simd::Isa::avx2); }

template <class T>
void every_pair(const std::string& suffix) {
  constexpr int64_t low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  std::vector<T> a, b;
  for (int64_t i = low; i <= high; ++i) {
    for (int64_t j = low; j <= high; ++j) {
      a.push_back(static_cast<T>(i));
      b.push_back(static_cast<T>(j));
    }
  }
  const Shape shape = {static_cast<int64_t>(a.size())};
  Random random(11);
  int fast = 0;
  constexpr int kTurns = 20;
  for (int turn = 0; turn < kTurns; ++turn) {
    for (const char* op : {"add", "sub", "mul"}) {
      MoteBinaryParams p = prepared(random, op, low, high);
      p.shape = plan_broadcast(shape, {shape, shape});
      fast += expect_rows_equal<T>(std::string(op) + suffix, p, a, b);
    }
  }
  EXPECT_GT(fast, has_vectors() ? 2 * kTurns : -1) << "of " << 3 * kTurns;
}

TEST(BinaryRows, EveryPairOfBytes) {
  every_pair<int8_t>("_qi8");
  every_pair<uint8_t>("_qu8");
}

struct Broadcast {
  Shape a, b, y;
};

Broadcast random_broadcast(Random& random) {
  const int64_t channels = random.coin() ? random.between(1, 40) : random.between(200, 300);
  const int64_t rows = random.between(1, 9), columns = random.between(1, 9);
  const Shape whole = {rows, columns, channels};
  const Shape others[] = {whole,
                          {channels},
                          {},
                          {rows, 1, 1},
                          {1, columns, 1},
                          {1, columns, channels},
                          {rows, 1, channels}};
  const Shape other = others[random.between(0, 6)];
  switch (random.between(0, 2)) {
    case 0:
      return {whole, other, whole};
    case 1:
      return {other, whole, whole};
    default:
      return {{rows, 1, channels}, {columns, 1}, whole};
  }
}

template <class T>
std::vector<T> random_values(Random& random, int64_t n) {
  if constexpr (std::is_same_v<T, float>) {
    std::vector<float> v = random.floats(n);
    const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e-42f, -1e-42f};
    for (float& x : v) {
      if (random.between(0, 9) == 0) x = special[random.between(0, 6)];
    }
    return v;
  } else {
    return random.ints<T>(n, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
  }
}

template <class T>
void every_broadcast(const std::string& op, const std::string& suffix) {
  Random random(5);
  int64_t low = 0, high = 1;
  if constexpr (std::is_integral_v<T>) {
    low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  }
  for (int turn = 0; turn < 200; ++turn) {
    const Broadcast s = random_broadcast(random);
    MoteBinaryParams p = prepared(random, op, low, high);
    p.min_f32 = random.coin() ? -INFINITY : -0.5f;
    p.max_f32 = random.coin() ? INFINITY : 0.75f;
    p.shape = plan_broadcast(s.y, {s.a, s.b});
    expect_rows_equal<T>(op + suffix, p, random_values<T>(random, elements(s.a)),
                         random_values<T>(random, elements(s.b)));
    if (testing::Test::HasFailure()) return;
  }
}

TEST(BinaryRows, EveryBroadcast) {
  for (const char* op : {"add", "sub", "mul"}) {
    every_broadcast<int8_t>(op, "_qi8");
    every_broadcast<uint8_t>(op, "_qu8");
    every_broadcast<int16_t>(op, "_qi16");
  }
  for (const char* op :
       {"add", "sub", "mul", "div", "maximum", "minimum", "squared_difference", "prelu"}) {
    every_broadcast<float>(op, "_f32");
  }
}

}  // namespace
}  // namespace mote::kernels
