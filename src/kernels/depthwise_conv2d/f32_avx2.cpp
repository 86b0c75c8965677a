// Depthwise convolution of floats: output rows in tiles of up to six pixels (f32_tile_avx2-inl.h).
// Taps outside x are skipped, not multiplied by zero.
#include "kernels/chosen.h"
#include "kernels/depthwise_conv2d/rows_avx2.h"

#if defined(__AVX2__)

#include "kernels/depthwise_conv2d/f32_tile_avx2-inl.h"

namespace mote::kernels {
namespace {

using namespace MOTE_ISA;

using RunSpan = void (*)(const Layer&, const Span&, int64_t first_block, int64_t past_block);

// By pixels of a tile.
template <int kTaps, int kStride, bool kEdge>
constexpr RunSpan kAlongRows[kTileMost] = {
    run_along_rows<kTaps, kStride, 1, kEdge>, run_along_rows<kTaps, kStride, 2, kEdge>,
    run_along_rows<kTaps, kStride, 3, kEdge>, run_along_rows<kTaps, kStride, 4, kEdge>,
    run_along_rows<kTaps, kStride, 5, kEdge>, run_along_rows<kTaps, kStride, 6, kEdge>};

// The way along the filter's rows, for tiles inside x and at its edges; null if there is none.
struct AlongRows {
  const RunSpan *inside = nullptr, *edge = nullptr;
};

template <int kTaps, int kStride>
constexpr AlongRows kBoth = {kAlongRows<kTaps, kStride, false>, kAlongRows<kTaps, kStride, true>};

AlongRows along_rows(const Layer& l) {
  const MoteWindow& g = l.window;
  if (l.multiplier != 1 || g.dilation_w != 1) return {};
  if (g.filter_w == 3 && g.stride_w == 1) return kBoth<3, 1>;
  if (g.filter_w == 3 && g.stride_w == 2) return kBoth<3, 2>;
  if (g.filter_w == 5 && g.stride_w == 1) return kBoth<5, 1>;
  if (g.filter_w == 5 && g.stride_w == 2) return kBoth<5, 2>;
  return {};
}

// The part [first, past) of a filter's height or width that lies in x, for one output coordinate.
struct Clip {
  int64_t first, past;
};

Clip clip(int64_t start, int64_t filter, int64_t dilation, int64_t extent) {
  Clip c;
  c.first = start >= 0 ? 0 : smaller(ceil_div(-start, dilation), filter);
  c.past = start >= extent ? 0 : smaller(filter, (extent - 1 - start) / dilation + 1);
  c.past = larger(c.past, c.first);
  return c;
}

class Runner {
 public:
  Runner(const Layer& l, const float* x, float* y)
      : l_(l), g_(l.window), along_(along_rows(l)), x_(x), y_(y) {
    const int64_t last = g_.in_w - 1 - (g_.filter_w - 1) * int64_t{g_.dilation_w} + g_.pad_left;
    whole_past_ = last < 0 ? 0 : smaller(last / g_.stride_w + 1, g_.out_w);
    whole_first_ = smaller(ceil_div(g_.pad_left, g_.stride_w), whole_past_);
  }

  void run_row(int64_t batch, int64_t oy) const {
    const int64_t y0 = oy * g_.stride_h - g_.pad_top;
    const Clip rows = clip(y0, g_.filter_h, g_.dilation_h, g_.in_h);
    Span s = {};
    s.x = x_ + ((batch * g_.in_h + y0) * g_.in_w - g_.pad_left) * g_.in_c;
    s.y = y_ + (batch * g_.out_h + oy) * g_.out_w * g_.out_c;
    s.x_step = int64_t{g_.stride_w} * g_.in_c, s.y_step = g_.out_c;
    s.x_column = int64_t{g_.dilation_w} * g_.in_c;
    s.x_row = int64_t{g_.dilation_h} * g_.in_w * g_.in_c;
    s.first_row = rows.first, s.past_row = rows.past;
    const int64_t first = l_.first_block, past = l_.past_block;
    const int64_t whole_past = larger(smaller(past, g_.out_c / kWidth), first);
    if (!along_.inside || whole_past == first) return run_taps(s, first);
    run_tiles(s, whole_past);
    if (whole_past < past) run_taps(s, whole_past);
  }

 private:
  // Blocks [l_.first_block, whole_past) of a line, which s begins with, in tiles of about the same
  // size.
  void run_tiles(Span s, int64_t whole_past) const {
    // Where columns are shared by few outputs, more of them at once only crowd the cache.
    const int64_t most = g_.filter_w < 2 * g_.stride_w ? 4 : kTileMost;
    const int64_t tiles = ceil_div(g_.out_w, most), least = g_.out_w / tiles;
    const int64_t longer = g_.out_w - least * tiles;
    for (int64_t t = 0, ox = 0; t < tiles;) {
      const int64_t size = least + (t < longer);
      const int64_t column = ox * g_.stride_w - g_.pad_left;  // the tile's first, in x
      const int64_t columns = (size - 1) * g_.stride_w + g_.filter_w;
      s.first_column = smaller(columns, larger(0, -column));
      s.past_column = smaller(columns, g_.in_w - column);
      int64_t count = 1;  // tiles alike
      if (s.first_column == 0 && s.past_column == columns) {
        const int64_t alike = (t < longer ? longer : tiles) - t;
        count = smaller(alike, (g_.in_w - column - columns) / (size * g_.stride_w) + 1);
        s.pixels = count * size;
        along_.inside[size - 1](l_, s, l_.first_block, whole_past);
      } else {
        s.pixels = size;
        along_.edge[size - 1](l_, s, l_.first_block, whole_past);
      }
      t += count, ox += s.pixels;
      s.x += s.pixels * s.x_step, s.y += s.pixels * s.y_step;
    }
  }

