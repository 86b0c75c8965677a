// Depthwise convolution of integers by pairs of taps: x is widened to 16 bits and each column
// interleaved with the next, so that one vpmaddwd multiplies and adds two taps of eight channels.
#include "kernels/chosen.h"
#include "kernels/depthwise_conv2d/rows_avx2.h"

#if defined(__AVX2__)

#include "kernels/depthwise_conv2d/layout_avx2-inl.h"
#include "kernels/depthwise_conv2d/lines_avx2-inl.h"
#include "kernels/depthwise_conv2d/output_avx2-inl.h"
#include "kernels/depthwise_conv2d/pixel_avx2-inl.h"
#include "kernels/depthwise_conv2d/sums_avx2-inl.h"

namespace mote::kernels {
namespace {

using namespace MOTE_ISA;

// Sums without bias stay below 2^29, also when they are doubled.
constexpr int64_t kMostTapsOfBytes = 4096, kMostTapsOfShorts = 120;
constexpr int64_t kMostScratchBytes = int64_t{1} << 18;

// Twice or once the weights, as 16 bits, for pairs of taps.
void pack_weights(const Layout& l, int32_t type, int32_t zero, int factor, const void* weights,
                  int16_t* packed) {
  const MoteWindow& g = l.window;
  for (int64_t block = 0; block < l.blocks; ++block) {
    int64_t channels[16];
    lane_channels(l, block, channels);
    for (int64_t fy = 0; fy < g.filter_h; ++fy) {
      for (int64_t pair = 0; pair < l.pairs; ++pair, packed += kColumnShorts) {
        for (int64_t i = 0; i < kColumnShorts; ++i) {
          const int64_t quad = i / 8, lane = (quad == 1 ? 8 : quad == 2 ? 4 : quad * 4) + i % 8 / 2;
          const int64_t fx = 2 * pair + i % 2, c = channels[lane];
          const bool inside = c >= 0 && fx < g.filter_w;
          const int64_t at = (fy * g.filter_w + fx) * g.out_c + c;
          packed[i] = inside ? static_cast<int16_t>((mote_load(weights, at, type) - zero) * factor)
                             : int16_t{0};
        }
      }
    }
  }
}

// Keeps the lines of a strip while strips go down an image.
template <class Source>
class Strips {
 public:
  Strips(const Layout& l, const LineReader<Source>& reader, int16_t* lines)
      : l_(l), g_(l.window), reader_(reader), lines_(lines) {}

  void set_batch(int64_t batch) { first_row_ = batch * g_.in_h, known_ = 0; }

  // The lines of `rows` output rows from `oy` on.
  void fill(int64_t oy, int64_t rows) {
    const int64_t top = oy * g_.stride_h - g_.pad_top;
    if (l_.tap_lines != g_.dilation_h || l_.row_lines != g_.stride_h) return fill_each(top, rows);
    const int64_t count = (rows - 1) * g_.stride_h + (g_.filter_h - 1) * g_.dilation_h + 1;
    int64_t i = 0;
    if (known_ > 0 && top >= top_ && top < top_ + known_) {
      const int64_t kept = smaller(top_ + known_ - top, count);
      move_lines(top - top_, kept);
      i = kept;
    }
    fill_lines(top + i, count - i, i);
    top_ = top, known_ = count;
  }

 private:
  // Filter rows of each output row by themselves.
  void fill_each(int64_t top, int64_t rows) const {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t fy = 0; fy < g_.filter_h; ++fy) {
        fill_lines(top + row * g_.stride_h + fy * g_.dilation_h, 1, row * g_.filter_h + fy);
      }
    }
  }

