#include "mac_params.h"

#include "kernels/quantize/ref.h"

namespace mote::kernels::shapes {
namespace {

struct Axis {
  int32_t in, filter, stride, dilation, out, pad;
};

Axis random_axis(Random& r, WindowKind kind) {
  Axis a = {};
  a.in = r.between32(1, r.one_in(8) ? 40 : 12);
  a.filter = r.one_in(3) ? r.between32(1, 7) : r.pick({1, 1, 3, 3, 5});
  a.stride = r.one_in(24) ? r.between32(4, 9) : r.pick({1, 1, 1, 2, 2, 3});
  a.dilation = kind.dilated && r.one_in(5) ? r.between32(2, 4) : 1;
  const int32_t span = (a.filter - 1) * a.dilation + 1;
  const int64_t manner = r.between(0, 3);
  if (manner == 0 && a.in >= span) {  // VALID
    a.out = (a.in - span) / a.stride + 1;
  } else if (manner <= 2 || kind.only_inside) {  // SAME
    a.out = (a.in + a.stride - 1) / a.stride;
    a.pad = std::max(0, (a.out - 1) * a.stride + span - a.in) / 2;
  } else {  // a pad operator was fused: any amount on either side
    a.pad = r.between32(0, span);
    const int32_t after = r.between32(0, span);
    const int32_t room = a.in + a.pad + after - span;
    a.out = room < 0 ? 1 : room / a.stride + 1;
  }
  return a;
}

}  // namespace

MoteWindow random_window(Random& r, WindowKind kind) {
  const Axis h = random_axis(r, kind), w = random_axis(r, kind);
  MoteWindow g = {};
  g.batches = r.one_in(4) ? r.between32(2, 3) : 1;
  g.in_h = h.in, g.in_w = w.in, g.out_h = h.out, g.out_w = w.out;
  g.filter_h = h.filter, g.filter_w = w.filter;
  g.stride_h = h.stride, g.stride_w = w.stride;
  g.dilation_h = h.dilation, g.dilation_w = w.dilation;
  g.pad_top = h.pad, g.pad_left = w.pad;
  if (r.one_in(3)) {  // square, as most are
    g.filter_w = g.filter_h, g.stride_w = g.stride_h, g.dilation_w = g.dilation_h;
    g.in_w = g.in_h, g.out_w = g.out_h, g.pad_left = g.pad_top;
  }
  if (r.one_in(64)) g.batches = 0;
  return g;
}

std::string text_of(const MoteWindow& g) {
  const auto n = [](int32_t v) { return std::to_string(v); };
  return "x " + n(g.batches) + "x" + n(g.in_h) + "x" + n(g.in_w) + "x" + n(g.in_c) + ", y " +
         n(g.out_h) + "x" + n(g.out_w) + "x" + n(g.out_c) + ", filter " + n(g.filter_h) + "x" +
         n(g.filter_w) + ", stride " + n(g.stride_h) + "x" + n(g.stride_w) + ", dilation " +
         n(g.dilation_h) + "x" + n(g.dilation_w) + ", pad " + n(g.pad_top) + "," + n(g.pad_left);
}

IntArithmetic random_arithmetic(Random& r) {
  IntArithmetic a = {};
  a.kind = r.pick({0, 0, 0, 0, 0, 1, 2, 3, 3, 4});
  MoteIntMac& m = a.mac;
  m.x_type = m.y_type = a.kind <= 1 ? kMoteI8 : a.kind == 2 ? kMoteU8 : kMoteI16;
  m.w_type = a.kind == 1 ? kMoteI4 : a.kind == 2 ? kMoteU8 : kMoteI8;
  const bool exact = r.one_in(5);
  m.rounding =
      a.kind == 3 ? (exact ? kMoteExact64 : kMoteWide) : (exact ? kMoteExact32 : kMoteTwice);
  const int32_t low = a.kind <= 1 ? -128 : a.kind == 2 ? 0 : -32768;
  const int32_t high = a.kind <= 1 ? 127 : a.kind == 2 ? 255 : 32767;
  if (a.kind <= 2) {
    m.x_zero = r.one_in(4) ? r.pick({low, high}) : r.between32(low, high);
    m.y_zero = r.one_in(4) ? r.pick({low, high}) : r.between32(low, high);
  }
  if (a.kind == 2) m.w_zero = r.one_in(4) ? r.pick({low, high}) : r.between32(low, high);
  m.act_min = low;
  m.act_max = high;
  if (r.one_in(3)) m.act_min = m.y_zero;
  if (r.one_in(3)) m.act_max = r.between32(m.act_min, high);
  return a;
}

std::string text_of(const MoteIntMac& m) {
  const auto n = [](int32_t v) { return std::to_string(v); };
  return "types " + n(m.x_type) + " " + n(m.w_type) + " " + n(m.y_type) + ", zeros " + n(m.x_zero) +
         " " + n(m.w_zero) + " " + n(m.y_zero) + ", clamp " + n(m.act_min) + " " + n(m.act_max) +
         ", rounding " + n(m.rounding);
}

size_t bytes_of_type(int32_t type) { return type == kMoteI16 ? 2 : type == kMoteI32 ? 4 : 1; }

Bytes random_elements(Random& r, int32_t type, int64_t n) {
  switch (type) {
    case kMoteI8:
      return random_ints<int8_t>(r, n, -128, 127);
    case kMoteU8:
      return random_ints<uint8_t>(r, n, 0, 255);
    case kMoteI4:
      return random_ints<uint8_t>(r, (n + 1) / 2, 0, 255);
    default:
      return random_ints<int16_t>(r, n, -32768, 32767);
  }
}

namespace {

// Weights as quantizers make them (-128 is rare), of up to 8 bits, or anything.
Bytes random_weights(Random& r, int32_t type, int64_t n) {
  if (type != kMoteI8) return random_elements(r, type, n);
  const int64_t limit = r.pick({127, 127, 127, 128, 64, 63, 32, 16, 8});
  return random_ints<int8_t>(r, n, -limit, std::min<int64_t>(limit, 127));
}

// The root of the mean square of elements less their zero point.
double typical_size(const Bytes& bytes, int32_t type, int32_t zero) {
  const auto n = static_cast<int64_t>(bytes.size() / bytes_of_type(type));
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double v = mote_load(bytes.data(), i, type) - zero;
    sum += v * v;
  }
  return std::sqrt(sum / static_cast<double>(std::max<int64_t>(n, 1))) + 1e-3;
}

// Most outputs fall within the type's range.
void add_scales(Random& r, Case& c, const MoteIntMac& mac, int64_t channels, int64_t depth) {
  const double size = typical_size(c.in[0].bytes, mac.x_type, mac.x_zero) *
                      typical_size(c.in[1].bytes, mac.w_type, mac.w_zero) *
                      std::sqrt(static_cast<double>(std::max<int64_t>(depth, 1)));
  const double typical = (mac.y_type == kMoteI16 ? 10'000.0 : 50.0) / size;
  const bool wide = mac.rounding == kMoteWide || mac.rounding == kMoteExact64;
  const int64_t manner = r.between(0, 7);
  std::vector<int32_t> multiplier, shift;
  std::vector<double> scale;
  for (int64_t i = 0; i < channels; ++i) {
    double real = typical * std::exp2(r.real(-3, 2));
    // The ends of the range: nothing is left, everything saturates, the shift goes to the left.
    if (manner == 0 && r.one_in(4)) real = std::exp2(r.real(-31, wide ? 6 : 30));
    // Powers of two: sums lie halfway between two outputs, where roundings differ.
    if (manner <= 2 && manner > 0) real = std::exp2(std::floor(std::log2(real)));
    // Shifts end at 7 where sums have 64 bits, at 31 elsewhere.
    real = std::min(real, wide ? 64.0 : 0x1p30);
    int32_t q = 0;
    int s = 0;
    mote_split_multiplier(real, &q, &s);
    if (manner == 3 && r.one_in(4)) q = r.pick({0, 1 << 30, INT32_MAX, INT32_MAX - 1});
    multiplier.push_back(q), shift.push_back(s), scale.push_back(real);
  }
  if (mac.rounding == kMoteTwice || mac.rounding == kMoteWide) {
    c.add(bytes_of(multiplier), 4);
    c.add(bytes_of(shift), 4);
  } else {
    c.add(bytes_of(scale), 8);
    c.add_absent();
  }
}

}  // namespace

void add_int_tensors(Random& r, Case& c, const MoteIntMac& mac, int64_t x_count, int64_t w_count,
                     int64_t channels, int64_t depth) {
  c.add(random_elements(r, mac.x_type, x_count), bytes_of_type(mac.x_type));
  c.add(random_weights(r, mac.w_type, w_count), bytes_of_type(mac.w_type));
  const bool wide = mac.rounding == kMoteWide || mac.rounding == kMoteExact64;
  const bool extreme = r.one_in(6);  // sums that wrap
  if (r.one_in(6)) {
    c.add_absent();
  } else if (wide) {
    const int64_t limit = extreme ? int64_t{1} << 40 : 100000;
    c.add(random_ints<int64_t>(r, channels, -limit, limit), 8);
  } else {
    const int64_t limit = extreme ? INT32_MAX : 100000;
    c.add(random_ints<int32_t>(r, channels, extreme ? INT32_MIN : -limit, limit), 4);
  }
  add_scales(r, c, mac, channels, depth);
}

void add_hybrid_tensors(Random& r, Case& c, int32_t w_type, int64_t x_count, int64_t w_count,
                        int64_t channels, int64_t rows) {
  c.add(random_elements(r, kMoteI8, x_count), 1);
  c.add(random_weights(r, w_type, w_count), 1);
  if (r.one_in(4)) {
    c.add_absent();
  } else {
    c.add(random_floats(r, channels, random_manner(r)), 4);
  }
  c.add(random_reals(r, channels, 1e-4, 0.1), 4);
  c.add(random_reals(r, rows, 1e-4, 0.1), 4);
  c.add(random_ints<int32_t>(r, rows, -128, 127), 4);
}

// Finite halves: those next to random floats, or any bits.
Bytes random_halves(Random& r, int64_t n) {
  const bool any = r.one_in(4);
  const Floats manner = random_manner(r, false);
  std::vector<uint16_t> values(static_cast<size_t>(n));
  for (uint16_t& v : values) {
    v = any ? static_cast<uint16_t>(r.bits()) : mote_f32_to_half(random_float(r, manner));
    if ((v & 0x7c00) == 0x7c00) v &= 0xbfff;
  }
  return bytes_of(values);
}

void add_float_tensors(Random& r, Case& c, int64_t x_count, int64_t w_count, int64_t channels,
                       bool half_weights) {
  c.add(random_floats(r, x_count, random_manner(r)), 4);
  // Weights are finite: what lies outside the image may be multiplied by them as zero.
  if (half_weights) {
    c.add(random_halves(r, w_count), 2);
  } else {
    c.add(random_floats(r, w_count, random_manner(r, false)), 4);
  }
  if (r.one_in(4)) {
    c.add_absent();
  } else {
    c.add(random_floats(r, channels, random_manner(r)), 4);
  }
}

}  // namespace mote::kernels::shapes