  // Blocks from `first` on of a line, tap by tap.
  void run_taps(Span s, int64_t first) const {
    const int64_t past = l_.past_block;
    const int64_t whole_past = larger(smaller(past, g_.out_c / kWidth), first);
    for (int64_t ox = 0; ox < g_.out_w; ox += s.pixels) {
      const bool whole = ox >= whole_first_ && ox < whole_past_;
      s.pixels = whole ? whole_past_ - ox : 1;
      const Clip columns =
          clip(ox * g_.stride_w - g_.pad_left, g_.filter_w, g_.dilation_w, g_.in_w);
      s.first_column = columns.first, s.past_column = columns.past;
      if (l_.multiplier > 1) {
        run_tap_by_tap<Read::kSpread>(l_, s, first, past);
      } else {
        run_tap_by_tap<Read::kWhole>(l_, s, first, whole_past);
        run_tap_by_tap<Read::kPart>(l_, s, whole_past, past);
      }
      s.x += s.pixels * s.x_step, s.y += s.pixels * s.y_step;
    }
  }

  const Layer& l_;
  const MoteWindow& g_;
  const AlongRows along_;
  const float* x_;
  float* y_;
  int64_t whole_first_, whole_past_;  // output columns all of whose taps' columns lie in x
};

// Unit = row * groups + group of blocks: threads that share the units get rows that are neighbours,
// as they do in the layers before and after, so that most of what one reads it has written.
struct Split {
  int64_t blocks, rows, groups, blocks_of_group;

  explicit Split(const MoteWindow& g) {
    constexpr int64_t kUnits = 16, kLeastTaps = 512;  // of a unit, if it is not a whole row
    blocks = ceil_div(g.out_c, kWidth);
    rows = int64_t{g.batches} * g.out_h;
    const int64_t row_taps = blocks * g.out_w * g.filter_h * g.filter_w;
    const int64_t most = larger(row_taps / kLeastTaps, 1);
    const int64_t wanted = rows < kUnits ? smaller(ceil_div(kUnits, larger(rows, 1)), most) : 1;
    blocks_of_group = larger(ceil_div(blocks, wanted), 1);
    groups = larger(ceil_div(blocks, blocks_of_group), 1);
  }
};

int run(const Args& a, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteDepthwiseF32*>(a.params);
  Layer l = {};
  l.window = lying(p.window);
  l.w = static_cast<const float*>(a.in[1]), l.bias = static_cast<const float*>(a.in[2]);
  l.low = p.act_min, l.high = p.act_max;
  l.multiplier = p.window.out_c / p.window.in_c;
  const Split split(l.window);
  Runner runner(l, static_cast<const float*>(a.in[0]), static_cast<float*>(a.out[0]));
  for (int64_t group = 0; group < split.groups; ++group) {
    l.first_block = group * split.blocks_of_group;
    l.past_block = smaller(l.first_block + split.blocks_of_group, split.blocks);
    const int64_t past = ceil_div(end - group, split.groups);
    for (int64_t row = ceil_div(begin - group, split.groups); row < past; ++row)
      runner.run_row(row / l.window.out_h, row % l.window.out_h);
  }
  return kOk;
}

const MoteWindow& window_of(const void* params) {
  return static_cast<const MoteDepthwiseF32*>(params)->window;
}

int64_t taps_of(const void* params) {
  return int64_t{window_of(params).filter_h} * window_of(params).filter_w;
}

const char* declines(const void* params) {
  return window_of(params).in_c == 0 ? "there are no channels" : nullptr;
}

int64_t units(const void* params) {
  const Split split(lying(window_of(params)));
  return split.rows * split.groups;
}

size_t packed_bytes(const void* params) {
  const int64_t blocks = ceil_div(window_of(params).out_c, kWidth);
  return static_cast<size_t>(blocks * taps_of(params) * kWidth) * sizeof(float);
}

void pack(const void* params, const void* weights, void* packed) {
  const int64_t channels = window_of(params).out_c, taps = taps_of(params);
  const auto* w = static_cast<const float*>(weights);
  auto* to = static_cast<float*>(packed);
  for (int64_t first = 0; first < channels; first += kWidth) {
    for (int64_t tap = 0; tap < taps; ++tap) {
      for (int64_t c = first; c < first + kWidth; ++c) {
        *to++ = c < channels ? w[tap * channels + c] : 0.0f;
      }
    }
  }
}

constexpr Kernel kRows[] = {{.name = "depthwise_conv2d_f32__avx2",
                             .run = run,
                             .declines = declines,
                             .units = units,
                             .pack_input = 1,
                             .packed_bytes = packed_bytes,
                             .pack = pack}};

}  // namespace

const ProcessorRows kDepthwiseConv2dF32Avx2 = {simd::Isa::avx2, chosen<kRows>};

}  // namespace mote::kernels

#else

namespace mote::kernels {

const ProcessorRows kDepthwiseConv2dF32Avx2 = {simd::Isa::avx2, {}};

}  // namespace mote::kernels

#endif
