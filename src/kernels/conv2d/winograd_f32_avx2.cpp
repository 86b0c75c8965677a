// conv2d_f32 and conv2d_f16 by Winograd's F(4x4, 3x3) for AVX2 (winograd.h): a few tiles of 4x4
// outputs at a time, 8 channels side by side in every transform.
//
//   x -> transformed inputs  [36][tiles][channels]     for every channel once
//     -> products            [36][tiles][16 outputs]   36 small matrix products, a panel at a time
//     -> y
//
//   packed weights: for each panel of 16 (the last: 8) outputs, [36][channels][16]
#include "kernels/chosen.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/families.h"
#include "kernels/conv2d/winograd.h"

#if defined(__AVX2__)

#include "kernels/common/panels_f32_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {
namespace {

using winograd::kIn;
using winograd::kOut;
using winograd::kProducts;

// Beyond this the transformed weights cost more memory than they save time.
constexpr int64_t kMostWeightBytes = int64_t{10} << 20;
constexpr int64_t kLeastChannels = 16, kLeastOutputs = 9;
// With fewer tiles the transformed weights, four times as many, are what takes the time.
constexpr int64_t kLeastTiles = 3;

const MoteConv2dF32& params_of(const void* params) {
  return *static_cast<const MoteConv2dF32*>(params);
}

struct Plan {
  MoteWindow window;
  int64_t channels, wide_channels, outputs;  // wide_channels: a multiple of 8
  int64_t across, down, tiles;               // tiles of outputs, of an image and of all
  int64_t block_tiles;                       // at most
  int64_t blocks, panels, group_panels, groups;

  explicit Plan(const MoteWindow& g) : window(g), channels(g.in_c), outputs(g.out_c) {
    wide_channels = ceil_div(channels, 8) * 8;
    across = ceil_div(g.out_w, kOut), down = ceil_div(g.out_h, kOut);
    tiles = g.batches * across * down;
    const int64_t most = wide_channels <= 64 ? 12 : 6;  // so that they stay in the L2 cache
    blocks = ceil_div(tiles, most);
    block_tiles = ceil_div(tiles, blocks);
    panels = panel_count(outputs);
    group_panels = ceil_div(panels, ceil_div(8, blocks));
    groups = ceil_div(panels, group_panels);
  }

