// Integer products from packed panels (int8_panels.h) on processors with AVX2 or better: the
// patches of four pixels against 16 or 8 channels, sums in registers until the outputs are stored.
#pragma once

#if defined(__AVX2__)

#include <immintrin.h>

#include <cstdint>

#include "kernels/chosen_rows.h"
#include "kernels/common/int8_multiply.h"

namespace mote::kernels::MOTE_ISA {

// Pixels that are computed at once: as many sums as leave registers for the rest.
#if defined(__AVX512VL__)
template <int kRegs>
inline constexpr int kPixels = 8;
#else
template <int kRegs>
inline constexpr int kPixels = kRegs == 1 ? 8 : 4;
#endif

// The empty statement stops compilers from regrouping the sums, which costs GCC all registers.
[[nodiscard, gnu::always_inline]] inline __m256i add_words(__m256i sum, __m256i v) {
  sum = _mm256_add_epi16(sum, v);
  asm("" : "+x"(sum));
  return sum;
}
[[nodiscard, gnu::always_inline]] inline __m256i add_sums(__m256i sum, __m256i v) {
  sum = _mm256_add_epi32(sum, v);
  asm("" : "+x"(sum));
  return sum;
}

[[gnu::always_inline]] inline __m256i four_bytes(const void* p) {
  int32_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return _mm256_set1_epi32(v);
}
[[gnu::always_inline]] inline __m256i load_bytes(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
[[gnu::always_inline]] inline __m256i load_widened(const void* p) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}

template <int kRows, int kRegs>
struct Sums {
  __m256i v[kRows][kRegs];
};

#if !defined(MOTE_HAS_DOTS)

// Products of bytes, summed in pairs. Long chains read the weights from memory each time: held in
// registers they would push the sums out of them.
template <bool kFromMemory>
[[gnu::always_inline]] inline __m256i byte_products(__m256i a, const int8_t* w) {
  if constexpr (kFromMemory) {
    __m256i v;
    asm("vpmaddubsw %2, %1, %0" : "=x"(v) : "x"(a), "m"(*reinterpret_cast<const __m256i_u*>(w)));
    return v;
  }
  return _mm256_maddubs_epi16(a, load_bytes(w));
}

// kChain blocks: products of bytes, summed in 16 bits over the chain. `at` counts bytes.
template <int kChain, int kRows, int kRegs>
[[gnu::always_inline]] inline void add_chain(const uint8_t* const (&a)[kRows], int64_t at,
                                             const int8_t* b, Sums<kRows, kRegs>& sums) {
  constexpr bool kFromMemory = kChain * kRegs > 4;
  const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    __m256i words[kRegs];
#pragma GCC unroll 4
    for (int i = 0; i < kChain; ++i) {
      const __m256i x = four_bytes(a[r] + at + 4 * i);
#pragma GCC unroll 2
      for (int j = 0; j < kRegs; ++j) {
        const __m256i v = byte_products<kFromMemory>(x, b + 32 * (i * kRegs + j));
        words[j] = i == 0 ? v : add_words(words[j], v);
      }
    }
#pragma GCC unroll 2
    for (int j = 0; j < kRegs; ++j) {
      sums.v[r][j] = add_sums(sums.v[r][j], _mm256_madd_epi16(words[j], ones));
    }
  }
}

#else

template <int kChain, int kRows, int kRegs>
[[gnu::always_inline]] inline void add_chain(const uint8_t* const (&a)[kRows], int64_t at,
                                             const int8_t* b, Sums<kRows, kRegs>& sums) {
  static_assert(kChain == 1);
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    const __m256i x = four_bytes(a[r] + at);
#pragma GCC unroll 2
    for (int j = 0; j < kRegs; ++j) {
      sums.v[r][j] = add_dots(sums.v[r][j], x, load_bytes(b + 32 * j));
    }
  }
}

#endif

// One block of words. `at` counts words.
template <int kRows, int kRegs>
[[gnu::always_inline]] inline void add_words_block(const int16_t* const (&a)[kRows], int64_t at,
                                                   const int8_t* b, Sums<kRows, kRegs>& sums) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    __m256i w[kRegs];
#pragma GCC unroll 2
    for (int j = 0; j < kRegs; ++j) w[j] = load_widened(b + 16 * (half * kRegs + j));
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const __m256i x = four_bytes(a[r] + at + 2 * half);
#pragma GCC unroll 2
      for (int j = 0; j < kRegs; ++j) {
        sums.v[r][j] = add_sums(sums.v[r][j], _mm256_madd_epi16(x, w[j]));
      }
    }
  }
}

// The products of kRows patches with a panel. kChain 0: words.
template <int kChain, int kRows, int kRegs, class Element>
[[gnu::always_inline]] inline void add_products(const Tile& tile, const Element* const (&a)[kRows],
                                                const int8_t* b, Sums<kRows, kRegs>& sums) {
  constexpr int64_t kBlockBytes = 32 * kRegs;
  const int64_t steps = tile.blocks * kBlockSteps;
  for (int64_t run = 0; run < tile.count_runs; ++run) {
    int64_t at = tile.runs[run];
    const int64_t end = at + steps;
    if constexpr (kChain == 0) {
      for (; at < end; at += kBlockSteps, b += kBlockBytes) {
        add_words_block<kRows, kRegs>(a, at, b, sums);
      }
    } else {
      for (; at + (kChain - 1) * kBlockSteps < end; at += kChain * kBlockSteps) {
        add_chain<kChain, kRows, kRegs>(a, at, b, sums);
        b += kChain * kBlockBytes;
      }
      if constexpr (kChain > 1) {
        for (; at < end; at += kBlockSteps, b += kBlockBytes) {
          add_chain<1, kRows, kRegs>(a, at, b, sums);
        }
      }
    }
  }
}

