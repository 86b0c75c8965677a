#include "ops/linear.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "kernels/quantize_rows/families.h"
#include "kernels/quantize_rows/quantize_rows.h"

namespace mote::ops {
namespace {

// Beyond this, positions along an axis could leave 32 bits.
constexpr int64_t kMaxReach = 1 << 29;

bool is_signed_weight(DType d) { return d == DType::i8 || d == DType::i4; }

void check_types(DType x, DType w, bool half) {
  const bool fits = (x == DType::f32 && (w == DType::f32 || is_signed_weight(w))) ||
                    (x == DType::f32 && w == DType::f16 && half) ||
                    ((x == DType::i8 || x == DType::i16) && is_signed_weight(w)) ||
                    (x == DType::u8 && w == DType::u8);
  if (!fits) {
    fail_unsupported(
        "{} input with {} weights; float32, int8 and int16 inputs take int8 or int4 weights, "
        "float32 ones float32, "
        "uint8 ones uint8",
        name_of(x), name_of(w));
  }
}

void check_bias(DType x, const TensorType& bias, int64_t channels) {
  const bool fits = x == DType::f32   ? bias.dtype == DType::f32
                    : x == DType::i16 ? bias.dtype == DType::i32 || bias.dtype == DType::i64
                                      : bias.dtype == DType::i32;
  if (!fits) {
    fail_user("{} bias with {} input, expected {}", name_of(bias.dtype), name_of(x),
              x == DType::f32   ? "float32"
              : x == DType::i16 ? "int64 or int32"
                                : "int32");
  }
  if (bias.shape.is_static() && channels != kDynamic && bias.shape.elements() != channels)
    fail_user("bias has {} elements, expected one for each of {} output channels",
              bias.shape.elements(), channels);
}

void check_scale(const TensorType& t, const char* what) {
  if (t.quant.empty()) fail_user("{} is {} but has no scale", what, name_of(t.dtype));
  for (const float scale : t.quant.scale) {
    if (!(scale > 0) || !std::isfinite(scale))
      fail_user("the scale of {} is {}, expected a positive number", what, scale);
  }
}

bool has_zero_point(const TensorType& t) {
  return std::any_of(t.quant.zero_point.begin(), t.quant.zero_point.end(),
                     [](int64_t z) { return z != 0; });
}

void check_activation_quant(const TensorType& t, const char* what) {
  check_scale(t, what);
  if (t.quant.per_axis())
    fail_unsupported("{} is quantized per channel; only weights may be", what);
  if (t.dtype == DType::i16 && has_zero_point(t))
    fail_user("{} is int16 with a zero point, expected 0", what);
  const int64_t low = t.dtype == DType::u8 ? 0 : t.dtype == DType::i8 ? -128 : -32768;
  const int64_t high = t.dtype == DType::u8 ? 255 : t.dtype == DType::i8 ? 127 : 32767;
  for (const int64_t zero : t.quant.zero_point) {
    if (zero < low || zero > high)
      fail_user("the zero point of {} is {}, outside {}", what, zero, name_of(t.dtype));
  }
}

void check_weight_quant(const TensorType& w, int axis, int64_t channels) {
  check_scale(w, "the weights");
  if (w.quant.per_axis()) {
    if (w.quant.axis != axis)
      fail_unsupported("weights quantized along axis {}, expected {}", w.quant.axis, axis);
    if (channels != kDynamic && static_cast<int64_t>(w.quant.scale.size()) != channels)
      fail_user("the weights have {} scales, expected one for each of {} output channels",
                w.quant.scale.size(), channels);
    if (w.dtype == DType::u8) fail_unsupported("uint8 weights quantized per channel");
  }
  if (w.dtype == DType::u8) {
    if (w.zero_point() < 0 || w.zero_point() > 255)
      fail_user("the zero point of the weights is {}, outside uint8", w.zero_point());
  } else if (has_zero_point(w)) {
    fail_unsupported("{} weights with a zero point; they must be symmetric", name_of(w.dtype));
  }
}

int32_t quantize_bound(float value, const TensorType& y) {
  const float q = std::round(value / y.scale());
  if (!(std::abs(q) < 2147483648.0f))
    fail_user("the scale of the output, {}, is too small", y.scale());
  return mote_add_wrap(y.zero_point(), static_cast<int32_t>(q));
}

}  // namespace

const TensorType& require_rank(const NodeView& c, int i, int rank, const char* what) {
  if (!c.has(i)) fail_user("input {} ({}) is missing", i, what);
  const TensorType& type = c.in(i);
  if (type.shape.rank() != rank)
    fail_user("{} has shape {}, expected {} dimensions", what, type.shape.str(), rank);
  return type;
}

void check_operands(const InferContext& c, const Operands& o, int64_t channels) {
  const DType x = c.in(o.x).dtype, y = c.declared(0).dtype;
  check_types(x, c.in(o.w).dtype, o.half);
  if (is_integer(x) && is_integer(y) && x != y)
    fail_unsupported("{} output from {} input; they must be the same", name_of(y), name_of(x));
  if (c.has(o.bias)) check_bias(x, c.in(o.bias), channels);
}

void check_quantization(const NodeView& c, const Operands& o, const TensorType& y,
                        int64_t channels) {
  const TensorType& x = c.in(o.x);
  if (is_integer(c.in(o.w).dtype)) check_weight_quant(c.in(o.w), o.w_axis, channels);
  if (x.dtype == DType::f32) return;
  check_activation_quant(x, "the input");
  check_activation_quant(y, "the output");
}

int64_t window_extent(Padding padding, int64_t in, int64_t filter, int64_t stride, int64_t dilation,
                      const char* axis) {
  if (filter <= 0) fail_user("filter {} is {}, expected at least 1", axis, filter);
  if (stride <= 0) fail_user("stride along {} is {}, expected at least 1", axis, stride);
  if (dilation <= 0) fail_user("dilation along {} is {}, expected at least 1", axis, dilation);
  const int64_t reach = (filter - 1) * dilation + 1;
  if (reach > kMaxReach || stride > kMaxReach)
    fail_user("{}: filter {} with dilation {} and stride {} is too large", axis, filter, dilation,
              stride);
  if (in == kDynamic) return kDynamic;
  if (in <= 0) fail_user("input {} is {}, expected at least 1", axis, in);
  if (padding == Padding::same) return (in + stride - 1) / stride;
  if (in < reach)
    fail_user("{}: filter {} with dilation {} is larger than the input, {}", axis, filter, dilation,
              in);
  return (in - reach) / stride + 1;
}

MoteWindow window_extents(const Shape& x, const Shape& w, const Shape& y) {
  MoteWindow g = {};
  g.batches = static_cast<int32_t>(x[0]);
  g.in_h = static_cast<int32_t>(x[1]), g.in_w = static_cast<int32_t>(x[2]),
  g.in_c = static_cast<int32_t>(x[3]);
  g.out_h = static_cast<int32_t>(y[1]), g.out_w = static_cast<int32_t>(y[2]),
  g.out_c = static_cast<int32_t>(y[3]);
  g.filter_h = static_cast<int32_t>(w[1]), g.filter_w = static_cast<int32_t>(w[2]);
  return g;
}

int32_t window_pad(Padding padding, int64_t in, int64_t filter, int64_t stride, int64_t dilation,
                   int64_t out) {
  if (padding == Padding::valid) return 0;
  const int64_t total = (out - 1) * stride + (filter - 1) * dilation + 1 - in;
  return static_cast<int32_t>(std::max<int64_t>(0, total) / 2);
}

FloatRange float_range(Activation activation) {
  constexpr float kMost = std::numeric_limits<float>::max();
  switch (activation) {
    case Activation::none:
      return {-kMost, kMost};
    case Activation::relu:
      return {0, kMost};
    case Activation::relu_n1_to_1:
      return {-1, 1};
    case Activation::relu6:
      return {0, 6};
    default:
      fail_unsupported("fused activation '{}'; none, relu, relu6 and relu_n1_to_1 can be fused",
                       names_of(activation)[static_cast<size_t>(activation)]);
  }
}

IntRange int_range(Activation activation, const TensorType& y) {
  const FloatRange real = float_range(activation);
  IntRange r = y.dtype == DType::u8   ? IntRange{0, 255}
               : y.dtype == DType::i8 ? IntRange{-128, 127}
                                      : IntRange{-32768, 32767};
  if (activation == Activation::none) return r;
  r.min = std::max(r.min, quantize_bound(real.min, y));
  if (activation != Activation::relu) r.max = std::min(r.max, quantize_bound(real.max, y));
  return r;
}

int32_t element_type(DType dtype) {
  switch (dtype) {
    case DType::i8:
      return kMoteI8;
    case DType::u8:
      return kMoteU8;
    case DType::i16:
      return kMoteI16;
    case DType::i4:
      return kMoteI4;
    case DType::i32:
      return kMoteI32;
    default:
      fail_internal("{} has no integer kernels", name_of(dtype));
  }
}

bool is_hybrid(const NodeView& c, const Operands& o) {
  return c.in(o.x).dtype == DType::f32 && is_integer(c.in(o.w).dtype);
}

std::vector<float> weight_scales(const TensorType& w, int64_t channels) {
  if (w.quant.per_axis()) return w.quant.scale;
  return std::vector<float>(static_cast<size_t>(channels), w.scale());
}

IntPlan plan_int(LowerContext& c, const Operands& o, Activation activation, int64_t channels,
                 bool exact, DType bias_type) {
  const TensorType &x = c.in(o.x), &w = c.in(o.w), &y = c.out(0);
  const IntRange range = int_range(activation, y);
  const DType bias = c.has(o.bias) ? c.in(o.bias).dtype : bias_type;
  const bool wide = x.dtype == DType::i16 && bias != DType::i32;
  IntPlan plan = {};
  plan.mac.x_type = element_type(x.dtype);
  plan.mac.w_type = element_type(w.dtype);
  plan.mac.y_type = element_type(y.dtype);
  plan.mac.x_zero = x.zero_point();
  plan.mac.w_zero = w.zero_point();
  plan.mac.y_zero = y.zero_point();
  plan.mac.act_min = range.min;
  plan.mac.act_max = range.max;
  plan.mac.rounding =
      exact ? (wide ? kMoteExact64 : kMoteExact32) : (wide ? kMoteWide : kMoteTwice);
  std::vector<double> scales;
  for (const float s : weight_scales(w, channels)) {
    // uint8's reference kernels multiply the first two scales as floats.
    const double product = x.dtype == DType::u8 && !exact
                               ? static_cast<double>(x.scale() * s)
                               : static_cast<double>(x.scale()) * static_cast<double>(s);
    scales.push_back(product / static_cast<double>(y.scale()));
  }
  if (exact) {
    plan.first = c.constant(scales);
    return plan;
  }
  std::vector<int32_t> multiplier, shift;
  for (const double scale : scales) {
    int32_t q = 0;
    int s = 0;
    mote_split_multiplier(scale, &q, &s);
    if (s > (wide ? 7 : 30))
      fail_user("the scales of input, weights and output multiply to {}, which is too large",
                scale);
    multiplier.push_back(q);
    shift.push_back(s);
  }
  plan.first = c.constant(multiplier);
  plan.second = c.constant(shift);
  return plan;
}

QuantizedRows quantize_rows(LowerContext& c, Ref x, int64_t rows, int64_t size, bool asymmetric) {
  MoteQuantizeRows p = {};
  p.rows = rows;
  p.size = size;
  p.asymmetric = asymmetric;
  QuantizedRows q = {};
  q.x = c.temp(DType::i8, Shape{rows, size});
  q.scale = c.temp(DType::f32, Shape{rows});
  q.zero = c.temp(DType::i32, Shape{rows});
  c.step(kernels::kQuantizeRows, p, {x}, {q.x, q.scale, q.zero});
  return q;
}

}  // namespace mote::ops
