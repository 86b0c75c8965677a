// Integer matrix products from packed panels (int8_panels.h) on processors with AVX2 or better:
// four rows of activations against 16 or 8 channels, sums in registers until the outputs are
// stored.
//
//   rows: [rows, pitch] bytes, a = q + 128 for int8, a = q for uint8; pitch a multiple of 4. What
//   lies past K in a row is multiplied by 0. Panels of words read the same rows as 16-bit words.
#pragma once

#if defined(__AVX2__)

#include <immintrin.h>

#include <cstdint>

#include "kernels/common/int8_multiply.h"

namespace mote::kernels::MOTE_ISA {

inline constexpr int64_t kRowsAtOnce = 4;

// Adding through `kept` stops compilers from regrouping the sums, which costs GCC all registers.
inline __m256i kept(__m256i v) {
  asm("" : "+x"(v));
  return v;
}
inline __m256i add_words(__m256i a, __m256i b) { return kept(_mm256_add_epi16(a, b)); }
inline __m256i add_sums(__m256i a, __m256i b) { return kept(_mm256_add_epi32(a, b)); }

inline __m256i four_bytes(const void* p) {
  int32_t v;
  __builtin_memcpy(&v, p, sizeof v);
  return _mm256_set1_epi32(v);
}
inline __m256i load_bytes(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
inline __m256i load_widened(const void* p) {
  return _mm256_cvtepi8_epi16(_mm_loadu_si128(static_cast<const __m128i*>(p)));
}

template <int kRows, int kRegs>
struct Sums {
  __m256i v[kRows][kRegs];
};

// kChain blocks: products of bytes, summed in 16 bits over the chain.
template <int kChain, int kRows, int kRegs>
inline void add_chain(const uint8_t* a, int64_t pitch, const int8_t* b, Sums<kRows, kRegs>& sums) {
  const __m256i ones = _mm256_set1_epi16(1);
#pragma GCC unroll 4
  for (int r = 0; r < kRows; ++r) {
    const uint8_t* row = a + r * pitch;
#if defined(__AVXVNNI__)
#pragma GCC unroll 8
    for (int i = 0; i < kChain; ++i) {
      const __m256i x = four_bytes(row + 4 * i);
#pragma GCC unroll 2
      for (int j = 0; j < kRegs; ++j) {
        sums.v[r][j] =
            _mm256_dpbusd_avx_epi32(sums.v[r][j], x, load_bytes(b + 32 * (i * kRegs + j)));
      }
    }
#elif defined(__AVX512VNNI__)
#pragma GCC unroll 8
    for (int i = 0; i < kChain; ++i) {
      const __m256i x = four_bytes(row + 4 * i);
#pragma GCC unroll 2
      for (int j = 0; j < kRegs; ++j) {
        sums.v[r][j] = _mm256_dpbusd_epi32(sums.v[r][j], x, load_bytes(b + 32 * (i * kRegs + j)));
      }
    }
#else
    __m256i words[kRegs];
#pragma GCC unroll 8
    for (int i = 0; i < kChain; ++i) {
      const __m256i x = four_bytes(row + 4 * i);
#pragma GCC unroll 2
      for (int j = 0; j < kRegs; ++j) {
        const __m256i products = _mm256_maddubs_epi16(x, load_bytes(b + 32 * (i * kRegs + j)));
        words[j] = i == 0 ? products : add_words(words[j], products);
      }
    }
#pragma GCC unroll 2
    for (int j = 0; j < kRegs; ++j) {
      sums.v[r][j] = add_sums(sums.v[r][j], _mm256_madd_epi16(words[j], ones));
    }
#endif
  }
}

// One block of words.
template <int kRows, int kRegs>
inline void add_words_block(const int16_t* a, int64_t pitch, const int8_t* b,
                            Sums<kRows, kRegs>& sums) {
#pragma GCC unroll 2
  for (int half = 0; half < 2; ++half) {
    __m256i w[kRegs];
#pragma GCC unroll 2
    for (int j = 0; j < kRegs; ++j) w[j] = load_widened(b + 16 * (half * kRegs + j));
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
      const __m256i x = four_bytes(a + r * pitch + 2 * half);
#pragma GCC unroll 2
      for (int j = 0; j < kRegs; ++j) {
        sums.v[r][j] = add_sums(sums.v[r][j], _mm256_madd_epi16(x, w[j]));
      }
    }
  }
}

// Adds the products of kRows rows from `row` with a panel. kChain 0: words.
template <int kChain, int kRows, int kRegs>
inline void add_products(const Rows& rows, int64_t row, const int8_t* panel, int64_t blocks,
                         Sums<kRows, kRegs>& sums) {
  constexpr int64_t kBlockBytes = 32 * kRegs;
  if constexpr (kChain == 0) {
    const int16_t* a = rows.words + row * rows.pitch;
    for (int64_t i = 0; i < blocks; ++i) {
      add_words_block<kRows, kRegs>(a + 4 * i, rows.pitch, panel + i * kBlockBytes, sums);
    }
  } else {
    const uint8_t* a = rows.bytes + row * rows.pitch;
    int64_t i = 0;
    for (; i + kChain <= blocks; i += kChain) {
      add_chain<kChain, kRows, kRegs>(a + 4 * i, rows.pitch, panel + i * kBlockBytes, sums);
    }
    if constexpr (kChain > 1) {
      for (; i < blocks; ++i) {
        add_chain<1, kRows, kRegs>(a + 4 * i, rows.pitch, panel + i * kBlockBytes, sums);
      }
    }
  }
}

// One panel with all its rows. `out.start()` are the sums that every row begins with,
// `out.store(row, sums)` takes them.
template <int kChain, int kRegs, class Out>
inline void multiply_rows(const Rows& rows, int64_t count, const int8_t* panel, int64_t blocks,
                          const Out& out) {
  const auto tile = [&]<int kRows>(int64_t row) {
    Sums<kRows, kRegs> sums;
#pragma GCC unroll 4
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 2
      for (int j = 0; j < kRegs; ++j) sums.v[r][j] = out.start(j);
    }
    add_products<kChain, kRows, kRegs>(rows, row, panel, blocks, sums);
    out.store(row, sums);
  };
  int64_t row = 0;
  for (; row + kRowsAtOnce <= count; row += kRowsAtOnce) tile.template operator()<4>(row);
  switch (count - row) {
    case 3:
      return tile.template operator()<3>(row);
    case 2:
      return tile.template operator()<2>(row);
    case 1:
      return tile.template operator()<1>(row);
    default:
      return;
  }
}

