// The fast rows of float functions against the exact values, over floats of every size; quantized
// rows against the reference.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/common/row_runner.h"
#include "kernels/unary/families.h"

namespace mote::kernels {
namespace {

double gelu(double x) { return 0.5 * x * std::erfc(-x / std::sqrt(2.0)); }
double gelu_tanh(double x) {
  return x / (1.0 + std::exp(-2.0 * 0.7978845608 * (x + 0.044715 * x * x * x)));
}
double logistic(double x) { return x < -9.0 ? std::exp(x) : 1.0 / (1.0 + std::exp(-x)); }

struct Function {
  const char* name;
  double (*exact)(double);
  double ulps;         // allowed, as vec_math.h says
  double least = 0.0;  // errors are those of numbers at least this large
};

// Without fused multiplication the argument of gelu's exp is off by up to x^2 2^-25.
const Function kFunctions[] = {
    {"exp_f32", [](double x) { return std::exp(x); }, 2},
    {"tanh_f32", [](double x) { return std::tanh(x); }, 3},
    {"logistic_f32", logistic, 3},
    {"elu_f32", [](double x) { return x < 0 ? std::expm1(x) : x; }, 2},
    {"gelu_f32", gelu, 8},
    {"gelu_tanh_f32", gelu_tanh, 10, 0.05},
    {"sqrt_f32", [](double x) { return std::sqrt(x); }, 0.5},
    {"rsqrt_f32", [](double x) { return 1.0 / std::sqrt(x); }, 1.5},
};

// Each sign, exponent and a spread of fractions; the exponents where functions bend more closely.
std::vector<float> floats_of_every_size() {
  std::vector<float> all;
  for (uint32_t exponent = 0; exponent < 256; ++exponent) {
    const bool bends = exponent > 115 && exponent < 135;
    const uint32_t step = bends ? 601 : 40009;
    for (uint32_t fraction = 0; fraction < 1u << 23; fraction += step) {
      for (const uint32_t sign : {0u, 1u << 31}) {
        all.push_back(std::bit_cast<float>(sign | exponent << 23 | fraction));
      }
    }
  }
  return all;
}

// |got - want| in units of the last place of want, a denormal's being 2^-149.
double ulps_between(float got, double want, double least) {
  const auto rounded = static_cast<float>(want);
  if (std::isnan(rounded) || std::isinf(rounded)) {
    const bool same = std::isnan(rounded) ? std::isnan(got) : got == rounded;
    return same || (std::isinf(rounded) && got == std::copysign(3.402823466e38f, rounded)) ? 0
                                                                                           : 1e9;
  }
  const double size = std::max({std::abs(want), least, 0x1p-126});
  const double ulp = std::exp2(std::floor(std::log2(size)) - 23);
  return std::abs(static_cast<double>(got) - want) / ulp;
}

TEST(UnaryRows, FloatFunctionsAreWithinTheirBounds) {
  const std::vector<float> x = floats_of_every_size();
  MoteUnaryParams p{};
  p.count = static_cast<int64_t>(x.size());
  for (const Function& f : kFunctions) {
    const Family& family = *find_family(unary_families(), f.name);
    const Kernel* first = nullptr;
    family.each_usable(&p, [&](const Kernel& usable) { first = first ? first : &usable; });
    const Kernel& row = *first;
    if (std::strstr(row.name, "__generic")) continue;  // bounded by rows_test.cpp
    std::vector<float> y(x.size());
    bool intact = true;
    const void* in[] = {x.data()};
    void* out[] = {y.data()};
    row.run({&p, in, out, nullptr}, 0, p.count);
    double worst = 0;
    size_t at = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double ulps = ulps_between(y[i], f.exact(static_cast<double>(x[i])), f.least);
      if (!(ulps <= worst)) worst = ulps, at = i;
    }
    EXPECT_LE(worst, f.ulps) << row.name << " of " << x[at] << " is " << y[at];
    EXPECT_TRUE(intact);
  }
}

template <class X, class Y>
void check_rescale(const char* name) {
  Random random(3);
  const Family& family = *find_family(unary_families(), name);
  for (int turn = 0; turn < 100; ++turn) {
    MoteUnaryParams p{};
    p.count = random.between(1, 300);
    const double positive = std::exp(static_cast<double>(random.real(-9, 0)));
    const double negative = std::exp(static_cast<double>(random.real(-9, 0)));
    const Affine x{1.0f, static_cast<int32_t>(random.between(-200, 200))};
    const Affine y{1.0f, static_cast<int32_t>(random.between(-200, 200))};
    prepare_rescale(x, y, positive, random.coin() ? negative : -negative, p);
    if (random.between(0, 2) == 0) p.below = kMoteBelowMagnitude;
    p.min_y = std::numeric_limits<Y>::min();
    p.max_y = std::numeric_limits<Y>::max();
    const auto in =
        random.ints<X>(p.count, std::numeric_limits<X>::min(), std::numeric_limits<X>::max());
    std::vector<Y> want(in.size()), got(in.size());
    bool intact = true;
    run_row(family.reference(), &p, {in.data()}, {want.data()}, &intact);
    family.each_usable(&p, [&](const Kernel& row) {
      run_row(row, &p, {in.data()}, {got.data()}, &intact);
      EXPECT_EQ(got, want) << row.name;
    });
  }
}

TEST(UnaryRows, RescaleIsExact) {
  check_rescale<int8_t, int8_t>("rescale_i8_i8");
  check_rescale<int8_t, uint8_t>("rescale_i8_u8");
  check_rescale<int8_t, int16_t>("rescale_i8_i16");
  check_rescale<uint8_t, int8_t>("rescale_u8_i8");
  check_rescale<uint8_t, uint8_t>("rescale_u8_u8");
  check_rescale<int16_t, int8_t>("rescale_i16_i8");
  check_rescale<int16_t, int16_t>("rescale_i16_i16");
}

}  // namespace
}  // namespace mote::kernels
