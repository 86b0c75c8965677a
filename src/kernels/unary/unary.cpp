#include <cstring>

#include "kernels/chosen.h"
#include "kernels/common/fast_math-inl.h"
#include "kernels/common/fast_rows.h"
#include "kernels/unary/families.h"
#include "kernels/unary/ref.h"

namespace mote::kernels {
namespace {

int64_t elements(const void* params) { return static_cast<const MoteUnaryParams*>(params)->count; }

// Results are built in a block of their own: the output may be the input, and so the compiler need
// not fear that they overlap.
template <auto kRun, class X, class Y>
int run_generic(const Args& args, int64_t begin, int64_t end) {
  constexpr int64_t kBlock = 128;
  const auto* p = static_cast<const MoteUnaryParams*>(args.params);
  const auto* x = static_cast<const X*>(args.in[0]);
  auto* y = static_cast<Y*>(args.out[0]);
  Y block[kBlock];
  int64_t i = begin;
  for (; i + kBlock <= end; i += kBlock) {
    kRun(p, x + i, block, 0, kBlock);
    std::memcpy(y + i, block, sizeof block);
  }
  if (i < end) {
    kRun(p, x + i, block, 0, end - i);
    std::memcpy(y + i, block, static_cast<size_t>(end - i) * sizeof(Y));
  }
  return kOk;
}

// The reference loop with the function exchanged for one that vectorises.
template <float (*kFunction)(float)>
int fast_loop(const MoteUnaryParams*, const float* x, float* y, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i) y[i] = kFunction(x[i]);
  return kOk;
}

template <auto kReference, class X, class Y>
int run_reference(const Args& args, int64_t begin, int64_t end) {
  return kReference(static_cast<const MoteUnaryParams*>(args.params),
                    static_cast<const X*>(args.in[0]), static_cast<Y*>(args.out[0]), begin, end);
}

// The loop of the generic row: the reference's own unless one is given here.
template <auto kReference>
constexpr auto kLoop = kReference;
template <>
constexpr auto kLoop<mote_unary_exp_f32> = fast_loop<fast::exp>;
template <>
constexpr auto kLoop<mote_unary_tanh_f32> = fast_loop<fast::tanh>;
template <>
constexpr auto kLoop<mote_unary_logistic_f32> = fast_loop<fast::logistic>;
template <>
constexpr auto kLoop<mote_unary_elu_f32> = fast_loop<fast::elu>;
template <>
constexpr auto kLoop<mote_unary_gelu_tanh_f32> = fast_loop<fast::gelu_tanh>;

#define MOTE_UNARY(id, X, Y, value)                                                                \
  constexpr Kernel kRows_##id[] = {                                                                \
      {.name = #id "__generic",                                                                    \
       .run = run_generic<kLoop<mote_unary_##id>, X, Y>,                                           \
       .units = elements},                                                                         \
      {.name = #id "__reference", .run = run_reference<mote_unary_##id, X, Y>, .units = elements}, \
  };
#include "kernels/unary/unary.inc"
#undef MOTE_UNARY

}  // namespace

std::span<const Family> unary_families() {
  static constexpr Family kFamilies[] = {
#define MOTE_UNARY(id, X, Y, value) {#id, chosen<kRows_##id>},
#include "kernels/unary/unary.inc"
#undef MOTE_UNARY
  };
  static const FamilyTable kTable = with_fast_rows(kFamilies, {kUnaryAvx2});
  return kTable.families;
}

void prepare_rescale(const Affine& x, const Affine& y, double positive, double negative,
                     MoteUnaryParams& p) {
  p.zero_x = x.zero_point;
  p.zero_y = y.zero_point;
  const Multiplier up = split_multiplier(positive);
  const Multiplier down = split_multiplier(std::abs(negative));
  p.multiplier = up.multiplier;
  p.shift = up.shift;
  p.multiplier_negative = down.multiplier;
  p.shift_negative = down.shift;
  p.below = negative < 0.0 ? kMoteBelowNegated : kMoteBelowScaled;
}

}  // namespace mote::kernels
