// batch_matmul_int of bytes for AVX2: each strip of 16 columns of w is packed when it is needed, as
// a panel of words (int8_panels.h: nothing is known of activations that would allow bytes), and
// multiplied with all rows of x.
#include "kernels/batch_matmul/batch_matmul.h"
#include "kernels/batch_matmul/families.h"
#include "kernels/chosen.h"

#if defined(__AVX2__)

#include "kernels/batch_matmul/strips.h"
#include "kernels/common/int8_copy-inl.h"
#include "kernels/common/int8_multiply.h"
#include "kernels/kernel.h"

namespace mote::kernels::MOTE_ISA {
namespace {

// Rows of x that are widened at once stay in the second cache.
constexpr int64_t kLeastRows = 8, kMostRows = 64, kBlockBytes = 32768;
constexpr int64_t kInfoBytes = 128;  // PanelInfo, then the panel

const MoteBatchMatmulInt& params_of(const void* params) {
  return *static_cast<const MoteBatchMatmulInt*>(params);
}

const char* declines(const void* params) {
  const MoteIntMac& m = params_of(params).mac;
  if (m.w_type != kMoteI8) return "the second operand is not int8";
  if (m.y_type == kMoteI32) return "the output is the bare sum";
  if (m.w_zero < -128 || m.w_zero > 127) return "the zero point is not a value of the operand";
  return declines_int(m);
}

int64_t units(const void* params) { return strip_units(params_of(params).shape); }

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

// In scratch: the panel, a block of rows of x as bytes and as words, where each row starts, and two
// numbers for each.
struct Layout {
  int64_t blocks, pitch, rows;
  size_t bytes, words, pixels, terms, end;

  explicit Layout(const MoteBatchMatmulShape& s) {
    blocks = int8_blocks(s.depth);
    pitch = blocks * kBlockSteps;
    const int64_t most = pitch == 0 ? kMostRows : kBlockBytes / pitch / 4 * 4;
    rows = smaller(s.rows, smaller(kMostRows, most > kLeastRows ? most : kLeastRows));
    const auto block = static_cast<size_t>(rows * pitch);
    bytes = kInfoBytes + round_up(static_cast<size_t>(pitch * kStripColumns));
    words = bytes + round_up(block);
    pixels = words + round_up(2 * block);
    terms = pixels + static_cast<size_t>(rows) * sizeof(int64_t);
    end = terms + static_cast<size_t>(rows) * sizeof(int32_t);
  }

  // Room to copy and to read whole vectors.
  static size_t round_up(size_t size) { return (size + 127) / 64 * 64; }
};

size_t scratch_bytes(const void* params) { return Layout(params_of(params).shape).end; }

// Columns as the halves of two registers of words hold them: 0 2 1 3 8 10 9 11, 4 6 5 7 12 14 13
// 15.
struct Halves {
  __m128i first, second;
};

// Two steps of 16 (or 8) columns as cells of two bytes: c0 .. c7 and c8 .. c15.
[[gnu::always_inline]] inline Halves in_lanes(__m128i low, __m128i high) {
  const __m128i order = _mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);
  low = _mm_shuffle_epi8(low, order);
  high = _mm_shuffle_epi8(high, order);
  return {_mm_unpacklo_epi64(low, high), _mm_unpackhi_epi64(low, high)};
}

__m128i load16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }

// Up to 16 bytes, the rest 0.
__m128i load_some(const int8_t* from, int64_t count) {
  if (count == 16) return load16(from);
  alignas(16) int8_t bytes[16] = {};
  for (int64_t i = 0; i < count; ++i) bytes[i] = from[i];
  return load16(bytes);
}

// Stores words panels of 16 or 8 columns, two steps at a time, and adds them up.
class Writer {
 public:
  Writer(int8_t* to, bool wide) : to_(to), wide_(wide) {}