  // Lines [i, i + count) are input rows from `row` on, some of which may lie outside x.
  void fill_lines(int64_t row, int64_t count, int64_t i) const {
    const int64_t first = smaller(larger(-row, 0), count);
    const int64_t past = larger(smaller(g_.in_h - row, count), first);
    int16_t* lines = lines_ + i * l_.line_shorts();
    for (int64_t k = 0; k < first; ++k) reader_.fill_zero(lines + k * l_.line_shorts());
    reader_.fill(first_row_ + row + first, past - first, lines + first * l_.line_shorts());
    for (int64_t k = past; k < count; ++k) reader_.fill_zero(lines + k * l_.line_shorts());
  }

  // Lines [by, by + count) become [0, count).
  void move_lines(int64_t by, int64_t count) const {
    if (by == 0) return;
    const int16_t* from = lines_ + by * l_.line_shorts();
    for (int64_t i = 0; i < count * l_.line_shorts(); i += 16) {
      store256(lines_ + i, load256(from + i));
    }
  }

  const Layout& l_;
  const MoteWindow& g_;
  const LineReader<Source>& reader_;
  int16_t* lines_;
  int64_t first_row_ = 0;        // of the batch
  int64_t top_ = 0, known_ = 0;  // lines [0, known_) are those of input rows from top_ on
};

// One block, one tile of columns, output rows [begin, end) of all batches.
template <class Source, class Zero, class Output>
void run_rows(const Layout& l, LineReader<Source>& reader, const int16_t* weights,
              const Zero& zero_of, Output& output, int64_t block, int64_t tile, int64_t begin,
              int64_t end, int16_t* lines) {
  const MoteWindow& g = l.window;
  auto* sums = reinterpret_cast<int32_t*>(lines + l.lines * l.line_shorts());
  const int64_t pixel = tile * l.tile, pixels = smaller(l.tile, l.pixels - pixel);
  reader.set_column(pixel * l.fold * g.stride_w - g.pad_left);
  Strips<Source> strips(l, reader, lines);
  const int64_t lanes = l.fold > 1 ? kLanes : smaller(kLanes, g.out_c - block * kLanes);
  const int64_t rest = (g.out_w - (pixel + pixels - 1) * l.fold) * g.out_c;
  OutputLine line = {0, l.fold * g.out_c, pixels, lanes, l.fold > 1 ? smaller(rest, lanes) : lanes};
  // Rows whose pixels follow each other evenly are written together.
  const bool even = l.tiles == 1 && line.last_lanes == lanes;
  int64_t batch = begin / g.out_h, oy = begin % g.out_h;
  for (int64_t row = begin; row < end;) {
    if (oy == g.out_h) oy = 0, ++batch;
    if (row == begin || oy == 0) {
      reader.set_zero(zero_of(batch));
      output.set_batch(batch);
      strips.set_batch(batch);
    }
    const int64_t rows = smaller(smaller(l.strip, g.out_h - oy), end - row);
    strips.fill(oy, rows);
    sum_strip(l, lines, weights + block * l.block_weights(), output.start(), rows, pixels, sums);
    const int64_t writes = even ? 1 : rows;
    line.pixels = even ? rows * pixels : pixels;
    for (int64_t i = 0; i < writes; ++i) {
      line.first = ((row + i) * g.out_w + pixel * l.fold) * g.out_c + block * kLanes;
      output.write(sums + i * pixels * kLanes, line);
    }
    row += rows, oy += rows;
  }
}

// Output rows whose input stays in the second cache while the blocks take turns.
int64_t rows_at_once(const Layout& l, size_t element_bytes) {
  constexpr int64_t kBytes = 1 << 16;
  const MoteWindow& g = l.window;
  const int64_t row_bytes = larger(l.columns * l.column_step * g.in_c, 1) *
                            static_cast<int64_t>(element_bytes) * g.stride_h;
  return larger(kBytes / row_bytes, 4);
}

