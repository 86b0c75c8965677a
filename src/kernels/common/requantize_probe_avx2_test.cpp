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

// Pairs: those that rescale_pairs takes. It adds the zero point itself.
bool takes_pairs(const MoteIntMac& mac, const int32_t* shift, int64_t count) {
  bool takes = mac.rounding == kMoteTwice && mac.y_type != kMoteI32;
  for (int64_t c = 0; c < count; ++c) takes = takes && shift[c] >= -20 && shift[c] < 0;
  return takes && count == 8;
}

__m256i rescaled_pairs(const MoteIntMac& mac, __m256i x, const int32_t* multiplier,
                       const int32_t* shift) {
  const auto swapped = [](__m256i v) { return _mm256_shuffle_epi32(v, 0xd8); };
  const auto scale = MOTE_ISA::pair_scale(swapped(MOTE_ISA::load8(multiplier)),
                                          swapped(MOTE_ISA::load8(shift)), mac.y_zero);
  const __m256i zero = _mm256_set1_epi32(mac.y_zero);
  const __m256i y = mac.act_min >= mac.y_zero ? MOTE_ISA::rescale_pairs<true>(swapped(x), scale)
                                              : MOTE_ISA::rescale_pairs<false>(swapped(x), scale);
  return _mm256_sub_epi32(y, zero);
}

}  // namespace

bool requantize_with_avx2(const MoteIntMac& mac, const int32_t* x, const int32_t* multiplier,
                          const int32_t* shift, const double* exact, int64_t n, void* y) {
  const MOTE_ISA::Finish8 finish(mac);
  for (int64_t i = 0; i < n; i += 8) {
    const int64_t count = n - i < 8 ? n - i : 8;
    const __m256i sums = MOTE_ISA::load8(x + i, count);
    const __m256i value = takes_pairs(mac, shift + i, count)
                              ? rescaled_pairs(mac, sums, multiplier + i, shift + i)
                              : rescaled(mac, sums, multiplier + i, shift + i, exact + i, count);
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