  int64_t first_tile(int64_t block) const { return block * tiles / blocks; }
  int64_t panel_floats() const { return kProducts * channels * kTileColumns; }
  int64_t weight_floats() const { return kProducts * panel_elements(outputs, channels); }
  // Between one product's transformed inputs and the next one's; not a multiple of 4096 bytes, so
  // that they don't evict each other.
  int64_t input_step() const { return block_tiles * wide_channels + 16; }
  int64_t product_step() const { return block_tiles * kTileColumns; }
};

const char* declines(const void* params) {
  const MoteConv2dF32& p = params_of(params);
  const MoteWindow& g = p.window;
  if (g.filter_h != winograd::kFilter || g.filter_w != winograd::kFilter) return "not 3x3";
  if (g.stride_h != 1 || g.stride_w != 1) return "strides";
  if (g.dilation_h != 1 || g.dilation_w != 1) return "dilations";
  if (p.groups != 1) return "groups";
  if (g.in_c < kLeastChannels || g.out_c < kLeastOutputs) return "few channels";
  if (g.batches == 0 || g.out_h == 0 || g.out_w == 0) return "nothing to compute";
  const Plan plan(g);
  if (int64_t{g.out_h} * g.out_w * 2 < plan.across * plan.down * kOut * kOut)
    return "tiles that are mostly empty";
  if (plan.tiles < kLeastTiles) return "few tiles";
  if (plan.weight_floats() * 4 > kMostWeightBytes) return "transformed weights too large";
  return nullptr;
}

int64_t units(const void* params) {
  const Plan plan(params_of(params).window);
  return plan.blocks * plan.groups;
}

// Transformed inputs, products, then zeros for a pixel outside.
size_t scratch_bytes(const void* params) {
  const Plan plan(params_of(params).window);
  return static_cast<size_t>(kProducts * (plan.input_step() + plan.product_step()) +
                             plan.wide_channels) *
         sizeof(float);
}

size_t packed_bytes(const void* params) {
  return static_cast<size_t>(Plan(params_of(params).window).weight_floats()) * sizeof(float);
}

double widened(float weight) { return static_cast<double>(weight); }
double widened(Half weight) { return static_cast<double>(_cvtsh_ss(weight)); }

// The transform of one filter's channel; w: its nine weights, `step` apart.
template <class W>
void transform_weights(const W* w, int64_t step, double* u) {
  double rows[kIn][3];
  for (int i = 0; i < kIn; ++i) {
    for (int c = 0; c < 3; ++c) {
      rows[i][c] = 0;
      for (int r = 0; r < 3; ++r)
        rows[i][c] += winograd::kWeights[i][r] * widened(w[(r * 3 + c) * step]);
    }
  }
  for (int i = 0; i < kIn; ++i) {
    for (int j = 0; j < kIn; ++j) {
      double sum = 0;
      for (int c = 0; c < 3; ++c) sum += rows[i][c] * winograd::kWeights[j][c];
      u[i * kIn + j] = sum;
    }
  }
}

template <class W>
void pack(const void* params, const void* weights, void* packed) {
  const Plan plan(params_of(params).window);
  const auto* w = static_cast<const W*>(weights);
  auto* to = static_cast<float*>(packed);
  for (int64_t first = 0; first < plan.outputs; first += kTileColumns) {
    const int64_t width = plan.outputs - first > 8 ? kTileColumns : 8;
    for (int64_t c = 0; c < width; ++c) {
      for (int64_t k = 0; k < plan.channels; ++k) {
        double u[kProducts] = {};
        if (first + c < plan.outputs)
          transform_weights(w + (first + c) * 9 * plan.channels + k, plan.channels, u);
        for (int64_t i = 0; i < kProducts; ++i)
          to[(i * plan.channels + k) * width + c] = static_cast<float>(u[i]);
      }
    }
    to += kProducts * plan.channels * width;
  }
}

F8 times(double a, F8 x) { return _mm256_mul_ps(_mm256_set1_ps(static_cast<float>(a)), x); }
F8 add_times(double a, F8 x, F8 y) {
  return _mm256_fmadd_ps(_mm256_set1_ps(static_cast<float>(a)), x, y);
}

// kInput times a column.
[[gnu::always_inline]] inline void transform_input(F8 d0, F8 d1, F8 d2, F8 d3, F8 d4, F8 d5, F8* to,
                                                   int64_t step) {
  using namespace winograd;
  const F8 even_a = add_times(-kB2, d2, d4), odd_a = add_times(-kB2, d1, d3);
  const F8 even_b = add_times(-kA2, d2, d4), odd_b = add_times(-kA2, d1, d3);
  to[0] = add_times(kA2 * kB2, d0, add_times(-(kA2 + kB2), d2, d4));
  to[step] = add_times(kA, odd_a, even_a);
  to[2 * step] = add_times(-kA, odd_a, even_a);
  to[3 * step] = add_times(kB, odd_b, even_b);
  to[4 * step] = add_times(-kB, odd_b, even_b);
  to[5 * step] = add_times(kA2 * kB2, d1, add_times(-(kA2 + kB2), d3, d5));
}

// kOutput times a column.
[[gnu::always_inline]] inline void transform_output(F8 m0, F8 m1, F8 m2, F8 m3, F8 m4, F8 m5,
                                                    F8* to, int64_t step) {
  using namespace winograd;
  const F8 sum_a = _mm256_add_ps(m1, m2), gap_a = _mm256_sub_ps(m1, m2);
  const F8 sum_b = _mm256_add_ps(m3, m4), gap_b = _mm256_sub_ps(m3, m4);
  to[0] = _mm256_add_ps(m0, _mm256_add_ps(sum_a, sum_b));
  to[step] = add_times(kA, gap_a, times(kB, gap_b));
  to[2 * step] = add_times(kA2, sum_a, times(kB2, sum_b));
  to[3 * step] = add_times(kA2 * kA, gap_a, add_times(kB2 * kB, gap_b, m5));
}

// A tile's place: its batch's image, and its first output.
struct Place {
  int64_t batch, y, x;
  Place(const Plan& plan, int64_t tile) {
    const int64_t line = tile / plan.across;
    x = (tile - line * plan.across) * kOut;
    batch = line / plan.down;
    y = (line - batch * plan.down) * kOut;
  }
};

// The transformed inputs of one tile: product i, channel c at to[i * plan.input_step() + c].
void read_tile(const Plan& plan, const float* x, int64_t tile, const float* zeros, float* to) {
  const MoteWindow& g = plan.window;
  const Place at(plan, tile);
  const float* pixels[kProducts];
  for (int64_t r = 0; r < kIn; ++r) {
    const int64_t iy = at.y - g.pad_top + r;
    const float* line = x + (at.batch * g.in_h + iy) * g.in_w * g.in_c;
    for (int64_t c = 0; c < kIn; ++c) {
      const int64_t ix = at.x - g.pad_left + c;
      const bool inside = iy >= 0 && iy < g.in_h && ix >= 0 && ix < g.in_w;
      pixels[r * kIn + c] = inside ? line + ix * g.in_c : zeros;
    }
  }
  const int64_t step = plan.input_step();
  const __m256i last = first_lanes(plan.channels - (plan.wide_channels - 8));
  for (int64_t c = 0; c < plan.channels; c += 8) {
    const bool whole = c + 8 <= plan.channels;
    F8 rows[kProducts], column[kIn];
    for (int r = 0; r < kIn; ++r) {
      const float* const* p = pixels + r * kIn;
      const auto load = [&](int i) {
        return whole ? load8(p[i] + c) : _mm256_maskload_ps(p[i] + c, last);
      };
      transform_input(load(0), load(1), load(2), load(3), load(4), load(5), rows + r * kIn, 1);
    }
    for (int j = 0; j < kIn; ++j) {
      const F8* d = rows + j;
      transform_input(d[0], d[6], d[12], d[18], d[24], d[30], column, 1);
      for (int i = 0; i < kIn; ++i) _mm256_storeu_ps(to + (i * kIn + j) * step + c, column[i]);
    }
  }
}

struct Output {
  const float* x;
  float* y;
  const float* bias;  // null: none
  Clamp clamp;