template <class Source, class Zero, class Output>
void run_units(const Layout& l, const Source* x, const int16_t* weights, const Zero& zero_of,
               Output& output, int64_t begin, int64_t end, void* scratch) {
  if (l.is_pixel) return run_pixels(l, x, weights, zero_of, output, begin, end);
  LineReader<Source> reader(l, x);
  const int64_t most = rows_at_once(l, sizeof(Source));
  const int64_t blocks = l.groups > 1 ? 1 : l.blocks;
  const int64_t pieces = l.groups * l.tiles;
  for (int64_t piece = 0; piece < pieces; ++piece) {
    const int64_t group = piece / l.tiles, tile = piece % l.tiles;
    const int64_t last = ceil_div(end - piece, pieces);
    for (int64_t row = ceil_div(begin - piece, pieces); row < last; row += most) {
      const int64_t past = smaller(last, row + most);
      for (int64_t block = group * blocks; block < (group + 1) * blocks; ++block) {
        reader.set_block(block);
        output.set_block(l, block);
        run_rows(l, reader, weights, zero_of, output, block, tile, row, past,
                 static_cast<int16_t*>(scratch));
      }
    }
  }
}

// Packed weights begin with the layout, because its divisions take as long as a small layer.
constexpr size_t kHeaderBytes = 320;
static_assert(sizeof(Layout) <= kHeaderBytes);

int16_t* put_layout(const Layout& l, void* packed) {
  auto* bytes = static_cast<unsigned char*>(packed);
  for (size_t i = 0; i < kHeaderBytes; ++i) bytes[i] = 0;
  __builtin_memcpy(bytes, &l, sizeof l);
  return reinterpret_cast<int16_t*>(bytes + kHeaderBytes);
}

// Made anew for a part of the image that the weights were packed for.
Layout layout_in(const void* packed, const MoteWindow& image) {
  Layout l;
  __builtin_memcpy(&l, packed, sizeof l);
  return __builtin_memcmp(&l.image, &image, sizeof image) == 0 ? l : layout_of(image);
}

const int16_t* weights_in(const void* packed) {
  return reinterpret_cast<const int16_t*>(static_cast<const unsigned char*>(packed) + kHeaderBytes);
}

template <class Params>
Layout layout_for(const void* params) {
  return layout_of(static_cast<const Params*>(params)->window);
}

template <class Params>
int64_t units(const void* params) {
  return layout_for<Params>(params).units();
}
template <class Params>
size_t scratch_bytes(const void* params) {
  return static_cast<size_t>(layout_for<Params>(params).scratch_bytes());
}
template <class Params>
size_t packed_bytes(const void* params) {
  return kHeaderBytes + static_cast<size_t>(layout_for<Params>(params).packed_bytes());
}

const char* window_declines(const MoteWindow& g, int64_t most_taps) {
  if (g.in_c == 0 || g.in_h == 0 || g.in_w == 0 || g.filter_h == 0 || g.filter_w == 0)
    return "an extent is 0";
  if (int64_t{g.filter_h} * g.filter_w > most_taps)
    return "the filter has more taps than a 32-bit sum holds";
  return layout_of(g).scratch_bytes() > kMostScratchBytes ? "the window is too wide" : nullptr;
}

const char* int_declines(const void* params) {
  const auto& p = *static_cast<const MoteDepthwiseInt*>(params);
  const MoteIntMac& m = p.mac;
  const bool shorts = m.x_type == kMoteI16;
  const bool centered = m.w_type == kMoteU8 ? !shorts : m.w_zero == 0;
  if (!centered) return "the weights have a zero point";
  if (m.w_type != kMoteI8 && m.w_type != kMoteI4 && m.w_type != kMoteU8)
    return "the weights have more than 8 bits";
  if (shorts ? m.x_zero != 0 : m.x_zero < -128 || m.x_zero > 255)
    return "the zero point is out of range";
  return window_declines(p.window, shorts ? kMostTapsOfShorts : kMostTapsOfBytes);
}

void int_pack(const void* params, const void* weights, void* packed) {
  const auto& p = *static_cast<const MoteDepthwiseInt*>(params);
  const Layout l = layout_of(p.window);
  pack_weights(l, p.mac.w_type, p.mac.w_zero, IntOutput::kWeightFactor, weights,
               put_layout(l, packed));
}

