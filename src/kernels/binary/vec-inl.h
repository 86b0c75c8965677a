// Binary operators by vectors, compiled for each processor that a file is compiled for.
#pragma once

#include "kernels/binary/ref.h"
#include "kernels/common/fast_rows.h"
#include "kernels/common/rescale_vec-inl.h"
#include "kernels/kernel.h"

namespace mote::kernels::MOTE_ISA {
namespace {

template <class T>
constexpr int64_t kGroup = v::kBytes / static_cast<int64_t>(sizeof(T));

// --- Operators: a group of elements at a time. `needs` says why they can't take the parameters.

template <class T>
struct LimitsOf;
template <>
struct LimitsOf<int8_t> {
  static constexpr int32_t low = INT8_MIN, high = INT8_MAX;
};
template <>
struct LimitsOf<uint8_t> {
  static constexpr int32_t low = 0, high = UINT8_MAX;
};
template <>
struct LimitsOf<int16_t> {
  static constexpr int32_t low = INT16_MIN, high = INT16_MAX;
};

// The largest |q + offset|.
template <class T>
int64_t most_of(int64_t offset) {
  const int64_t low = LimitsOf<T>::low + offset, high = LimitsOf<T>::high + offset;
  return -low > high ? -low : high;
}

// Rescale's limits for numbers up to `most`, which then is that of the results.
bool rescale_fits(int64_t* most, int32_t multiplier, int32_t shift) {
  if (multiplier < 0 || shift > 0 || shift < -31 || *most > INT32_MAX) return false;
  const int64_t high = (*most * multiplier + (int64_t{1} << 30)) >> 31;
  const int64_t up = shift < 0 ? int64_t{1} << (-shift - 1) : 0;
  *most = (high + up) >> -shift;
  return high + up <= INT32_MAX;
}

template <class T>
const char* output_fits(const MoteBinaryParams& p, int64_t most) {
  if (!rescale_fits(&most, p.multiplier_y, p.shift_y) || most > INT32_MAX / 2 ||
      p.offset_y > INT32_MAX / 2 || p.offset_y < -INT32_MAX / 2) {
    return "the sums are too large";
  }
  const bool clamped = p.min_int >= LimitsOf<T>::low && p.max_int <= LimitsOf<T>::high;
  return clamped ? nullptr : "the clamp is wider than the type";
}

// (q + offset) * 2^left * multiplier as mote_scaled_a has it.
struct ScaledHalf {  // the multiplier is 1/2
  v::I32 offset;
  int left;
  ScaledHalf(int32_t zero, int32_t left_shift, int32_t, int32_t)
      : offset(v::splat(zero)), left(left_shift - 1) {}
  v::I32 operator()(v::I32 q) const { return (q + offset) << left; }
};
struct ScaledWide {
  v::I32 offset;
  int left;
  Rescale scale;
  ScaledWide(int32_t zero, int32_t left_shift, int32_t multiplier, int32_t shift)
      : offset(v::splat(zero)), left(left_shift), scale(multiplier, shift) {}
  v::I32 operator()(v::I32 q) const { return scale((q + offset) << left); }
};
// The same in 32 bits, for 15 <= left <= 30 and |q + offset| < 2^14: with the multiplier m split in
// 2^16 high + low, (2^left x m + 2^30) >> 31 = (x high << left - 15) + (x low + half >> 31 - left).
struct ScaledSmall {
  v::I32 offset, high, low, half;
  int left, low_right;
  RightShift right;
  ScaledSmall(int32_t zero, int32_t left_shift, int32_t multiplier, int32_t shift)
      : offset(v::splat(zero)),
        high(v::splat(multiplier >> 16)),
        low(v::splat(multiplier & 0xffff)),
        half(v::splat(int32_t{1} << (30 - left_shift))),
        left(left_shift - 15),
        low_right(31 - left_shift),
        right(-shift) {}
  v::I32 operator()(v::I32 q) const {
    const v::I32 x = q + offset;
    return right(((x * high) << left) + ((x * low + half) >> low_right), x);
  }
};

bool is_half(int32_t multiplier, int32_t shift) { return multiplier == 1 << 30 && shift == 0; }

struct Plus {
  static v::I32 of(v::I32 a, v::I32 b) { return a + b; }
};
struct Minus {
  static v::I32 of(v::I32 a, v::I32 b) { return a - b; }
};

template <class T, class Sum, class ScaleA, class ScaleB>
struct QuantizedSum {
  ScaleA scale_a;
  ScaleB scale_b;
  Rescale scale_y;
  v::I32 zero;
  int32_t low, high;

