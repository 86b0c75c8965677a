// Defines what int8_multiply.h declares; each processor's file includes it once.
#pragma once

#if defined(__AVX2__) && defined(MOTE_HAS_ISA)

#include "kernels/common/int8_outputs-inl.h"
#if !defined(MOTE_HAS_DOTS)
#include "kernels/common/int8_winograd-inl.h"
#endif

namespace mote::kernels::MOTE_ISA {

void multiply_int(const IntJob& job, const Tile& tile, int64_t count, const void* packed, int64_t n,
                  int64_t begin, int64_t end) {
  if (job.is_plain) {
    multiply_panels(tile, count, packed, n, begin, end, ByteOutputs{job});
  } else if (job.is_small) {
    multiply_panels(tile, count, packed, n, begin, end, ExactOutputs{job});
  } else {
    multiply_panels(tile, count, packed, n, begin, end, AnyOutputs{job});
  }
}

// Everything in one function: with so little work for a panel, calls and copies of what it needs
// would take as long.
void multiply_patch(const IntJob& job, const Tile& tile, const void* packed, int64_t n,
                    int64_t begin, int64_t end) {
  const auto* infos = static_cast<const PanelInfo*>(packed);
  const ByteOutputs outputs{job};
  for (int64_t p = begin; p < end; ++p) {
    const int8_t* panel = static_cast<const int8_t*>(packed) + infos[p].offset_bytes;
    const int64_t channel = p * kPanelChannels;
    const int64_t channels = n - channel < kPanelChannels ? n - channel : kPanelChannels;
    if (int8_panel_width(n, p) == kPanelChannels) {
      multiply_patch_panel<2>(tile, panel, infos[p].chain,
                              outputs.make<2>(infos[p], channel, channels));
    } else {
      multiply_patch_panel<1>(tile, panel, infos[p].chain,
                              outputs.make<1>(infos[p], channel, channels));
    }
  }
}

void multiply_hybrid(const HybridJob& job, const Tile& tile, int64_t count, const void* packed,
                     int64_t n, int64_t begin, int64_t end) {
  multiply_panels(tile, count, packed, n, begin, end, HybridOutputs{job});
}

void sum_patches(const IntJob& job, const Tile& tile, int32_t centre, int64_t run, int64_t count,
                 int32_t* terms) {
  const auto apart = static_cast<uint32_t>(centre - job.mac->w_zero);
  const uint32_t share =
      static_cast<uint32_t>(job.x_zero) * static_cast<uint32_t>(tile.count_runs * run);
  const __m256i zero = _mm256_setzero_si256();
  const __m256i place =
      _mm256_setr_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                       22, 23, 24, 25, 26, 27, 28, 29, 30, 31);
  // The region has room to read the whole of a run's last vector.
  const __m256i last = _mm256_cmpgt_epi8(_mm256_set1_epi8(static_cast<char>(run % 32)), place);
  for (int64_t i = 0; i < count; ++i) {
    __m256i sums = zero;
    for (int64_t j = 0; j < tile.count_runs; ++j) {
      const uint8_t* from = tile.bytes + tile.pixels[i] + tile.runs[j];
      int64_t c = 0;
      for (; c + 32 <= run; c += 32) {
        sums = _mm256_add_epi64(sums, _mm256_sad_epu8(load_bytes(from + c), zero));
      }
      if (c < run) {
        const __m256i rest = _mm256_and_si256(load_bytes(from + c), last);
        sums = _mm256_add_epi64(sums, _mm256_sad_epu8(rest, zero));
      }
    }
    const __m128i two =
        _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
    const auto sum = static_cast<uint32_t>(_mm_cvtsi128_si64(two) + _mm_extract_epi64(two, 1));
    terms[i] = static_cast<int32_t>((sum - share) * apart);
  }
}

}  // namespace mote::kernels::MOTE_ISA

#endif