int int_run(const Args& a, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteDepthwiseInt*>(a.params);
  const Layout l = layout_in(a.in[1], p.window);
  IntOutput output(p.mac, a.in[2], a.in[3], a.in[4], a.out[0]);
  const int16_t* weights = weights_in(a.in[1]);
  const auto zero_of = [&](int64_t) { return p.mac.x_zero; };
  switch (p.mac.x_type) {
    case kMoteI8:
      run_units(l, static_cast<const int8_t*>(a.in[0]), weights, zero_of, output, begin, end,
                a.scratch);
      break;
    case kMoteU8:
      run_units(l, static_cast<const uint8_t*>(a.in[0]), weights, zero_of, output, begin, end,
                a.scratch);
      break;
    default:
      run_units(l, static_cast<const int16_t*>(a.in[0]), weights, zero_of, output, begin, end,
                a.scratch);
  }
  return kOk;
}

const char* hybrid_declines(const void* params) {
  const auto& p = *static_cast<const MoteDepthwiseHybrid*>(params);
  if (p.mac.w_type != kMoteI8 && p.mac.w_type != kMoteI4)
    return "the weights are neither int8 nor int4";
  return window_declines(p.window, kMostTapsOfBytes);
}

void hybrid_pack(const void* params, const void* weights, void* packed) {
  const auto& p = *static_cast<const MoteDepthwiseHybrid*>(params);
  const Layout l = layout_of(p.window);
  pack_weights(l, p.mac.w_type, 0, HybridOutput::kWeightFactor, weights, put_layout(l, packed));
}

int hybrid_run(const Args& a, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteDepthwiseHybrid*>(a.params);
  HybridOutput output(p.mac, static_cast<const float*>(a.in[2]), static_cast<const float*>(a.in[3]),
                      static_cast<const float*>(a.in[4]), static_cast<float*>(a.out[0]));
  const auto* zeros = static_cast<const int32_t*>(a.in[5]);
  run_units(
      layout_in(a.in[1], p.window), static_cast<const int8_t*>(a.in[0]), weights_in(a.in[1]),
      [&](int64_t batch) { return zeros[batch]; }, output, begin, end, a.scratch);
  return kOk;
}

constexpr Kernel kIntRows[] = {{.name = "depthwise_conv2d_int__avx2",
                                .run = int_run,
                                .declines = int_declines,
                                .units = units<MoteDepthwiseInt>,
                                .scratch_bytes = scratch_bytes<MoteDepthwiseInt>,
                                .pack_input = 1,
                                .packed_bytes = packed_bytes<MoteDepthwiseInt>,
                                .pack = int_pack,
                                .packed_image_bytes = kHeaderBytes}};

constexpr Kernel kHybridRows[] = {{.name = "depthwise_conv2d_hybrid__avx2",
                                   .run = hybrid_run,
                                   .declines = hybrid_declines,
                                   .units = units<MoteDepthwiseHybrid>,
                                   .scratch_bytes = scratch_bytes<MoteDepthwiseHybrid>,
                                   .pack_input = 1,
                                   .packed_bytes = packed_bytes<MoteDepthwiseHybrid>,
                                   .pack = hybrid_pack,
                                   .packed_image_bytes = kHeaderBytes}};

}  // namespace

const ProcessorRows kDepthwiseConv2dIntAvx2 = {simd::Isa::avx2, chosen<kIntRows>};
const ProcessorRows kDepthwiseConv2dHybridAvx2 = {simd::Isa::avx2, chosen<kHybridRows>};

}  // namespace mote::kernels

#else

namespace mote::kernels {

const ProcessorRows kDepthwiseConv2dIntAvx2 = {simd::Isa::avx2, {}};
const ProcessorRows kDepthwiseConv2dHybridAvx2 = {simd::Isa::avx2, {}};

}  // namespace mote::kernels

#endif