// kRows pixels from number `row`. `out.start(j)` is what every sum begins with, `out.store(row,
// sums)` takes them.
template <int kChain, int kRows, int kRegs, class Out>
[[gnu::always_inline]] inline void multiply_patches(const Tile& tile, int64_t row,
                                                    const int8_t* panel, const Out& out) {
  Sums<kRows, kRegs> sums;
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
    for (int j = 0; j < kRegs; ++j) sums.v[r][j] = out.start(j);
  }
  if constexpr (kChain == 0) {
    const int16_t* a[kRows];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) a[r] = tile.words + tile.pixels[row + r];
    add_products<kChain, kRows, kRegs>(tile, a, panel, sums);
  } else {
    const uint8_t* a[kRows];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) a[r] = tile.bytes + tile.pixels[row + r];
    add_products<kChain, kRows, kRegs>(tile, a, panel, sums);
  }
  out.store(row, sums);
}

// One panel with `count` pixels. A library for chosen models takes what is left of tiles, and outputs
// that hardly any model has many of, pixel by pixel: four forms less of each.
template <int kChain, int kRegs, class Out>
[[gnu::noinline]] void multiply_pixels(const Tile& tile, int64_t count, const int8_t* panel,
                                       const Out& out) {
  int64_t row = 0;
  if constexpr (kAllRows || !Out::kIsRare) {
    for (; row + kPixels<kRegs> <= count; row += kPixels<kRegs>) {
      multiply_patches<kChain, kPixels<kRegs>, kRegs>(tile, row, panel, out);
    }
  }
  if constexpr (!kAllRows) {
    for (; row < count; ++row) multiply_patches<kChain, 1, kRegs>(tile, row, panel, out);
    return;
  }
  if (kPixels < kRegs >> 4 && row + 4 <= count) {
    multiply_patches<kChain, 4, kRegs>(tile, row, panel, out);
    row += 4;
  }
  switch (count - row) {
    case 3:
      return multiply_patches<kChain, 3, kRegs>(tile, row, panel, out);
    case 2:
      return multiply_patches<kChain, 2, kRegs>(tile, row, panel, out);
    case 1:
      return multiply_patches<kChain, 1, kRegs>(tile, row, panel, out);
    default:
      return;
  }
}

template <int kRegs, class Out>
inline void multiply_panel(const Tile& tile, int64_t count, const int8_t* panel, int32_t chain,
                           const Out& out) {
  if constexpr (kOnlyBytes) {
    return multiply_pixels<1, kRegs>(tile, count, panel, out);
  } else {
    switch (chain) {
      case 0:
        return multiply_pixels<0, kRegs>(tile, count, panel, out);
      case 1:
        return multiply_pixels<1, kRegs>(tile, count, panel, out);
      case 2:
        return multiply_pixels<2, kRegs>(tile, count, panel, out);
      default:
        return multiply_pixels<4, kRegs>(tile, count, panel, out);
    }
  }
}

// One panel with one pixel, whose patch is one run.
template <int kRegs, class Out>
[[gnu::always_inline]] inline void multiply_patch_panel(const Tile& tile, const int8_t* panel,
                                                        int32_t chain, const Out& out) {
  const uint8_t* const bytes[1] = {tile.bytes};
  const int16_t* const words[1] = {tile.words};
  Sums<1, kRegs> sums;
#pragma GCC unroll 2
  for (int j = 0; j < kRegs; ++j) sums.v[0][j] = out.start(j);
  if constexpr (kOnlyBytes) {
    add_products<1, 1, kRegs>(tile, bytes, panel, sums);
  } else if (chain == 0) {
    add_products<0, 1, kRegs>(tile, words, panel, sums);
  } else if (chain == 1) {
    add_products<1, 1, kRegs>(tile, bytes, panel, sums);
  } else if (chain == 2) {
    add_products<2, 1, kRegs>(tile, bytes, panel, sums);
  } else {
    add_products<4, 1, kRegs>(tile, bytes, panel, sums);
  }
  out.store(0, sums);
}

// Panels [begin, end) of n channels. `maker.make<kRegs>(info, channel, channels)` gives the outputs
// of a panel (see multiply_patches).
template <class Maker>
inline void multiply_panels(const Tile& tile, int64_t count, const void* packed, int64_t n,
                            int64_t begin, int64_t end, const Maker& maker) {
  const auto* infos = static_cast<const PanelInfo*>(packed);
  for (int64_t p = begin; p < end; ++p) {
    const int8_t* panel = static_cast<const int8_t*>(packed) + infos[p].offset_bytes;
    const int64_t channel = p * kPanelChannels;
    const int64_t channels = n - channel < kPanelChannels ? n - channel : kPanelChannels;
    if (int8_panel_width(n, p) == kPanelChannels) {
      multiply_panel<2>(tile, count, panel, infos[p].chain,
                        maker.template make<2>(infos[p], channel, channels));
    } else {
      multiply_panel<1>(tile, count, panel, infos[p].chain,
                        maker.template make<1>(infos[p], channel, channels));
    }
  }
}

}  // namespace mote::kernels::MOTE_ISA

#endif