  explicit QuantizedSum(const MoteBinaryParams& p)
      : scale_a(p.offset_a, p.left_shift, p.multiplier_a, p.shift_a),
        scale_b(p.offset_b, p.left_shift, p.multiplier_b, p.shift_b),
        scale_y(p.multiplier_y, p.shift_y),
        zero(v::splat(p.offset_y)),
        low(static_cast<int32_t>(p.min_int)),
        high(static_cast<int32_t>(p.max_int)) {}

  void group(const T* a, const T* b, T* y) const {
    v::I32 sums[4];
    for (int i = 0; i < static_cast<int>(4 / sizeof(T)); ++i) {
      const v::I32 sum = Sum::of(scale_a(v::load_wide(a + i * v::kLanes)),
                                 scale_b(v::load_wide(b + i * v::kLanes)));
      sums[i] = scale_y(sum) + zero;
    }
    v::store_clamped(y, sums, low, high);
  }
};

template <class T>
const char* sum_needs(const MoteBinaryParams& p) {
  int64_t a = most_of<T>(p.offset_a), b = most_of<T>(p.offset_b);
  const int64_t limit = sizeof(T) == 1 ? 1 << 14 : 1 << 20;
  if (p.left_shift < 1 || p.left_shift > 30 || a >= limit || b >= limit) {
    return "the zero points are too large";
  }
  a <<= p.left_shift, b <<= p.left_shift;
  if (!rescale_fits(&a, p.multiplier_a, p.shift_a) ||
      !rescale_fits(&b, p.multiplier_b, p.shift_b)) {
    return "the operands' multipliers are above 1";
  }
  if (sizeof(T) == 1) {
    if (p.left_shift < 15) return "the common scale is too coarse";
    if (!is_half(p.multiplier_a, p.shift_a) && !is_half(p.multiplier_b, p.shift_b)) {
      return "no operand's multiplier is 1/2";
    }
  }
  return output_fits<T>(p, a + b);
}

template <class T>
struct QuantizedProduct {
  v::I32 offset_a, offset_b;
  Rescale scale_y;
  v::I32 zero;
  int32_t low, high;

  explicit QuantizedProduct(const MoteBinaryParams& p)
      : offset_a(v::splat(p.offset_a)),
        offset_b(v::splat(p.offset_b)),
        scale_y(p.multiplier_y, p.shift_y),
        zero(v::splat(p.offset_y)),
        low(static_cast<int32_t>(p.min_int)),
        high(static_cast<int32_t>(p.max_int)) {}

  void group(const T* a, const T* b, T* y) const {
    v::I32 products[4];
    for (int i = 0; i < static_cast<int>(4 / sizeof(T)); ++i) {
      const v::I32 product = (v::load_wide(a + i * v::kLanes) + offset_a) *
                             (v::load_wide(b + i * v::kLanes) + offset_b);
      products[i] = scale_y(product) + zero;
    }
    v::store_clamped(y, products, low, high);
  }
};

template <class T>
const char* product_needs(const MoteBinaryParams& p) {
  const int64_t a = most_of<T>(p.offset_a), b = most_of<T>(p.offset_b);
  if (a > 1 << 16 || b > 1 << 16) return "the zero points are too large";
  return output_fits<T>(p, a * b);
}

struct Held {  // the fused activation; NaN passes
  v::F32 low, high;
  explicit Held(const MoteBinaryParams& p) : low(v::splat(p.min_f32)), high(v::splat(p.max_f32)) {}
  v::F32 operator()(v::F32 x) const { return v::min(high, v::max(low, x)); }
};

#define MOTE_FLOAT_OPERATOR(Name, value)                               \
  struct Name {                                                        \
    Held held;                                                         \
    explicit Name(const MoteBinaryParams& p) : held(p) {}              \
    void group(const float* in_a, const float* in_b, float* y) const { \
      const v::F32 a = v::load(in_a), b = v::load(in_b);               \
      v::store(y, value);                                              \
    }                                                                  \
  };
MOTE_FLOAT_OPERATOR(Add, held(a + b))
MOTE_FLOAT_OPERATOR(Sub, held(a - b))
MOTE_FLOAT_OPERATOR(Mul, held(a* b))
MOTE_FLOAT_OPERATOR(Div, held(a / b))
MOTE_FLOAT_OPERATOR(Maximum, v::max(a, b))
MOTE_FLOAT_OPERATOR(Minimum, v::min(a, b))
MOTE_FLOAT_OPERATOR(SquaredDifference, (a - b) * (a - b))
MOTE_FLOAT_OPERATOR(Prelu, v::select(a >= v::splat(0.0f), a, a* b))
#undef MOTE_FLOAT_OPERATOR

// --- The walk. The output may be one of the operands: a group is read before it is written, and
// nothing is read again.

// y = op(a, b), all of them n elements side by side.
template <class T>
using Loop = void (*)(const void* op, int64_t n, const T* a, const T* b, T* y);

template <class T, class Op>
void group_by_group(const void* operation, int64_t n, const T* a, const T* b, T* y) {
  const Op op = *static_cast<const Op*>(operation);
  T rest_a[kGroup<T>] = {}, rest_b[kGroup<T>] = {}, rest_y[kGroup<T>];
  T* to = y;
  int64_t left = n;
  for (;;) {
    for (; left >= kGroup<T>; left -= kGroup<T>) {
      op.group(a, b, to);
      a += kGroup<T>, b += kGroup<T>, to += kGroup<T>;
    }
    if (left <= 0) break;
    // What is left goes through buffers, as one more group.
    const size_t bytes = static_cast<size_t>(left) * sizeof(T);
    std::memcpy(rest_a, a, bytes);
    std::memcpy(rest_b, b, bytes);
    a = rest_a, b = rest_b, to = rest_y;
    left = kGroup<T>;
  }
  const int64_t rest = n % kGroup<T>;
  std::memcpy(y + n - rest, rest_y, static_cast<size_t>(rest) * sizeof(T));
}

// The walk of one element type over an operator's loop, not inlined in each of them.
template <class T>
struct Walk {
  // Repeated operands are written out this far.
  static constexpr int64_t kRepeated = 256;

