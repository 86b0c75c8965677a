#include "kernels/common/requantize_avx2-inl.h"
#include "kernels/common/requantize_probe.h"

namespace mote::kernels {

#if defined(__AVX2__)

namespace {

__m256i rescaled(const MoteIntMac& mac, __m256i x, const int32_t* multiplier, const int32_t* shift,
                 const double* exact, int64_t count) {
  if (mac.rounding == kMoteExact32) {
    return MOTE_ISA::rescale_exact(
        x, MOTE_ISA::load4d(exact, count),
        count > 4 ? MOTE_ISA::load4d(exact + 4, count - 4) : _mm256_setzero_pd());
  }
  const __m256i m = MOTE_ISA::load8(multiplier, count), s = MOTE_ISA::load8(shift, count);
  if (!MOTE_ISA::all_shift_right(shift, count)) return MOTE_ISA::rescale_any(x, m, s);
  return MOTE_ISA::rescale_right(x, MOTE_ISA::right_scale(m, s));
}

}  // namespace

bool requantize_with_avx2(const MoteIntMac& mac, const int32_t* x, const int32_t* multiplier,
                          const int32_t* shift, const double* exact, int64_t n, void* y) {
  const MOTE_ISA::Finish8 finish(mac);
  for (int64_t i = 0; i < n; i += 8) {
    const int64_t count = n - i < 8 ? n - i : 8;
    const __m256i value =
        rescaled(mac, MOTE_ISA::load8(x + i, count), multiplier + i, shift + i, exact + i, count);
    MOTE_ISA::store8(y, i, mac.y_type, finish(value), count);
  }
  return true;
}

#else

bool requantize_with_avx2(const MoteIntMac&, const int32_t*, const int32_t*, const int32_t*,
                          const double*, int64_t, void*) {
  return false;
}

#endif

}  // namespace mote::kernels
