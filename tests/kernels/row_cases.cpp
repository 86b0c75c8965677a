// softmax and its like, reductions, arg, quantize_rows: rows of a tensor.
#include <numeric>
#include <string_view>

#include "case.h"
#include "kernels/arg/families.h"
#include "kernels/lut/tables.h"
#include "kernels/quantize_rows/families.h"
#include "kernels/quantize_rows/quantize_rows.h"
#include "kernels/reduce/families.h"
#include "kernels/softmax/families.h"

namespace mote::kernels::shapes {
namespace {

template <class T>
Bytes random_of(Random& r, int64_t n) {
  if constexpr (std::is_same_v<T, float>) {
    return random_floats(r, n, random_manner(r));
  } else {
    const int64_t largest = sizeof(T) == 8 ? std::numeric_limits<int64_t>::max()
                                           : static_cast<int64_t>(std::numeric_limits<T>::max());
    return random_ints<T>(r, n, static_cast<int64_t>(std::numeric_limits<T>::min()), largest);
  }
}

MoteRowParams random_rows(Random& r) {
  MoteRowParams p = {};
  p.outer = r.one_in(50) ? 0 : r.between(1, 8);
  p.depth = r.one_in(5) ? r.between(100, 1100) : r.extent(130);
  p.beta = r.pick({1.0f, 1.0f, 0.75f, 0.5f});
  p.bias = 1.0f, p.alpha = 0.1f, p.radius = r.between32(1, 5);
  return p;
}

// The relative error of a sum of `n` positive numbers and what is done with it, in both rows.
void bound_rows(Case& c, const MoteRowParams& p, std::string_view name) {
  if (name.starts_with("log_softmax")) {
    // x - max - log(sum): the sum's relative error is absolute in its logarithm.
    const std::vector<float> x = elements_of<float>(c.in[0].bytes);
    const double sum = 2 * gamma(p.depth + 8);
    for (size_t i = 0; i < x.size(); ++i) {
      const auto row = static_cast<int64_t>(i) / p.depth * p.depth;
      float max = -kInfinity;
      for (int64_t k = row; k < row + p.depth; ++k) max = std::max(max, x[static_cast<size_t>(k)]);
      const double size = std::fabs(static_cast<double>(x[i]) - static_cast<double>(max));
      c.out[0].bound.push_back(sum +
                               2 * gamma(3) * (size + std::log(static_cast<double>(p.depth)) + 1));
    }
    return;
  }
  const int64_t terms = name.starts_with("local") ? 2 * p.radius : p.depth;
  bound_by_ulps(c, (2 * gamma(terms + 8) + 8 * 0x1p-24) / 0x1p-23);
}

template <class X, class Y>
void rows(Random& r, Case& c) {
  MoteRowParams p = random_rows(r);
  const std::string_view name = c.family->name;
  const float scale = static_cast<float>(std::exp2(r.real(-8, 0)));
  if (name.starts_with("log_")) {
    prepare_log_softmax_8(scale, p);
  } else {
    prepare_softmax_8(scale, p.beta, p);
  }
  p.zero_x = sizeof(X) == 1 ? r.between32(static_cast<int64_t>(std::numeric_limits<X>::min()),
                                          static_cast<int64_t>(std::numeric_limits<X>::max()))
                            : 0;
  // Squares of denormals underflow: l2_normalization is then only as good as its least norm.
  const Floats manner =
      name.starts_with("l2") || name.starts_with("local") ? Floats::plain : random_manner(r);
  c.add(std::is_same_v<X, float> ? random_floats(r, p.outer * p.depth, manner)
                                 : random_of<X>(r, p.outer * p.depth),
        sizeof(X));
  c.add_output(p.outer * p.depth, sizeof(Y), std::is_same_v<Y, float>);
  if (std::is_same_v<Y, float>) bound_rows(c, p, name);
  if (sizeof(X) == sizeof(Y) && !name.starts_with("local")) c.may_reuse = 0;
  c.set_params(p);
  c.text = std::to_string(p.outer) + "x" + std::to_string(p.depth);
}

void softmax_qi16(Random& r, Case& c) {
  MoteRowParams p = random_rows(r);
  prepare_softmax_16(static_cast<float>(std::exp2(r.real(-14, -8))), p.beta, p);
  c.add(random_of<int16_t>(r, p.outer * p.depth), 2);
  c.add(bytes_of(softmax_exp_table()), 2);
  c.add(bytes_of(softmax_reciprocal_table()), 2);
  c.add_output(p.outer * p.depth, 2);
  c.set_params(p);
  c.text = std::to_string(p.outer) + "x" + std::to_string(p.depth);
}

// With u = 2^-24, in each of the two rows: the mean is off by m <= gamma(n + 1) mean |x|, so that a
// difference d is by m + u |d|, the mean v of d^2 by 2 mean |d| (m + u |d|) + gamma(n + 3) v, and
// 1 / sqrt(v + e) by half of that relative to v + e, and some roundings.
void bound_layer_normalization(Case& c, const MoteRowParams& p) {
  const auto x = elements_of<float>(c.in[0].bytes), gamma_of = elements_of<float>(c.in[1].bytes),
             beta = elements_of<float>(c.in[2].bytes);
  const auto n = static_cast<size_t>(p.depth);
  const auto depth = static_cast<double>(p.depth);
  for (size_t row = 0; n > 0 && row < x.size(); row += n) {
    double sum = 0, sizes = 0, squares = 0, apart = 0;
    for (size_t i = row; i < row + n; ++i) {
      sum += static_cast<double>(x[i]), sizes += std::fabs(static_cast<double>(x[i]));
    }
    const double mean = sum / depth, off = gamma(p.depth + 1) * sizes / depth;
    for (size_t i = row; i < row + n; ++i) {
      const double d = std::fabs(static_cast<double>(x[i]) - mean);
      squares += d * d, apart += d * (off + 0x1p-24 * d);
    }
    const double variance = squares / depth + off * off;
    const double error = 2 * apart / depth + gamma(p.depth + 3) * variance + off * off;
    const double total = variance + static_cast<double>(p.bias);
    const double least = std::max(total - error, static_cast<double>(p.bias) / 2);
    const double scale = 1 / std::sqrt(least), relative = error / least / 2 + gamma(6);
    for (size_t i = 0; i < n; ++i) {
      const double d = std::fabs(static_cast<double>(x[row + i]) - mean);
      const double g = gamma_of.empty() ? 1 : std::fabs(static_cast<double>(gamma_of[i]));
      const double b = beta.empty() ? 0 : std::fabs(static_cast<double>(beta[i]));
      const double normal = g * scale * (off + (d + off) * (relative + gamma(3)));
      c.out[0].bound.push_back(2 * (normal + gamma(2) * (g * scale * d + b)) + 0x1p-140);
    }
  }
}

void layer_normalization(Random& r, Case& c) {
  MoteRowParams p = random_rows(r);
  p.bias = r.pick({1e-3f, 1e-5f, 1e-6f, 0.1f});
  c.add(random_floats(r, p.outer * p.depth, Floats::plain), 4);
  for (int i = 0; i < 2; ++i) {
    r.one_in(4) ? c.add_absent() : c.add(random_floats(r, p.depth, Floats::plain), 4);
  }
  c.add_output(p.outer * p.depth, 4, true);
  c.may_reuse = 0;
  bound_layer_normalization(c, p);
  c.set_params(p);
  c.text = std::to_string(p.outer) + "x" + std::to_string(p.depth);
}

template <class X, class Y>
void reduce(Random& r, Case& c) {
  std::vector<int64_t> shape;
  bool reduces[8] = {};
  const int64_t rank = r.between(1, 5), long_axis = r.between(0, 5);
  std::string text;
  int64_t count = 1;
  for (int64_t i = 0; i < rank; ++i) {
    int64_t extent = i == long_axis ? r.extent(400) : r.between(1, 6);
    if (r.one_in(60)) extent = 0;
    reduces[shape.size()] = r.coin();
    text += std::to_string(extent) + (reduces[shape.size()] ? "* " : " ");
    shape.push_back(extent);
    count *= extent;
  }
  MoteReduceParams p = {};
  plan_reduce(shape, std::span<const bool>(reduces).first(shape.size()), p);
  const std::string_view name = c.family->name;
  const Affine x = {static_cast<float>(std::exp2(r.real(-6, 0))), r.between32(-128, 127)};
  const Affine y = {static_cast<float>(std::exp2(r.real(-6, 0))), r.between32(-128, 127)};
  if (name.find("prod_q") != std::string_view::npos) {
    if (p.reduced > 0) prepare_prod(x, y, p);
  } else {
    r.coin() ? prepare_mean(x, y, p) : prepare_sum(x, y, p);
  }
  Bytes in = random_of<X>(r, count);
  if constexpr (std::is_same_v<X, float>) {
    if (name.find("prod") != std::string_view::npos) in = random_reals(r, count, 0.7, 1.4);
  }
  c.add(std::move(in), sizeof(X));
  c.add_output(p.outputs, sizeof(Y), std::is_same_v<Y, float>);
  if (name == "sum_f32" || name == "mean_f32") bound_by_sizes(c, p, {0}, p.reduced + 1);
  if (name == "reduce_prod_f32") bound_by_ulps(c, 2 * gamma(p.reduced) / 0x1p-23);
  c.set_params(p);
  c.text = text;
}

MoteArgParams random_lines(Random& r) {
  MoteArgParams p = {};
  p.outer = r.between(1, 4), p.inner = r.between(1, 5);
  p.depth = r.extent(100);
  p.exclusive = r.coin(), p.reverse = r.coin();
  return p;
}

template <class X, class Index>
void arg(Random& r, Case& c) {
  const MoteArgParams p = random_lines(r);
  c.add(random_of<X>(r, p.outer * p.depth * p.inner), sizeof(X));
  c.add_output(p.outer * p.inner, sizeof(Index));
  c.set_params(p);
}

template <class X>
void cumsum(Random& r, Case& c) {
  const MoteArgParams p = random_lines(r);
  c.add(random_of<X>(r, p.outer * p.depth * p.inner), sizeof(X));
  c.add_output(p.outer * p.depth * p.inner, sizeof(X), std::is_same_v<X, float>);
  c.set_params(p);
}

template <class X>
void topk(Random& r, Case& c) {
  MoteArgParams p = random_lines(r);
  p.inner = 1, p.k = r.between(0, p.depth);
  c.add(random_of<X>(r, p.outer * p.depth), sizeof(X));
  c.add_output(p.outer * p.k, sizeof(X), std::is_same_v<X, float>);
  c.add_output(p.outer * p.k, 4);
  c.set_params(p);
}

template <class X>
void where(Random& r, Case& c) {
  MoteWhereParams p = {};
  p.rank = r.between32(1, 4);
  p.count = 1;
  for (int32_t i = 0; i < p.rank; ++i) {
    p.extent[i] = r.between32(1, 6);
    p.count *= p.extent[i];
  }
  c.add(random_of<X>(r, p.count), sizeof(X));
  for (const X x : elements_of<X>(c.in[0].bytes)) p.found += x != 0 ? 1 : 0;
  c.add_output(p.found * p.rank, 8);
  c.set_params(p);
}

// Rows whose scale is 1, and numbers halfway between two integers or next to that.
Bytes halfway_rows(Random& r, const MoteQuantizeRows& p) {
  std::vector<float> x(static_cast<size_t>(p.rows * p.size));
  for (float& v : x) {
    v = static_cast<float>(r.between(-126, 125)) + 0.5f;
    v = std::nextafter(v, r.pick({v, v, kInfinity, -kInfinity}));
  }
  for (int64_t row = 0; row < p.rows && p.size > 1; ++row) {
    x[static_cast<size_t>(row * p.size)] = 127;
    if (p.asymmetric) x[static_cast<size_t>(row * p.size) + 1] = -128;
  }
  return bytes_of(x);
}

// A NaN is the lowest number, an infinity makes the scale one: the reference says so.
void quantize_rows(Random& r, Case& c) {
  const MoteQuantizeRows p = {r.one_in(50) ? 0 : r.between(1, 6), r.extent(600), r.coin() ? 1 : 0,
                              0};
  c.add(random_floats(r, p.rows * p.size, random_manner(r, false)), 4);
  if (r.one_in(6)) std::fill(c.in[0].bytes.begin(), c.in[0].bytes.end(), uint8_t{0});
  if (r.one_in(3)) c.in[0].bytes = halfway_rows(r, p);
  c.add_output(p.rows * p.size, 1);
  c.add_output(p.rows, 4, true);
  c.add_output(p.rows, 4);
  c.set_params(p);
  c.text = std::to_string(p.rows) + "x" + std::to_string(p.size) + ", asymmetric " +
           std::to_string(p.asymmetric);
}

}  // namespace

void add_row_generators(std::vector<Generator>& all) {
#define MOTE_ROW(id, X, Y, row) \
  all.push_back({find_family(softmax_families(), #id), 80, rows<X, Y>});
#include "kernels/softmax/softmax.inc"
#undef MOTE_ROW
  all.push_back({find_family(softmax_families(), "softmax_qi16_qi16"), 60, softmax_qi16});
  all.push_back(
      {find_family(softmax_families(), "layer_normalization_f32"), 80, layer_normalization});
#define MOTE_REDUCE(id, X, A, Y, first, next, last) \
  all.push_back({find_family(reduce_families(), #id), 40, reduce<X, Y>});
#define MOTE_REDUCE_ORDERED(id, X, A, Y, next, last) \
  all.push_back({find_family(reduce_families(), #id), 20, reduce<X, Y>});
#include "kernels/reduce/reduce.inc"
#undef MOTE_REDUCE_ORDERED
#undef MOTE_REDUCE
  const auto add = [&](const char* name, auto draw) {
    all.push_back({find_family(arg_families(), name), 10, draw});
  };
#define MOTE_ARG(id, X, Index, better) add(#id, arg<X, Index>);
#define MOTE_CUMSUM(id, X, Sum) add(#id, cumsum<X>);
#define MOTE_TOPK(id, X) add(#id, topk<X>);
#define MOTE_WHERE(id, X) add(#id, where<X>);
#include "kernels/arg/arg.inc"
#undef MOTE_ARG
#undef MOTE_CUMSUM
#undef MOTE_TOPK
#undef MOTE_WHERE
  all.push_back({&kQuantizeRows, 300, quantize_rows});
}

}  // namespace mote::kernels::shapes