  Loop<T> loop;
  const void* op;

  // y of n elements; `whole` moves with it, the other operand repeats `period` elements, at most
  // kRepeated, of which element `phase` is the first.
  [[gnu::noinline]] void repeated(int64_t n, const T* whole, const T* row, int64_t period,
                                  int64_t phase, bool row_is_a, T* y) const {
    T block[2 * kRepeated];
    const int64_t wanted = n < kRepeated ? n : kRepeated;
    const int64_t length = (wanted + period - 1) / period * period;  // whole periods
    if (period == 1) {
      for (int64_t i = 0; i < length; ++i) block[i] = row[0];
    } else {
      const size_t head = static_cast<size_t>(period - phase), tail = static_cast<size_t>(phase);
      std::memcpy(block, row + phase, head * sizeof(T));
      std::memcpy(block + head, row, tail * sizeof(T));
      const size_t bytes = static_cast<size_t>(period) * sizeof(T);
      for (int64_t i = period; i < length; i += period) std::memcpy(block + i, block, bytes);
    }
    for (int64_t i = 0; i < n; i += length) {
      const int64_t run = n - i < length ? n - i : length;
      loop(op, run, row_is_a ? block : whole + i, row_is_a ? whole + i : block, y + i);
    }
  }

  // Whether operand k is a row that repeats and the other one moves with the output.
  static bool repeats_rows(const MoteBroadcast& s, int k) {
    return s.rank == 2 && s.extent[1] <= kRepeated && s.stride[k][0] == 0 && s.stride[k][1] == 1 &&
           s.stride[1 - k][0] == s.extent[1] && s.stride[1 - k][1] == 1;
  }

  void inner_runs(const MoteBroadcast& s, const T* a, const T* b, T* y, int64_t begin,
                  int64_t end) const {
    const bool moves_a = s.stride[0][s.rank - 1] != 0, moves_b = s.stride[1][s.rank - 1] != 0;
    MoteCursor c;
    mote_cursor_place(&s, begin, &c);
    while (begin < end) {
      const int64_t n = mote_cursor_run(&s, &c, end - begin);
      const T* from_a = a + c.offset[0];
      const T* from_b = b + c.offset[1];
      if (moves_a == moves_b) {  // if neither moves, there is one element
        loop(op, n, from_a, from_b, y + begin);
      } else {
        repeated(n, moves_a ? from_a : from_b, moves_a ? from_b : from_a, 1, 0, moves_b, y + begin);
      }
      begin += n;
      mote_cursor_advance(&s, n, &c);
    }
  }

