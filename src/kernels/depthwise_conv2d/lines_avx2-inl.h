// Fills a line (layout_avx2-inl.h): widens x, subtracts the zero point, interleaves neighbours.
#pragma once

#if defined(__AVX2__)

#include "kernels/common/lanes16_avx2-inl.h"
#include "kernels/depthwise_conv2d/layout_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {

inline __m128i load128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
inline __m128i load64(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }

inline __m256i widen(const int8_t*, __m128i bytes) { return _mm256_cvtepi8_epi16(bytes); }
inline __m256i widen(const uint8_t*, __m128i bytes) { return _mm256_cvtepu8_epi16(bytes); }

// 16 bytes or words as words. Bytes are widened as they are loaded: from a register it takes more
// than twice as long.
inline __m256i widen16(const int8_t* p) {
  __m256i v;
  asm("vpmovsxbw %1, %0" : "=x"(v) : "m"(*reinterpret_cast<const __m128i_u*>(p)));
  return v;
}
inline __m256i widen16(const uint8_t* p) {
  __m256i v;
  asm("vpmovzxbw %1, %0" : "=x"(v) : "m"(*reinterpret_cast<const __m128i_u*>(p)));
  return v;
}
inline __m256i widen16(const int16_t* p) { return load256(p); }

template <class Source>
inline __m256i widen_halves(const Source* a, const Source* b) {
  if constexpr (sizeof(Source) == 2) {
    return _mm256_inserti128_si256(_mm256_castsi128_si256(load128(a)), load128(b), 1);
  } else {
    return widen(a, _mm_unpacklo_epi64(load64(a), load64(b)));
  }
}

// How a block's lanes lie in x.
enum class Gather { kWhole, kHalves, kSpread, kAny };

template <class Source>
class LineReader {
 public:
  LineReader(const Layout& layout, const Source* x)
      : l_(layout), g_(layout.window), x_(x), count_(int64_t{g_.batches} * g_.in_h * row_size()) {}

  void set_zero(int32_t zero) {
    zero_ = _mm256_set1_epi16(static_cast<int16_t>(zero));
    for (Source& v : outside_) v = static_cast<Source>(zero);
  }

  void set_block(int64_t block) {
    const int64_t multiplier = g_.out_c / g_.in_c;
    if (multiplier == 1 && l_.fold == 1) {
      gather_ = Gather::kWhole;
      first_ = block * kLanes, reach_ = first_ + kLanes, last_ = smaller(reach_, g_.in_c);
      return;
    }
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      const int64_t pixel = l_.fold == 1 ? 0 : lane / g_.out_c;
      const int64_t channel = l_.fold == 1 ? block * kLanes + lane : lane % g_.out_c;
      // Lanes past the last channel read the last one; their weights are 0.
      const int64_t read = smaller(channel, g_.out_c - 1) / multiplier;
      offset_[lane] = pixel * g_.stride_w * g_.in_c + read;
      pixel_[lane] = pixel;
    }
    classify();
  }

  // Lines begin at x's column `first`.
  void set_column(int64_t first) {
    column_ = first;
    const int64_t last_pixel = (l_.fold - 1) * g_.stride_w;
    // Columns [begin_, end_) and what is interleaved with them lie in x.
    begin_ = first >= 0 ? 0 : smaller(ceil_div(-first, l_.column_step), l_.columns);
    const int64_t room = g_.in_w - 1 - last_pixel - g_.dilation_w - first;
    end_ = room < 0 ? 0 : smaller(room / l_.column_step + 1, l_.columns);
    end_ = larger(end_, begin_);
  }

  // The lines of input rows [row, row + count), counted over all batches.
  void fill(int64_t row, int64_t count, int16_t* lines) const {
    const bool whole = l_.fold == 1 && gather_ == Gather::kWhole;
    for (int64_t i = 0; i < count; ++i, lines += l_.line_shorts()) {
      // The last block's lanes may reach over the end of x, by more than a row where rows are
      // short.
      const int64_t past = (row + i + 1) * row_size() - g_.in_c + reach_;
      if (whole && past <= count_) {
        fill_whole(x_ + (row + i) * row_size() + first_, lines);
      } else {
        fill_any(row + i, lines);
      }
    }
  }

  void fill_zero(int16_t* line) const {
    for (int64_t i = 0; i < l_.columns * 2; ++i) store256(line + i * 16, _mm256_setzero_si256());
  }

 private:
  int64_t row_size() const { return int64_t{g_.in_w} * g_.in_c; }

  void classify() {
    const auto runs = [&](int64_t from, int64_t to) {
      for (int64_t i = from + 1; i < to; ++i) {
        if (offset_[i] != offset_[i - 1] + 1) return false;
      }
      return true;
    };
    int64_t most = 0;
    for (const int64_t offset : offset_) most = larger(most, offset);
    if (runs(0, 16)) {
      gather_ = Gather::kWhole, first_ = offset_[0], reach_ = first_ + 16;
    } else if (runs(0, 8) && runs(8, 16)) {
      gather_ = Gather::kHalves, reach_ = most + 1;
    } else if (sizeof(Source) == 1 && most - offset_[0] < 16) {
      gather_ = Gather::kSpread, reach_ = offset_[0] + 16;
      alignas(16) uint8_t picks[16];
      for (int64_t i = 0; i < 16; ++i) picks[i] = static_cast<uint8_t>(offset_[i] - offset_[0]);
      spread_ = load128(picks);
    } else {
      gather_ = Gather::kAny, reach_ = most + 1;
    }
  }

  // Columns whose lanes lie side by side; those outside x read `outside_`.
  void fill_whole(const Source* from, int16_t* line) const {
    const int64_t in_w = g_.in_w, channels = g_.in_c, step = l_.column_step;
    const auto read = [&](int64_t column) {
      const bool inside = static_cast<uint64_t>(column) < static_cast<uint64_t>(in_w);
      const Source* at = from + column * channels;
      return _mm256_sub_epi16(widen16(inside ? at : outside_), zero_);
    };
    int64_t column = column_, next = column_ + g_.dilation_w;
    if (step == g_.dilation_w) {
      __m256i a = read(column);
      for (int64_t left = l_.columns; left > 0; --left, line += kColumnShorts, next += step) {
        const __m256i b = read(next);
        interleave(a, b, line);
        a = b;
      }
      return;
    }
    for (int64_t left = l_.columns; left > 0; --left, line += kColumnShorts) {
      interleave(read(column), read(next), line);
      column += step, next += step;
    }
  }

  // Any columns; one line.
  __attribute__((noinline)) void fill_any(int64_t row, int16_t* line) const {
    const Source* from = x_ + row * row_size();
    int64_t end = end_;
    const Source* last = from + (column_ + (end - 1) * l_.column_step + g_.dilation_w) * g_.in_c;
    while (end > begin_ && last + reach_ > x_ + count_) --end, last -= l_.column_step * g_.in_c;
    for (int64_t i = 0; i < begin_; ++i) edge(row, i, line);
    const Source* at = from + (column_ + begin_ * l_.column_step) * g_.in_c;
    inner(at, end - begin_, line + begin_ * kColumnShorts);
    for (int64_t i = end; i < l_.columns; ++i) edge(row, i, line);
  }

  // A column all of whose lanes lie in x.
  template <Gather kGather>
  __m256i column(const Source* at) const {
    __m256i v;
    if constexpr (kGather == Gather::kWhole) {
      v = widen16(at + first_);
    } else if constexpr (kGather == Gather::kHalves) {
      v = widen_halves(at + offset_[0], at + offset_[8]);
    } else if constexpr (kGather == Gather::kSpread && sizeof(Source) == 1) {
      v = widen(at, _mm_shuffle_epi8(load128(at + offset_[0]), spread_));
    } else {
      alignas(32) int16_t lanes[16];
      for (int64_t i = 0; i < 16; ++i) lanes[i] = static_cast<int16_t>(at[offset_[i]]);
      v = load256(lanes);
    }
    return _mm256_sub_epi16(v, zero_);
  }

  static void interleave(__m256i a, __m256i b, int16_t* to) {
    store256(to, _mm256_unpacklo_epi16(a, b));
    store256(to + 16, _mm256_unpackhi_epi16(a, b));
  }

  template <Gather kGather>
  void inner_columns(const Source* at, int64_t n, int16_t* line) const {
    const int64_t step = l_.column_step * g_.in_c, next = int64_t{g_.dilation_w} * g_.in_c;
    if (step == next) {
      __m256i a = column<kGather>(at);
      for (int64_t i = 0; i < n; ++i) {
        at += step;
        const __m256i b = column<kGather>(at);
        interleave(a, b, line + i * kColumnShorts);
        a = b;
      }
      return;
    }
    for (int64_t i = 0; i < n; ++i, at += step) {
      interleave(column<kGather>(at), column<kGather>(at + next), line + i * kColumnShorts);
    }
  }

  void inner(const Source* at, int64_t n, int16_t* line) const {
    if (n <= 0) return;
    switch (gather_) {
      case Gather::kWhole:
        return inner_columns<Gather::kWhole>(at, n, line);
      case Gather::kHalves:
        return inner_columns<Gather::kHalves>(at, n, line);
      case Gather::kSpread:
        return inner_columns<Gather::kSpread>(at, n, line);
      default:
        return inner_columns<Gather::kAny>(at, n, line);
    }
  }

  // A column that may lie outside x, in part or in whole, or at its very end.
  __m256i edge_column(int64_t row, int64_t column_x) const {
    const int64_t last = column_x + (l_.fold - 1) * g_.stride_w;
    if (last < 0 || column_x >= g_.in_w) return _mm256_setzero_si256();
    const Source* at = x_ + row * row_size() + column_x * g_.in_c;
    alignas(32) int16_t lanes[16] = {}, inside[16] = {};
    if (l_.fold == 1 && gather_ == Gather::kWhole) {
      for (int64_t i = 0; first_ + i < last_; ++i) {
        lanes[i] = static_cast<int16_t>(at[first_ + i]), inside[i] = -1;
      }
    } else {
      for (int64_t i = 0; i < kLanes; ++i) {
        const int64_t x = column_x + pixel_[i] * g_.stride_w;
        if (x < 0 || x >= g_.in_w) continue;
        lanes[i] = static_cast<int16_t>(at[offset_[i]]), inside[i] = -1;
      }
    }
    return _mm256_and_si256(_mm256_sub_epi16(load256(lanes), zero_), load256(inside));
  }

  void edge(int64_t row, int64_t i, int16_t* line) const {
    const int64_t column_x = column_ + i * l_.column_step;
    interleave(edge_column(row, column_x), edge_column(row, column_x + g_.dilation_w),
               line + i * kColumnShorts);
  }

  const Layout& l_;
  const MoteWindow& g_;
  const Source* x_;
  int64_t count_;
  __m256i zero_ = _mm256_setzero_si256();
  alignas(32) Source outside_[kLanes] = {};  // the zero point
  __m128i spread_ = _mm_setzero_si128();
  Gather gather_ = Gather::kAny;
  int64_t column_ = 0, begin_ = 0, end_ = 0;  // of a line; its columns that lie in x
  int64_t first_ = 0, last_ = 0;              // kWhole: channels [first, last)
  int64_t reach_ = 0;        // elements after a column's first channel that its load touches
  int64_t offset_[16] = {};  // the others: of each lane, after its column's first channel
  int64_t pixel_[16] = {};   // which of the block's pixels it belongs to
};

}  // namespace mote::kernels::MOTE_ISA

#endif
