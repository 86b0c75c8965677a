#include <cmath>

#include "kernels/chosen.h"
#include "kernels/lut/families.h"
#include "kernels/lut/ref.h"

namespace mote::kernels {
namespace {

int64_t elements(const void* params) { return static_cast<const MoteLutParams*>(params)->count; }

int run_lut_8(const Args& args, int64_t begin, int64_t end) {
  mote_lut_8(static_cast<const uint8_t*>(args.in[0]), static_cast<const uint8_t*>(args.in[1]),
             static_cast<uint8_t*>(args.out[0]), begin, end);
  return kOk;
}

int run_lut_16(const Args& args, int64_t begin, int64_t end) {
  mote_lut_16(static_cast<const int16_t*>(args.in[0]), static_cast<const int16_t*>(args.in[1]),
              static_cast<int16_t*>(args.out[0]), begin, end);
  return kOk;
}

template <auto kReference>
int run_sigmoid(const Args& args, int64_t begin, int64_t end) {
  kReference(static_cast<const MoteLutParams*>(args.params),
             static_cast<const int16_t*>(args.in[0]), static_cast<const uint16_t*>(args.in[1]),
             static_cast<int16_t*>(args.out[0]), begin, end);
  return kOk;
}

constexpr Kernel kLut8[] = {{.name = "lut_8__reference", .run = run_lut_8, .units = elements}};
constexpr Kernel kLut16[] = {{.name = "lut_16__reference", .run = run_lut_16, .units = elements}};
constexpr Kernel kLogistic[] = {{.name = "logistic_qi16__reference",
                                 .run = run_sigmoid<mote_logistic_qi16>,
                                 .units = elements}};
constexpr Kernel kTanh[] = {
    {.name = "tanh_qi16__reference", .run = run_sigmoid<mote_tanh_qi16>, .units = elements}};

}  // namespace

std::span<const Family> lut_families() {
  static constexpr Family kFamilies[] = {{"lut_8", chosen<kLut8>, {&kLut8Avx2}},
                                         {"lut_16", chosen<kLut16>, {&kLut16Avx2}},
                                         {"logistic_qi16", chosen<kLogistic>, {&kLogisticAvx2}},
                                         {"tanh_qi16", chosen<kTanh>, {&kTanhAvx2}}};
  return kFamilies;
}

void prepare_sigmoid_16(float scale_x, bool tanh, MoteLutParams& p) {
  // Scales 2^-12 (tanh: 2^-11 too) are exact: three table steps are 1/8.
  int32_t log2 = 0;
  const bool pow2 = is_pow2(scale_x, &log2);
  const int32_t left = 12 + log2;
  p.shift = 0;
  if (pow2 && (left == 0 || (tanh && left == 1))) {
    p.multiplier = 3 << left;
    return;
  }
  double multiplier = static_cast<double>(scale_x) * 4096.0 * 3.0;
  while (multiplier <= 32767.0 / 2.0 && p.shift <= 30) {
    ++p.shift;
    multiplier *= 2.0;
  }
  // Beyond int32 the reference kernel's conversion gives the smallest int32 on x86-64.
  p.multiplier = multiplier < 2147483648.0 ? static_cast<int32_t>(multiplier) : INT32_MIN;
}

}  // namespace mote::kernels