template <int kRegs, class Out>
inline void multiply_panel(const Rows& rows, int64_t count, const int8_t* panel, int64_t blocks,
                           int32_t chain, const Out& out) {
#if defined(__AVXVNNI__) || defined(__AVX512VNNI__)
  (void)chain;
  return multiply_rows<1, kRegs>(rows, count, panel, blocks, out);
#else
  switch (chain) {
    case 0:
      return multiply_rows<0, kRegs>(rows, count, panel, blocks, out);
    case 1:
      return multiply_rows<1, kRegs>(rows, count, panel, blocks, out);
    case 2:
      return multiply_rows<2, kRegs>(rows, count, panel, blocks, out);
    default:
      return multiply_rows<4, kRegs>(rows, count, panel, blocks, out);
  }
#endif
}

// Panels [begin, end) of a product with n channels and k steps. `maker.make<kRegs>(info, channel,
// channels)` gives the outputs of a panel (see multiply_rows).
template <class Maker>
inline void multiply_panels(const Rows& rows, int64_t count, const void* packed, int64_t n,
                            int64_t k, int64_t begin, int64_t end, const Maker& maker) {
  const auto* infos = static_cast<const PanelInfo*>(packed);
  const int64_t blocks = int8_blocks(k);
  for (int64_t p = begin; p < end; ++p) {
    const int8_t* panel = static_cast<const int8_t*>(packed) + infos[p].offset_bytes;
    const int64_t channel = p * kPanelChannels;
    const int64_t channels = n - channel < kPanelChannels ? n - channel : kPanelChannels;
    if (int8_panel_width(n, p) == kPanelChannels) {
      multiply_panel<2>(rows, count, panel, blocks, infos[p].chain,
                        maker.template make<2>(infos[p], channel, channels));
    } else {
      multiply_panel<1>(rows, count, panel, blocks, infos[p].chain,
                        maker.template make<1>(infos[p], channel, channels));
    }
  }
}

}  // namespace mote::kernels::MOTE_ISA

#endif
