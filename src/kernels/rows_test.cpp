// Every row of the table-driven families against the family's reference row: random shapes and
// data, whole and in pieces, in place where a record may ask for it.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "kernels/binary/families.h"
#include "kernels/common/broadcast_plan.h"
#include "kernels/quantize/families.h"
#include "kernels/reduce/families.h"
#include "kernels/softmax/families.h"
#include "kernels/unary/families.h"
#include "kernels/unary/ref.h"

namespace mote::kernels {
namespace {

std::mt19937& rng() {
  static std::mt19937 generator(7);
  return generator;
}

int64_t integer(int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(rng());
}

template <class T>
std::vector<T> random_elements(int64_t n) {
  std::vector<T> values(static_cast<size_t>(n));
  for (T& value : values) {
    if constexpr (std::is_same_v<T, float>) {
      value = std::normal_distribution<float>(0.0f, 4.0f)(rng());
    } else if constexpr (std::is_same_v<T, MoteComplex64>) {
      value = {static_cast<float>(integer(-9, 9)), static_cast<float>(integer(-9, 9))};
    } else if constexpr (sizeof(T) == 8) {
      value = static_cast<T>(integer(-1000000, 1000000));
    } else {
      value = static_cast<T>(integer(std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    }
  }
  return values;
}

// Integers must be equal; floats within `tolerance`, relative, or both NaN.
template <class T>
void expect_same(const std::vector<T>& got, const std::vector<T>& want, float tolerance,
                 const char* what) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    if constexpr (std::is_same_v<T, float>) {
      if (std::isnan(want[i]) && std::isnan(got[i])) continue;
      if (got[i] == want[i]) continue;
      // gelu's reference loses what cancels in 1 + tanh: there the error is that of numbers near 4.
      // So does x - max - log(sum) where it is near 0.
      const float least = std::strstr(what, "gelu")          ? 4.0f
                          : std::strstr(what, "log_softmax") ? 1.0f
                                                             : std::numeric_limits<float>::min();
      const float size = std::max(std::abs(want[i]), least);
      ASSERT_LE(std::abs(got[i] - want[i]), tolerance * size)
          << what << " at " << i << ": " << got[i] << ", wanted " << want[i];
    } else {
      ASSERT_EQ(got[i], want[i]) << what << " at " << i;
    }
  }
}

// Runs a row over [0, units) in random pieces.
int run_in_pieces(const Kernel& row, const Args& args, int64_t units) {
  int status = kOk;
  for (int64_t begin = 0; begin < units;) {
    const int64_t end = std::min(units, begin + integer(1, std::max<int64_t>(1, units)));
    status |= row.run(args, begin, end);
    begin = end;
  }
  return status;
}

template <class Y, class Params>
void expect_rows_agree(const Family& family, const Params& params, std::vector<const void*> inputs,
                       int64_t outputs, float tolerance = 0.0f) {
  const Kernel& reference = family.rows.back();
  std::vector<Y> want(static_cast<size_t>(outputs));
  void* want_out[] = {want.data()};
  const int status =
      reference.run({&params, inputs.data(), want_out, nullptr}, 0, reference.units(&params));
  family.each_usable(&params, [&](const Kernel& row) {
    std::vector<Y> got(static_cast<size_t>(outputs));
    void* out[] = {got.data()};
    const Args args{&params, inputs.data(), out, nullptr};
    EXPECT_EQ(run_in_pieces(row, args, row.units(&params)), status) << row.name;
    expect_same(got, want, tolerance, row.name);
  });
}

// --- Binary

struct Shapes {
  std::vector<int64_t> a, b, y;
};

Shapes random_shapes() {
  Shapes s;
  const int64_t rank = integer(0, 5);
  const int64_t long_axis = integer(0, 9);
  for (int64_t i = 0; i < rank; ++i) {
    const int64_t extent = i == long_axis ? integer(100, 300) : integer(1, 4);
    const int64_t kind = integer(0, 4);
    s.a.push_back(kind == 1 ? 1 : extent);
    s.b.push_back(kind == 2 ? 1 : extent);
    s.y.push_back(extent);
  }
  if (rank > 1 && s.b[0] == 1) s.b.erase(s.b.begin());
  return s;
}

int64_t elements(const std::vector<int64_t>& shape) {
  int64_t n = 1;
  for (const int64_t extent : shape) n *= extent;
  return n;
}

MoteBinaryParams random_binary_params(const Shapes& s) {
  MoteBinaryParams p{};
  p.shape = plan_broadcast(s.y, {s.a, s.b});
  p.min_int = -100;
  p.max_int = 120;
  p.min_f32 = -3.0f;
  p.max_f32 = 6.0f;
  p.offset_a = static_cast<int32_t>(integer(-128, 128));
  p.offset_b = static_cast<int32_t>(integer(-128, 128));
  p.offset_y = static_cast<int32_t>(integer(-128, 127));
  p.multiplier_a = static_cast<int32_t>(integer(1 << 30, INT32_MAX));
  p.multiplier_b = static_cast<int32_t>(integer(1 << 30, INT32_MAX));
  p.multiplier_y = static_cast<int32_t>(integer(1 << 30, INT32_MAX));
  p.left_shift = 7;
  return p;
}

template <class A, class B, class Y>
void check_binary(const char* name) {
  const Family& family = *find_family(binary_families(), name);
  const bool shifts = std::strstr(name, "pow2") != nullptr;
  for (int turn = 0; turn < 30; ++turn) {
    const Shapes s = random_shapes();
    MoteBinaryParams p = random_binary_params(s);
    p.shift_a = shifts ? 2 : -1;
    p.shift_b = shifts ? 0 : -3;
    p.shift_y = -5;
    const auto a = random_elements<A>(elements(s.a));
    const auto b = random_elements<B>(elements(s.b));
    expect_rows_agree<Y>(family, p, {a.data(), b.data()}, elements(s.y));
  }
}

TEST(Rows, Binary) {
#define MOTE_BINARY(id, A, B, Y, value) check_binary<A, B, Y>(#id);
#include "kernels/binary/binary.inc"
#undef MOTE_BINARY
}

TEST(Rows, BinaryInPlace) {
  const Family& family = *find_family(binary_families(), "sub_f32");
  const std::vector<int64_t> shape = {1000};
  MoteBinaryParams p{};
  p.shape = plan_broadcast(shape, {shape, shape});
  p.min_f32 = -INFINITY;
  p.max_f32 = INFINITY;
  auto a = random_elements<float>(1000);
  const auto b = random_elements<float>(1000);
  std::vector<float> want(1000);
  for (size_t i = 0; i < 1000; ++i) want[i] = a[i] - b[i];
  const void* in[] = {a.data(), b.data()};
  void* out[] = {a.data()};
  family.rows[0].run({&p, in, out, nullptr}, 0, 1000);
  EXPECT_EQ(a, want);
}

TEST(Broadcast, CollapsesAxes) {
  const std::vector<int64_t> whole = {2, 3, 4, 5};
  const std::vector<int64_t> channels = {5};
  const std::vector<int64_t> column = {2, 1, 1, 1};
  EXPECT_EQ(plan_broadcast(whole, {whole, whole}).rank, 1);
  EXPECT_EQ(plan_broadcast(whole, {whole, channels}).rank, 2);
  EXPECT_EQ(plan_broadcast(whole, {whole, column}).extent[1], 60);
  EXPECT_EQ(plan_broadcast({}, {{}, {}}).count, 1);
}

// --- Unary

template <class X, class Y>
void check_unary(const char* name) {
  const Family& family = *find_family(unary_families(), name);
  for (const int64_t n : {1, 7, 128, 1000}) {
    auto x = random_elements<X>(n);
    if constexpr (std::is_same_v<X, float>) {
      const float special[] = {0.0f,   -0.0f,  INFINITY, -INFINITY, NAN,    1e-42f,  -1e-42f,
                               1e-6f,  -1e-6f, 88.0f,    89.5f,     -90.0f, -104.0f, 1e30f,
                               -1e30f, -9.0f,  16.62f,   0.5f,      -0.35f, 2.5f};
      for (size_t i = 0; i < x.size() && i < std::size(special) * 2 && n > 100; i += 2) {
        x[i] = special[i / 2];
      }
    }
    MoteUnaryParams p{};
    p.count = n;
    p.alpha = 0.25f;
    p.scale_x = 0.01f;
    p.scale_y = 0.02f;
    p.zero_x = 3;
    p.multiplier = 1500000000;
    p.shift = -1;
    p.multiplier_negative = 1200000000;
    p.shift_negative = -2;
    p.min_y = std::numeric_limits<Y>::is_integer && sizeof(Y) <= 2
                  ? static_cast<int32_t>(std::numeric_limits<Y>::min())
                  : INT32_MIN;
    p.max_y = std::numeric_limits<Y>::is_integer && sizeof(Y) <= 2
                  ? static_cast<int32_t>(std::numeric_limits<Y>::max())
                  : INT32_MAX;
    expect_rows_agree<Y>(family, p, {x.data()}, n, 5e-7f);
  }
}

TEST(Rows, Unary) {
#define MOTE_UNARY(id, X, Y, value) check_unary<X, Y>(#id);
#include "kernels/unary/unary.inc"
#undef MOTE_UNARY
}

// --- Reductions

template <class X, class Y>
void check_reduce(const char* name) {
  const Family& family = *find_family(reduce_families(), name);
  for (int turn = 0; turn < 60; ++turn) {
    std::vector<int64_t> shape;
    bool reduces[8] = {};
    const int64_t rank = integer(1, 4);
    const int64_t long_axis = integer(0, 5);
    for (int64_t i = 0; i < rank; ++i) {
      reduces[shape.size()] = integer(0, 1) == 1;
      shape.push_back(i == long_axis ? integer(16, 200) : integer(1, 6));
    }
    MoteReduceParams p{};
    plan_reduce(shape, std::span<const bool>(reduces).first(shape.size()), p);
    p.zero_x = 5;
    p.zero_y = -3;
    p.multiplier = 1400000000;
    p.shift = -3;
    auto x = random_elements<X>(elements(shape));
    if constexpr (std::is_same_v<X, float>) {
      for (float& value : x) value = 1.0f + std::abs(value) / 100.0f;
    }
    if (std::strstr(name, "bool")) {
      for (X& value : x) value = value > X{3} ? X{1} : X{0};
    }
    expect_rows_agree<Y>(family, p, {x.data()}, p.outputs, 1e-4f);
  }
}

TEST(Rows, Reduce) {
#define MOTE_REDUCE(id, X, A, Y, first, next, last) check_reduce<X, Y>(#id);
#define MOTE_REDUCE_ORDERED(id, X, A, Y, next, last) check_reduce<X, Y>(#id);
#include "kernels/reduce/reduce.inc"
#undef MOTE_REDUCE_ORDERED
#undef MOTE_REDUCE
}

// Sums of bytes against a plain sum: the reference row is compiled by the same compiler.
TEST(Rows, SumOfBytes) {
  const Family& family = *find_family(reduce_families(), "sum_qu8");
  for (int64_t n = 1; n < 200; ++n) {
    const std::vector<int64_t> shape = {n};
    const bool reduces[] = {true};
    MoteReduceParams p{};
    plan_reduce(shape, reduces, p);
    prepare_sum({1.0f, 100}, {200.0f, 0}, p);
    const auto x = random_elements<uint8_t>(n);
    int64_t sum = 0;
    for (const uint8_t value : x) sum += value - 100;
    const double want = std::clamp(static_cast<double>(sum) / 200.0, 0.0, 255.0);
    uint8_t y = 0;
    const void* in[] = {x.data()};
    void* out[] = {&y};
    family.each_usable(&p, [&](const Kernel& row) {
      row.run({&p, in, out, nullptr}, 0, 1);
      EXPECT_NEAR(y, want, 1) << row.name << " of " << n;
    });
  }
}

// --- Rows along the last axis

template <class X, class Y>
void check_rows(const char* name) {
  const Family& family = *find_family(softmax_families(), name);
  for (int turn = 0; turn < 60; ++turn) {
    MoteRowParams p{};
    p.outer = integer(1, 5);
    p.depth = integer(0, 3) == 0 ? integer(100, 600) : integer(1, 20);
    const float scales[] = {0.03f, 0.1f, 0.0005f, 1.5f};
    const float scale = scales[integer(0, 3)];
    if (std::strstr(name, "log_")) {
      prepare_log_softmax_8(scale, p);
    } else {
      prepare_softmax_8(scale, 1.0f, p);
    }
    p.beta = 0.75f;
    p.bias = 1.0f;
    p.alpha = 0.1f;
    p.radius = 3;
    auto x = random_elements<X>(p.outer * p.depth);
    if (turn % 4 == 0) std::fill(x.begin(), x.end(), x[0]);  // equal shares
    // Sums of `depth` terms in another order.
    const float tolerance = 2e-6f + 0x1p-24f * static_cast<float>(p.depth);
    expect_rows_agree<Y>(family, p, {x.data()}, p.outer * p.depth, tolerance);
  }
}

TEST(Rows, Softmax) {
#define MOTE_ROW(id, X, Y, row) check_rows<X, Y>(#id);
#include "kernels/softmax/softmax.inc"
#undef MOTE_ROW
}

// --- Quantize and dequantize

template <class T>
void check_quantize(const std::string& type) {
  const float scales[] = {0.25f, 0.1f, 3.0f};
  const int32_t zero_points[] = {1, -3, 0};
  for (const int64_t channels : {1, 3}) {
    MoteQuantizeParams p{600, channels == 1 ? 600 : 5, channels};
    auto x = random_elements<float>(600);
    const float special[] = {0.125f, -0.125f, 0.375f, INFINITY,   -INFINITY,
                             NAN,    1e20f,   -1e20f, 8388609.0f, 0.12499999f};
    for (size_t i = 0; i < std::size(special); ++i) x[i] = special[i];
    expect_rows_agree<T>(*find_family(quantize_families(), "quantize_f32_" + type), p,
                         {x.data(), scales, zero_points}, 600);
    const auto q = random_elements<T>(600);
    expect_rows_agree<float>(*find_family(quantize_families(), "dequantize_" + type + "_f32"), p,
                             {q.data(), scales, zero_points}, 600);
  }
}

TEST(Rows, Quantize) {
#define MOTE_QUANTIZED_TYPE(id, T, low, high) check_quantize<T>(#id);
#include "kernels/quantize/types.inc"
#undef MOTE_QUANTIZED_TYPE
}

}  // namespace
}  // namespace mote::kernels
