// batch_matmul_int of int16 activations for AVX2, exact. An int16 operand w is split into w = 256 h
// + l with -128 <= l < 128 and -128 <= h <= 128, so that pairs of products with either part can be
// added up in 32 bits for a while (int16_gemm_avx2-inl.h), two multiplications a pair.
//
//   strip of 16 columns, one cell = 2 steps of a column as int16 (past K and N: 0), for each pair:
//     | c0 .. c3  c8 .. c11 | c4 .. c7  c12 .. c15 |     64 bytes of h (int16 w only), 64 bytes of
//     l
#include "kernels/batch_matmul/batch_matmul.h"
#include "kernels/batch_matmul/families.h"
#include "kernels/chosen.h"

#if defined(__AVX2__)

#include "kernels/batch_matmul/strips.h"
#include "kernels/common/int16_gemm_avx2-inl.h"
#include "kernels/kernel.h"

namespace mote::kernels::MOTE_ISA {
namespace {

constexpr int64_t kRowsAtOnce = 4;

const MoteBatchMatmulInt& params_of(const void* params) {
  return *static_cast<const MoteBatchMatmulInt*>(params);
}

const char* declines(const void* params) {
  const MoteIntMac& m = params_of(params).mac;
  if (m.x_type != kMoteI16 || m.x_zero != 0) return "the input is not int16 without a zero point";
  if (m.w_type != kMoteI8 && m.w_type != kMoteI16) return "the second operand is not signed";
  if (m.y_type == kMoteI32) return "the output is the bare sum";
  return m.w_zero != 0 ? "the second operand has a zero point" : nullptr;
}

int64_t units(const void* params) { return strip_units(params_of(params).shape); }

// Whether rows of x can be read where they lie: an even number of steps of each.
bool reads_in_place(const MoteBatchMatmulShape& s) { return !s.transpose_x && s.depth % 2 == 0; }

// In scratch: a strip, then a few rows of x.
int64_t strip_bytes(const MoteBatchMatmulInt& p) {
  const int64_t parts = p.mac.w_type == kMoteI16 ? 2 : 1;
  return short_pairs(p.shape.depth) * 64 * parts;
}

size_t scratch_bytes(const void* params) {
  const auto& p = params_of(params);
  const int64_t rows = reads_in_place(p.shape) ? 0 : kRowsAtOnce;
  return static_cast<size_t>(strip_bytes(p) + rows * short_pairs(p.shape.depth) * 4);
}

// One step of 16 columns: `count` of them, `step` elements apart, the others 0.
template <class Element>
__m256i gather_step(const Element* w, int64_t step, int64_t count) {
  if (step == 1 && count == kStripColumns) return short_words(w);
  alignas(32) int16_t words[kStripColumns] = {};
  for (int64_t c = 0; c < count; ++c) words[c] = w[c * step];
  return load256(words);
}

void store_pair(__m256i even, __m256i odd, int16_t* to) {
  store256(to, _mm256_unpacklo_epi16(even, odd));
  store256(to + 16, _mm256_unpackhi_epi16(even, odd));
}

template <class Element>
void pack_strip(const MoteBatchMatmulShape& s, const Element* w, int64_t count, int16_t* to) {
  const int64_t column = s.transpose_w ? s.depth : 1, step = s.transpose_w ? 1 : s.columns;
  for (int64_t k = 0; k < s.depth; k += 2) {
    const __m256i even = gather_step(w + k * step, column, count);
    const __m256i odd =
        k + 1 < s.depth ? gather_step(w + (k + 1) * step, column, count) : _mm256_setzero_si256();
    if constexpr (sizeof(Element) == 2) {
      const auto high = [](__m256i v) {
        const __m256i upper = _mm256_srai_epi16(v, 8);  // rounded: one more where bit 7 is set
        return _mm256_sub_epi16(upper, _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 15));
      };
      const auto low = [](__m256i v) { return _mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8); };
      store_pair(high(even), high(odd), to);
      store_pair(low(even), low(odd), to + 32);
      to += 64;
    } else {
      store_pair(even, odd, to);
      to += 32;
    }
  }
}