  void put(Halves h) {
    sums_[0] = add(sums_[0], h.first);
    if (wide_) {
      sums_[1] = add(sums_[1], h.second);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to_), h.first);
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to_ + 16), h.second);
      to_ += 32;
    } else {
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to_), h.first);
      to_ += 16;
    }
  }

  void store_sums(int32_t* to) const {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), sums_[0]);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8), sums_[1]);
  }

 private:
  static __m256i add(__m256i sum, __m128i cells) {
    const __m256i words = _mm256_cvtepi8_epi16(cells);
    return _mm256_add_epi32(sum, _mm256_madd_epi16(words, _mm256_set1_epi16(1)));
  }

  int8_t* to_;
  bool wide_;
  __m256i sums_[2] = {_mm256_setzero_si256(), _mm256_setzero_si256()};
};

// 8 columns are laid out as c0 c2 c1 c3 c4 c6 c5 c7: the first halves of both registers.
Halves in_lanes_of(__m128i low, __m128i high, bool wide) {
  if (wide) return in_lanes(low, high);
  const __m128i order = _mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15);
  return {_mm_shuffle_epi8(low, order), _mm_setzero_si128()};
}

// Columns that are neighbours, each step `pitch` elements from the next.
void pack_rows(const int8_t* w, int64_t pitch, int64_t depth, int64_t count, bool wide,
               Writer& writer) {
  const auto put = [&](__m128i even, __m128i odd) {
    writer.put(in_lanes_of(_mm_unpacklo_epi8(even, odd), _mm_unpackhi_epi8(even, odd), wide));
  };
  const __m128i zero = _mm_setzero_si128();
  int64_t k = 0;
  for (; k + 2 <= depth; k += 2) {
    const int8_t* from = w + k * pitch;
    put(load_some(from, count), load_some(from + pitch, count));
  }
  if (k < depth) put(load_some(w + k * pitch, count), zero), k += 2;
  if (k % kBlockSteps != 0) put(zero, zero);
}

// 16 steps of four columns as four blocks of cells of four bytes.
struct Cells {
  __m128i block[4];
};

Cells transposed(__m128i a, __m128i b, __m128i c, __m128i d) {
  const __m128i ab0 = _mm_unpacklo_epi32(a, b), ab2 = _mm_unpackhi_epi32(a, b);
  const __m128i cd0 = _mm_unpacklo_epi32(c, d), cd2 = _mm_unpackhi_epi32(c, d);
  return {{_mm_unpacklo_epi64(ab0, cd0), _mm_unpackhi_epi64(ab0, cd0), _mm_unpacklo_epi64(ab2, cd2),
           _mm_unpackhi_epi64(ab2, cd2)}};
}

// `blocks` <= 4 blocks of 16 columns; load(c) gives 16 steps of column c.
template <class Load>
void pack_steps(const Load& load, int64_t blocks, bool wide, Writer& writer) {
  // The first two steps of four columns, then the others.
  const __m128i order = _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15);
  Cells quarters[4];
  for (int i = 0; i < (wide ? 4 : 2); ++i) {
    quarters[i] = transposed(load(4 * i), load(4 * i + 1), load(4 * i + 2), load(4 * i + 3));
  }
  for (int64_t b = 0; b < blocks; ++b) {
    const auto cells = [&](int i) { return _mm_shuffle_epi8(quarters[i].block[b], order); };
    const __m128i q0 = cells(0), q1 = cells(1);
    const __m128i q2 = wide ? cells(2) : q0, q3 = wide ? cells(3) : q1;
    writer.put(in_lanes_of(_mm_unpacklo_epi64(q0, q1), _mm_unpacklo_epi64(q2, q3), wide));
    writer.put(in_lanes_of(_mm_unpackhi_epi64(q0, q1), _mm_unpackhi_epi64(q2, q3), wide));
  }
}