  [[gnu::noinline]] void run(const Args& args, int64_t begin, int64_t end) const {
    const MoteBroadcast& s = static_cast<const MoteBinaryParams*>(args.params)->shape;
    const auto* a = static_cast<const T*>(args.in[0]);
    const auto* b = static_cast<const T*>(args.in[1]);
    auto* y = static_cast<T*>(args.out[0]);
    if (begin >= end) return;
    const int64_t inner = s.extent[s.rank - 1];
    if (repeats_rows(s, 1)) {
      repeated(end - begin, a + begin, b, inner, begin % inner, false, y + begin);
    } else if (repeats_rows(s, 0)) {
      repeated(end - begin, b + begin, a, inner, begin % inner, true, y + begin);
    } else {
      inner_runs(s, a, b, y, begin, end);
    }
  }
};

template <class T, class Op>
int run_operator(const Args& args, int64_t begin, int64_t end) {
  const Op op(*static_cast<const MoteBinaryParams*>(args.params));
  Walk<T>{group_by_group<T, Op>, &op}.run(args, begin, end);
  return kOk;
}

// One of the two operands has the larger scale, so that its multiplier is 1/2.
template <class T, class Sum>
int run_sum(const Args& args, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteBinaryParams*>(args.params);
  if constexpr (sizeof(T) > 1) {
    return run_operator<T, QuantizedSum<T, Sum, ScaledWide, ScaledWide>>(args, begin, end);
  } else if (is_half(p.multiplier_a, p.shift_a)) {
    return run_operator<T, QuantizedSum<T, Sum, ScaledHalf, ScaledSmall>>(args, begin, end);
  } else {
    return run_operator<T, QuantizedSum<T, Sum, ScaledSmall, ScaledHalf>>(args, begin, end);
  }
}

int64_t elements(const void* params) {
  return static_cast<const MoteBinaryParams*>(params)->shape.count;
}

template <const char* (*kNeeds)(const MoteBinaryParams&)>
const char* declines(const void* params) {
  return kNeeds(*static_cast<const MoteBinaryParams*>(params));
}

constexpr Kernel kRows[] = {
    {.name = MOTE_ROW_NAME("add_f32"), .run = run_operator<float, Add>, .units = elements},
    {.name = MOTE_ROW_NAME("sub_f32"), .run = run_operator<float, Sub>, .units = elements},
    {.name = MOTE_ROW_NAME("mul_f32"), .run = run_operator<float, Mul>, .units = elements},
    {.name = MOTE_ROW_NAME("div_f32"), .run = run_operator<float, Div>, .units = elements},
    {.name = MOTE_ROW_NAME("maximum_f32"), .run = run_operator<float, Maximum>, .units = elements},
    {.name = MOTE_ROW_NAME("minimum_f32"), .run = run_operator<float, Minimum>, .units = elements},
    {.name = MOTE_ROW_NAME("squared_difference_f32"),
     .run = run_operator<float, SquaredDifference>,
     .units = elements},
    {.name = MOTE_ROW_NAME("prelu_f32"), .run = run_operator<float, Prelu>, .units = elements},
    {.name = MOTE_ROW_NAME("add_qi8"),
     .run = run_sum<int8_t, Plus>,
     .declines = declines<sum_needs<int8_t>>,
     .units = elements},
    {.name = MOTE_ROW_NAME("sub_qi8"),
     .run = run_sum<int8_t, Minus>,
     .declines = declines<sum_needs<int8_t>>,
     .units = elements},
    {.name = MOTE_ROW_NAME("mul_qi8"),
     .run = run_operator<int8_t, QuantizedProduct<int8_t>>,
     .declines = declines<product_needs<int8_t>>,
     .units = elements},
    {.name = MOTE_ROW_NAME("add_qu8"),
     .run = run_sum<uint8_t, Plus>,
     .declines = declines<sum_needs<uint8_t>>,
     .units = elements},
    {.name = MOTE_ROW_NAME("sub_qu8"),
     .run = run_sum<uint8_t, Minus>,
     .declines = declines<sum_needs<uint8_t>>,
     .units = elements},
    {.name = MOTE_ROW_NAME("mul_qu8"),
     .run = run_operator<uint8_t, QuantizedProduct<uint8_t>>,
     .declines = declines<product_needs<uint8_t>>,
     .units = elements},
    {.name = MOTE_ROW_NAME("add_qi16"),
     .run = run_sum<int16_t, Plus>,
     .declines = declines<sum_needs<int16_t>>,
     .units = elements},
    {.name = MOTE_ROW_NAME("sub_qi16"),
     .run = run_sum<int16_t, Minus>,
     .declines = declines<sum_needs<int16_t>>,
     .units = elements},
    {.name = MOTE_ROW_NAME("mul_qi16"),
     .run = run_operator<int16_t, QuantizedProduct<int16_t>>,
     .declines = declines<product_needs<int16_t>>,
     .units = elements},
};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA
