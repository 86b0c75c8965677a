#include "ops/rfft2d.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "kernels/rfft/families.h"
#include "kernels/rfft/rfft.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

constexpr int64_t kMaxLength = 1 << 24;

void check_lengths(std::span<const int64_t> lengths) {
  if (lengths.size() != 2) fail_user("fft_length has {} elements, expected 2", lengths.size());
  for (const int64_t n : lengths) {
    if (n < 1 || (n & (n - 1)) != 0)
      fail_unsupported("a transform of length {}; powers of two are supported", n);
    if (n > kMaxLength) fail_unsupported("a transform of length {}; at most {}", n, kMaxLength);
  }
}

void infer(InferContext& c) {
  const Shape& x = c.in(0).shape;
  if (c.in(0).dtype != DType::f32)
    fail_unsupported("a transform of {}; float32 is supported", name_of(c.in(0).dtype));
  if (x.rank() < 2) fail_user("input {} must have at least 2 axes", x.str());
  const auto lengths = c.constant_ints(1);
  if (!lengths) {
    if (c.declared(0).shape.rank() != x.rank()) fail_user("fft_length is not constant");
    c.set_out(0, DType::c64, Shape(c.declared(0).shape));
    return;
  }
  check_lengths(*lengths);
  Shape y = x;
  y[x.rank() - 2] = (*lengths)[0];
  y[x.rank() - 1] = (*lengths)[1] / 2 + 1;
  c.set_out(0, DType::c64, y);
}

// cos and -sin of 2 pi k / n for the first half of the circle.
Ref twiddles(LowerContext& c, int64_t n) {
  std::vector<double> table;
  for (int64_t k = 0; k < std::max<int64_t>(n / 2, 1); ++k) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(n);
    table.push_back(std::cos(angle));
    table.push_back(-std::sin(angle));
  }
  return c.constant(table);
}

void lower(LowerContext& c) {
  const Shape& x = c.in(0).shape;
  const std::vector<int64_t> lengths = required_ints(c, 1, "fft_length");
  check_lengths(lengths);
  MoteRfft p = {};
  p.batch = x.elements(0, x.rank() - 2);
  p.in_h = x.back(1);
  p.in_w = x.back();
  p.fft_h = lengths[0];
  p.fft_w = lengths[1];
  c.step(kernels::kRfft, p, {c.in_ref(0), twiddles(c, std::max(p.fft_h, p.fft_w))}, {c.out_ref(0)});
}

// A butterfly is four multiply-accumulates; a real row takes half of a complex one's.
Cost cost(const NodeView& c) {
  const auto lengths = c.constant_ints(1);
  if (!lengths || !c.in(0).shape.is_static()) return {};
  const int64_t h = (*lengths)[0], w = (*lengths)[1];
  const auto log2 = [](int64_t n) { return static_cast<int64_t>(std::log2(n)); };
  const int64_t batch = c.in(0).shape.elements(0, c.in(0).shape.rank() - 2);
  return {batch * (h * w * log2(w) + (w / 2 + 1) * 2 * h * log2(h))};
}

}  // namespace

extern const OpDef kRfft2d = {
    .name = "rfft2d",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer,
    .lower = lower,
    .cost = cost,
    .quant = {.why_not = "complex numbers are not quantized"},
    .tflite = {.code = 131, .options = 105},
};

}  // namespace mote::ops