// Columns whose steps are neighbours.
void pack_columns(const int8_t* w, int64_t depth, int64_t count, bool wide, Writer& writer) {
  const __m128i zero = _mm_setzero_si128();
  int64_t k = 0;
  for (; k + 16 <= depth; k += 16) {
    pack_steps([&](int64_t c) { return c < count ? load16(w + c * depth + k) : zero; }, 4, wide,
               writer);
  }
  if (k == depth) return;
  pack_steps([&](int64_t c) { return c < count ? load_some(w + c * depth + k, depth - k) : zero; },
             int8_blocks(depth - k), wide, writer);
}

void pack_strip(const MoteBatchMatmulShape& s, const int8_t* w, int64_t count, uint8_t* to) {
  auto* info = reinterpret_cast<PanelInfo*>(to);
  info->chain = 0;
  info->centre = 0;
  info->offset_bytes = kInfoBytes;
  const bool wide = count > kPanelChannels / 2;
  Writer writer(reinterpret_cast<int8_t*>(to) + kInfoBytes, wide);
  if (s.transpose_w) {
    pack_columns(w, s.depth, count, wide, writer);
  } else {
    pack_rows(w, s.columns, s.depth, count, wide, writer);
  }
  writer.store_sums(info->sums);
}

// Rows of x to scratch.
void load_rows(const MoteBatchMatmulShape& s, const Layout& l, const uint8_t* x, uint64_t flip,
               int64_t row, int64_t count, uint8_t* scratch) {
  uint8_t* bytes = scratch + l.bytes;
  const int64_t n = count * l.pitch;
  if (!s.transpose_x && l.pitch == s.depth) {
    copy_bytes(x + row * s.depth, n, flip, bytes);
  } else {
    copy_rows(s, x, row, count, l.pitch, static_cast<uint8_t>(flip), bytes);
  }
  widen_bytes(bytes, n, reinterpret_cast<int16_t*>(scratch + l.words));
}

int run(const Args& a, int64_t begin, int64_t end) {
  const auto& p = params_of(a.params);
  const MoteBatchMatmulShape& s = p.shape;
  const Layout l(s);
  auto* scratch = static_cast<uint8_t*>(a.scratch);
  const SameScales same(mote_scales(p.mac.rounding, a.in[2], a.in[3]));
  IntJob job =
      int_job(p.mac, nullptr, same.first(), same.shift, kStripColumns, a.out[0], s.columns);
  auto* pixels = reinterpret_cast<int64_t*>(scratch + l.pixels);
  auto* terms = reinterpret_cast<int32_t*>(scratch + l.terms);
  for (int64_t i = 0; i < l.rows; ++i) pixels[i] = i * l.pitch;
  job.row_terms = terms;
  const int64_t run_at = 0;
  const Tile tile = {
      scratch + l.bytes, reinterpret_cast<const int16_t*>(scratch + l.words), pixels, &run_at, 1,
      l.blocks};
  const auto* x = static_cast<const uint8_t*>(a.in[0]);
  int64_t held_matrix = -1, held_row = -1;
  for (int64_t unit = begin; unit < end; ++unit) {
    const Strip strip = strip_at(s, unit);
    pack_strip(s, static_cast<const int8_t*>(a.in[1]) + strip.w + strip.w_at, strip.count, scratch);
    for (int64_t row = 0; row < s.rows; row += l.rows) {
      const int64_t count = smaller(l.rows, s.rows - row);
      if (held_matrix != strip.x || held_row != row) {
        load_rows(s, l, x + strip.x, flip_of(p.mac.x_type), row, count, scratch);
        held_matrix = strip.x, held_row = row;
      }
      if (p.mac.w_zero != 0) sum_patches(job, tile, 0, s.depth, count, terms);
      job.y_first = strip.y + row * s.columns;
      multiply_int(job, tile, count, scratch, strip.count, 0, 1);
    }
  }
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = "batch_matmul_int__avx2_8bit",
     .run = run,
     .declines = declines,
     .units = units,
     .scratch_bytes = scratch_bytes},
};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kBatchMatmulInt8Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kRows>};
}

#else

namespace mote::kernels {
const ProcessorRows kBatchMatmulInt8Avx2 = {simd::Isa::avx2, {}};
}

#endif