  [[gnu::always_inline]] void store(F8 v, F8 add, float* to, int columns) const {
    v = _mm256_max_ps(_mm256_set1_ps(clamp.low), _mm256_add_ps(v, add));
    store_first(to, _mm256_min_ps(_mm256_set1_ps(clamp.high), v), columns);
  }
};

// Up to 8 outputs of one tile: their transformed weights (kProducts of them, each `channels` rows
// that are `width` apart) and products (`step` apart).
struct Columns {
  const float* weights;
  int64_t width;
  const float* products;
  int64_t step;
  int64_t first;
  int count;
};

// Tap (r, c) of 8 filters' channel, from the transformed weights: the inverse of kWeights.
F8 weights_of_tap(const float* u, int64_t step, int r, int c) {
  using namespace winograd;
  const auto along = [](int tap, const auto& at) {
    if (tap == 0) return times(kA2 * kB2, at(0));
    if (tap == 2) return at(5);
    return times(1 / (2 * kA * kAScale), _mm256_sub_ps(at(1), at(2)));
  };
  return along(
      r, [&](int i) { return along(c, [&](int j) { return load8(u + (i * kIn + j) * step); }); });
}

using Sums = F8[kOut][kOut];

// Whether all are NaN already, which no more terms change.
bool are_all_nan(const Sums& sums, int64_t height, int64_t width) {
  F8 all = _mm256_cmp_ps(sums[0][0], sums[0][0], _CMP_UNORD_Q);
  for (int64_t i = 0; i < height; ++i) {
    for (int64_t j = 0; j < width; ++j)
      all = _mm256_and_ps(all, _mm256_cmp_ps(sums[i][j], sums[i][j], _CMP_UNORD_Q));
  }
  return _mm256_movemask_ps(all) == 0xff;
}

// The outputs by direct sums, for a tile that holds infinities, NaN or numbers that overflow when
// they are transformed: there these would spread to all of the tile's outputs.
[[gnu::noinline]] void write_directly(const Plan& plan, const Place& at, const Columns& columns,
                                      const Output& out) {
  const MoteWindow& g = plan.window;
  F8 bias = _mm256_setzero_ps();
  if (out.bias) bias = _mm256_maskload_ps(out.bias + columns.first, first_lanes(columns.count));
  const int64_t height = smaller(kOut, g.out_h - at.y), width = smaller(kOut, g.out_w - at.x);
  const float* image = out.x + at.batch * g.in_h * g.in_w * g.in_c;
  Sums sums = {};
  bool all_nan = false;
  for (const int tap : {4, 0, 1, 2, 3, 5, 6, 7, 8}) {  // first the one that every output has
    const int64_t y = at.y - g.pad_top + tap / 3, x = at.x - g.pad_left + tap % 3;
    for (int64_t k = 0; k < plan.channels && !all_nan; ++k) {
      const F8 w = weights_of_tap(columns.weights + k * columns.width,
                                  plan.channels * columns.width, tap / 3, tap % 3);
      for (int64_t i = larger(0, -y); i < smaller(height, g.in_h - y); ++i) {
        const float* line = image + (y + i) * g.in_w * g.in_c + k;
        for (int64_t j = larger(0, -x); j < smaller(width, g.in_w - x); ++j)
          add_one_step(line + (x + j) * g.in_c, w, sums[i][j]);
      }
      if (k % 8 == 0) all_nan = are_all_nan(sums, height, width);
    }
  }
  float* line = out.y + ((at.batch * g.out_h + at.y) * g.out_w + at.x) * g.out_c + columns.first;
  for (int64_t i = 0; i < height; ++i, line += int64_t{g.out_w} * g.out_c) {
    for (int64_t j = 0; j < width; ++j)
      out.store(sums[i][j], bias, line + j * g.out_c, columns.count);
  }
}

void write_columns(const Plan& plan, const Place& at, const Columns& columns, const Output& out) {
  const MoteWindow& g = plan.window;
  F8 bias = _mm256_setzero_ps();
  if (out.bias) bias = _mm256_maskload_ps(out.bias + columns.first, first_lanes(columns.count));
  F8 rows[kOut * kIn];  // [kOut][kIn]
  for (int j = 0; j < kIn; ++j) {
    const float* m = columns.products + j * columns.step;
    const int64_t down = kIn * columns.step;
    transform_output(load8(m), load8(m + down), load8(m + 2 * down), load8(m + 3 * down),
                     load8(m + 4 * down), load8(m + 5 * down), rows + j, kIn);
  }
  const int64_t height = smaller(kOut, g.out_h - at.y), width = smaller(kOut, g.out_w - at.x);
  float* line = out.y + ((at.batch * g.out_h + at.y) * g.out_w + at.x) * g.out_c + columns.first;
  F8 corners = _mm256_setzero_ps();  // every product goes into one of them
  for (int i = 0; i < kOut; ++i, line += int64_t{g.out_w} * g.out_c) {
    const F8* m = rows + i * kIn;
    F8 y[kOut];
    transform_output(m[0], m[1], m[2], m[3], m[4], m[5], y, 1);
    if (i == 0 || i == kOut - 1) corners = _mm256_add_ps(corners, _mm256_add_ps(y[0], y[kOut - 1]));
    if (i >= height) continue;
    for (int64_t j = 0; j < width; ++j) out.store(y[j], bias, line + j * g.out_c, columns.count);
  }
  // x - x is not 0 for infinities and NaN.
  const F8 odd = _mm256_cmp_ps(_mm256_sub_ps(corners, corners), _mm256_setzero_ps(), _CMP_NEQ_UQ);
  if (_mm256_movemask_ps(odd) != 0) write_directly(plan, at, columns, out);
}

void write_tile(const Plan& plan, int64_t tile, const float* products, const Panel<float>& panel,
                const Output& out) {
  const Place at(plan, tile);
  const int64_t count = smaller(kTileColumns, plan.outputs - panel.first);
  Columns columns = {panel.data,          panel.step,  products,
                     plan.product_step(), panel.first, static_cast<int>(smaller(8, count))};
  write_columns(plan, at, columns, out);
  if (count <= 8) return;
  columns.weights += 8, columns.products += 8, columns.first += 8;
  columns.count = static_cast<int>(count - 8);
  write_columns(plan, at, columns, out);
}

constexpr float kNoBias[kTileColumns] = {};

// The 36 matrix products of one or two tiles with one panel.
void multiply_few(const Plan& plan, const float* inputs, int64_t count, Panel<float> panel,
                  float* products) {
  const auto* kernels = panel.columns > 8 ? kTiles16<float> : kTiles8<float>;
  const float* rows[kTileRows];
  for (int64_t r = 0; r < kTileRows; ++r)
    rows[r] = inputs + smaller(r, count - 1) * plan.wide_channels;
  Run run = {0, 0};
  for (int64_t i = 0; i < kProducts; ++i, panel.data += plan.channels * panel.step) {
    run.offset = i * plan.input_step();
    panel.ahead = ahead_of(panel, plan.channels, 1);
    const Tile tile = {rows,
                       0,
                       &run,
                       1,
                       plan.channels,
                       products + i * plan.product_step(),
                       static_cast<int>(count)};
    kernels[tile.count - 1](tile, panel, kNoBias, kNoClamp, kTileColumns);
  }
}

// The same of any number.
void multiply_products(const Plan& plan, const float* inputs, int64_t count, Panel<float> panel,
                       float* products) {
  panel.first = 0;
  const Split split = split_product(count, 1, kMostTiles, false);
  if (!are_lines(split, plan.channels)) return multiply_few(plan, inputs, count, panel, products);
  LineTiles l(split, 0, split.tiles);
  l.x = inputs, l.x_row = plan.wide_channels, l.k = plan.channels;
  l.y = products, l.y_row = kTileColumns;
  for (int64_t i = 0; i < kProducts; ++i, panel.data += plan.channels * panel.step) {
    multiply_panel(l, panel, i + 1 < kProducts, kNoBias, kNoClamp);
    l.x += plan.input_step(), l.y += plan.product_step();
  }
}

int run(const Args& a, int64_t begin, int64_t end) {
  const MoteConv2dF32& p = params_of(a.params);
  const Plan plan(p.window);
  const auto* x = static_cast<const float*>(a.in[0]);
  const auto* packed = static_cast<const float*>(a.in[1]);
  auto* inputs = static_cast<float*>(a.scratch);
  float* products = inputs + kProducts * plan.input_step();
  float* zeros = products + kProducts * plan.product_step();
  for (int64_t i = 0; i < plan.wide_channels; ++i) zeros[i] = 0.0f;
  const Output out = {
      x, static_cast<float*>(a.out[0]), static_cast<const float*>(a.in[2]), {p.act_min, p.act_max}};
  int64_t held = -1;  // the block whose transformed inputs are there
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t block = unit / plan.groups, first = plan.first_tile(block);
    const int64_t count = plan.first_tile(block + 1) - first;
    for (int64_t t = 0; t < count && held != block; ++t)
      read_tile(plan, x, first + t, zeros, inputs + t * plan.wide_channels);
    held = block;
    const int64_t begin_panel = unit % plan.groups * plan.group_panels;
    const int64_t end_panel = smaller(begin_panel + plan.group_panels, plan.panels);
    for (int64_t i = begin_panel; i < end_panel; ++i) {
      const int64_t width = plan.outputs - i * kTileColumns > 8 ? 16 : 8;
      const Panel<float> panel = {
          packed + i * plan.panel_floats(), width, i * kTileColumns, static_cast<int>(width), {}};
      multiply_products(plan, inputs, count, panel, products);
      for (int64_t t = 0; t < count; ++t)
        write_tile(plan, first + t, products + t * kTileColumns, panel, out);
    }
  }
  return kOk;
}

template <class W>
constexpr Kernel row(const char* name) {
  return {.name = name,
          .run = run,
          .declines = declines,
          .units = units,
          .scratch_bytes = scratch_bytes,
          .pack_input = 1,
          .packed_bytes = packed_bytes,
          .pack = pack<W>,
          .approximate = true};
}

constexpr Kernel kF32Rows[] = {row<float>("conv2d_f32__avx2_winograd")};
constexpr Kernel kF16Rows[] = {row<Half>("conv2d_f16__avx2_winograd")};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kConv2dF32WinogradAvx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kF32Rows>};
const ProcessorRows kConv2dF16WinogradAvx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kF16Rows>};
}  // namespace mote::kernels

#else

namespace mote::kernels {
const ProcessorRows kConv2dF32WinogradAvx2 = {simd::Isa::avx2, {}};
const ProcessorRows kConv2dF16WinogradAvx2 = {simd::Isa::avx2, {}};
}  // namespace mote::kernels

#endif
