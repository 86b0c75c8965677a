#include "kernels/lut/tables.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/common/fixed_math.h"
#include "kernels/unary/families.h"
#include "kernels/unary/ref.h"

namespace mote::kernels {
namespace {

struct Range {
  int32_t min, max;
};

// Truncates and saturates; NaN gives the smallest int32.
int32_t to_int32(double x) {
  if (x >= 2147483647.0) return INT32_MAX;
  return x > -2147483648.0 ? static_cast<int32_t>(x) : INT32_MIN;
}

int32_t clamp(int32_t x, Range range) { return mote_clamp_i32(x, range.min, range.max); }

// --- Functions of a real number, in float as the official tables are.

float real_function(TableOp op, float x, float out_of_domain) {
  switch (op) {
    case TableOp::elu:
      return x < 0.0f ? std::expm1(x) : x;
    case TableOp::exp:
      return std::exp(x);
    case TableOp::gelu:
      return mote_gelu_f32(x);
    case TableOp::gelu_tanh:
      return mote_gelu_tanh_f32(x);
    case TableOp::log:
      return x <= 0.0f ? out_of_domain : std::log(x);
    case TableOp::logistic:
      return 1.0f / (1.0f + std::exp(-x));
    case TableOp::rsqrt:
      return x <= 0.0f ? out_of_domain : 1.0f / std::sqrt(x);
    default:
      return std::tanh(x);
  }
}

int32_t real_entry(TableOp op, int32_t q, const Affine& x, const Affine& y, Range range) {
  const float inverse = 1.0f / y.scale;
  const float lowest = static_cast<float>(range.min - y.zero_point) * y.scale;
  const float real = x.scale * static_cast<float>(q - x.zero_point);
  const float rounded = std::round(real_function(op, real, lowest) * inverse);
  return clamp(to_int32(rounded + static_cast<float>(y.zero_point)), range);
}

// --- Functions in integers.

struct Bounds {
  float low, high;
};

Bounds bounds_of(TableOp op) {
  const float infinity = std::numeric_limits<float>::infinity();
  switch (op) {
    case TableOp::relu6:
      return {0.0f, 6.0f};
    case TableOp::relu_n1_to_1:
      return {-1.0f, 1.0f};
    case TableOp::relu_0_to_1:
      return {0.0f, 1.0f};
    default:
      return {0.0f, infinity};
  }
}

// Piecewise linear through 0: the relu family, leaky_relu, abs.
MoteUnaryParams linear_params(TableOp op, const Affine& x, const Affine& y, Range range,
                              float alpha) {
  MoteUnaryParams p{};
  const float ratio = x.scale / y.scale;
  const float slope = op == TableOp::leaky_relu ? x.scale * alpha / y.scale : ratio;
  prepare_rescale(x, y, ratio, slope, p);
  p.min_y = range.min;
  p.max_y = range.max;
  if (op == TableOp::abs) p.below = kMoteBelowMagnitude;
  if (op == TableOp::abs || op == TableOp::leaky_relu) return p;
  const Bounds bounds = bounds_of(op);
  p.min_y = std::max(range.min, y.zero_point + to_int32(std::round(bounds.low / y.scale)));
  if (std::isfinite(bounds.high)) {
    p.max_y = std::min(range.max, y.zero_point + to_int32(std::round(bounds.high / y.scale)));
  }
  return p;
}

int16_t saturate_16(int32_t x) { return static_cast<int16_t>(mote_clamp_i32(x, -32768, 32767)); }

// round(a * b / 2^15) and trunc(a * b / 2^15).
int16_t mul_high_16(int16_t a, int16_t b) {
  const int32_t product = a * b;
  const int32_t nudge = product >= 0 ? 1 << 14 : 1 - (1 << 14);
  return saturate_16((product + nudge) / (1 << 15));
}
int16_t mul_high_16_truncated(int16_t a, int16_t b) { return saturate_16(a * b / (1 << 15)); }

int16_t shift_left_16(int16_t x, int shift) {
  return static_cast<int16_t>(
      std::clamp<int64_t>(static_cast<int64_t>(x) * (int64_t{1} << shift), -32768, 32767));
}

int16_t to_16_bits(int32_t multiplier) {
  return multiplier >= INT32_MAX - (1 << 15) ? INT16_MAX
                                             : static_cast<int16_t>((multiplier + (1 << 15)) >> 16);
}

// x * relu6(x + 3) / 6 in 16-bit fixed point: the second factor, as a number in [0, 1], is found
// with saturation, and then multiplies x on the output's scale.
int32_t hard_swish_entry(int32_t q, const Affine& x, const Affine& y, Range range) {
  const float fine = (1.0f / 128.0f) * x.scale;
  const Multiplier to_output = split_multiplier(fine / y.scale);
  const Multiplier to_third = split_multiplier(fine / (3.0f / 32768.0f));
  const auto value = static_cast<int16_t>((q - x.zero_point) * 128);
  const int16_t on_output = mul_high_16(value, to_16_bits(to_output.multiplier));
  int16_t factor = value;
  if (to_third.shift > 0) factor = shift_left_16(factor, std::min(to_third.shift, 32) - 1);
  factor = mul_high_16(factor, to_16_bits(to_third.multiplier));
  if (to_third.shift > 0) factor = shift_left_16(factor, 1);
  if (to_third.shift < 0) {
    factor = static_cast<int16_t>(mote_shift_right(factor, std::min(-to_third.shift, 31)));
  }
  factor = static_cast<int16_t>((factor + (1 << 15)) >> 1);
  const int16_t product = mul_high_16_truncated(factor, on_output);
  const int right = std::clamp(-to_output.shift, 0, 31);
  const auto result = static_cast<int16_t>(mote_shift_right(product, right) + y.zero_point);
  return clamp(result, range);
}

int32_t rsqrt_entry(int32_t q, const Affine& x, const Affine& y, Range range) {
  constexpr int kShift = 20;  // keeps 1 / sqrt an integer between the two multiplications
  const int32_t value = q - x.zero_point;
  if (value <= 0) return range.max;
  const Multiplier scale = split_multiplier(1.0 / (std::sqrt(x.scale) * y.scale));
  int32_t multiplier = 0;
  int shift = 0;
  mote_inverse_sqrt(value, &multiplier, &shift);
  const int32_t inverse = mote_rescale(1, multiplier, shift + kShift);
  const int shift_y = std::clamp(scale.shift - kShift, -31, 31);
  return clamp(mote_rescale(inverse, scale.multiplier, shift_y) + y.zero_point, range);
}

int32_t sqrt_entry(int32_t q, const Affine& x, const Affine& y, Range range) {
  const float real = x.scale * static_cast<float>(q - x.zero_point);
  const float root = real > 0.0f ? std::sqrt(real) / y.scale : 0.0f;
  return clamp(to_int32(std::min(root, 65536.0f)) + y.zero_point, range);
}

int32_t entry(TableOp op, int32_t q, const Affine& x, const Affine& y, Range range,
              const MoteUnaryParams& linear) {
  switch (op) {
    case TableOp::abs:
    case TableOp::leaky_relu:
    case TableOp::relu:
    case TableOp::relu6:
    case TableOp::relu_n1_to_1:
    case TableOp::relu_0_to_1:
      return mote_rescale_element(&linear, q);
    case TableOp::hard_swish:
      return hard_swish_entry(q, x, y, range);
    case TableOp::rsqrt:
      return rsqrt_entry(q, x, y, range);
    case TableOp::sqrt:
      return sqrt_entry(q, x, y, range);
    default:
      return real_entry(op, q, x, y, range);
  }
}

// --- 16 bits

// The intervals' ends, each moved by half the error that a straight line has in the middle.
template <class Real, class Function>
std::vector<int16_t> interpolation_table(Real min_x, Real max_x, Real min_y, Real max_y,
                                         Function f) {
  constexpr int kSteps = 512;
  const Real step = (max_x - min_x) / kSteps;
  const Real half_step = step / 2;
  const Real to_output = static_cast<Real>(65536) / (max_y - min_y);
  auto stored = [](Real v) {
    const Real raised = v < Real(-32768) ? Real(-32768) : v;
    const Real held = Real(32767) < raised ? Real(32767) : raised;
    return static_cast<int16_t>(to_int32(held));
  };
  std::vector<int16_t> table;
  for (int i = 0; i < kSteps; ++i) {
    const Real here = f(min_x + static_cast<Real>(i) * step);
    const Real middle = f(min_x + static_cast<Real>(i) * step + half_step);
    const Real next = f(min_x + static_cast<Real>(i + 1) * step);
    const Real sample = std::round(here * to_output);
    const Real line = std::round((next * to_output + std::round(here * to_output)) / 2);
    const Real error = line - std::round(middle * to_output);
    table.push_back(stored(sample - std::round(error / 2)));
  }
  table.push_back(stored(std::round(f(max_x) * to_output)));
  return table;
}

}  // namespace

Table8 table_8(TableOp op, const Affine& x, const Affine& y, bool is_signed, float alpha) {
  const Range range = is_signed ? Range{-128, 127} : Range{0, 255};
  const MoteUnaryParams linear = linear_params(op, x, y, range, alpha);
  Table8 table{};
  for (int32_t q = range.min; q <= range.max; ++q) {
    table[static_cast<uint8_t>(q)] = static_cast<uint8_t>(entry(op, q, x, y, range, linear));
  }
  return table;
}

std::vector<int16_t> table_16(TableOp op, const Affine& x, const Affine& y) {
  auto real = [](const Affine& a, int32_t q) {
    return a.scale * static_cast<float>(q - a.zero_point);
  };
  const float min_y = real(y, INT16_MIN);
  const float out_of_domain = op == TableOp::rsqrt ? 32767.0f * y.scale : min_y;
  return interpolation_table<float>(real(x, INT16_MIN), real(x, INT16_MAX), min_y,
                                    real(y, INT16_MAX),
                                    [&](float v) { return real_function(op, v, out_of_domain); });
}

std::vector<int16_t> softmax_exp_table() {
  const double scale_x = 10.0 / 65535;
  const double scale_y = 2.0 / 65535;
  return interpolation_table<double>(scale_x * (INT16_MIN - INT16_MAX), 0.0, scale_y * INT16_MIN,
                                     scale_y * INT16_MAX, [](double v) { return std::exp(v); });
}

std::vector<int16_t> softmax_reciprocal_table() {
  const double scale_x = 1.0 / 65535;
  const double scale_y = 2.0 / 65535;
  return interpolation_table<double>(0.0, scale_x * (INT16_MAX - INT16_MIN), scale_y * INT16_MIN,
                                     scale_y * INT16_MAX, [](double v) { return 1.0 / (1.0 + v); });
}

std::vector<uint16_t> sigmoid_table() {
  auto sigmoid = [](double i) { return 65536.0 / (1.0 + std::exp(-i / 24.0)); };
  std::vector<uint16_t> table;
  for (int i = 0; i < 255; ++i) {
    const double line = (sigmoid(i) + sigmoid(i + 1)) / 2.0;
    const double error = sigmoid(i + 0.5) - line;
    table.push_back(static_cast<uint16_t>(std::lround(sigmoid(i) + error / 2.0)));
  }
  table.push_back(65535);
  return table;
}

}  // namespace mote::kernels