// Calls out(row, sums) for kRows rows against a strip of kParts parts.
template <int kParts, int kRows, class Out>
void multiply_rows(const int16_t* x, int64_t pitch, const int16_t* strip, int64_t pairs,
                   const Out& out) {
  constexpr int64_t kStep = 32 * kParts;
  WideSums totals[kRows] = {};
  for (int64_t done = 0; done < pairs; done += kExactPairs) {
    const int64_t some = pairs - done < kExactPairs ? pairs - done : kExactPairs;
    for (int part = 0; part < kParts; ++part) {
      Lanes16 sums[kRows];
      sum_short_pairs<kRows>(x + 2 * done, pitch, strip + done * kStep + 32 * part, kStep, some,
                             sums);
      const int shift = part + 1 < kParts ? 8 : 0;  // h, then l
      for (int r = 0; r < kRows; ++r) {
        const WideSums more = widened(sums[r]);
        for (int q = 0; q < 4; ++q) {
          totals[r].quad[q] =
              _mm256_add_epi64(totals[r].quad[q], _mm256_slli_epi64(more.quad[q], shift));
        }
      }
    }
  }
  for (int r = 0; r < kRows; ++r) out(r, totals[r]);
}

template <class Element, int kParts>
void run_strips(const Args& a, int64_t begin, int64_t end) {
  const auto& p = params_of(a.params);
  const MoteBatchMatmulShape& s = p.shape;
  const int64_t pairs = short_pairs(s.depth), pitch = 2 * pairs;
  auto* strip = static_cast<int16_t*>(a.scratch);
  int16_t* copied = strip + strip_bytes(p) / 2;
  const SameScales same(mote_scales(p.mac.rounding, a.in[2], a.in[3]));
  const MoteScales scales = mote_scales(p.mac.rounding, same.first(), same.shift);
  for (int64_t unit = begin; unit < end; ++unit) {
    const Strip at = strip_at(s, unit);
    const int16_t* x = static_cast<const int16_t*>(a.in[0]) + at.x;
    pack_strip(s, static_cast<const Element*>(a.in[1]) + at.w + at.w_at, at.count, strip);
    const ShortOutputs outputs(p.mac, scales, nullptr, a.out[0], 0, at.count);
    for (int64_t row = 0; row < s.rows; row += kRowsAtOnce) {
      const int64_t count = s.rows - row < kRowsAtOnce ? s.rows - row : kRowsAtOnce;
      const int16_t* rows = x + row * s.depth;
      if (!reads_in_place(s)) {
        copy_rows(s, x, row, count, pitch, int16_t{0}, copied);
        rows = copied;
      }
      const auto out = [&](int64_t r, const WideSums& sums) {
        outputs.write(at.y + (row + r) * s.columns, sums);
      };
      if (count == kRowsAtOnce) {
        multiply_rows<kParts, kRowsAtOnce>(rows, pitch, strip, pairs, out);
        continue;
      }
      for (int64_t r = 0; r < count; ++r) {
        multiply_rows<kParts, 1>(rows + r * pitch, pitch, strip, pairs,
                                 [&](int64_t, const WideSums& sums) { out(r, sums); });
      }
    }
  }
}

int run(const Args& a, int64_t begin, int64_t end) {
  if (params_of(a.params).mac.w_type == kMoteI16) {
    run_strips<int16_t, 2>(a, begin, end);
  } else {
    run_strips<int8_t, 1>(a, begin, end);
  }
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = "batch_matmul_int__avx2_16bit",
     .run = run,
     .declines = declines,
     .units = units,
     .scratch_bytes = scratch_bytes},
};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kBatchMatmulInt16Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kRows>};
}

#else

namespace mote::kernels {
const ProcessorRows kBatchMatmulInt16Avx2 = {simd::Isa::avx2, {}};
}

#endif
