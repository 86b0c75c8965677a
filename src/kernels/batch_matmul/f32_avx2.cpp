// batch_matmul_f32 for AVX2: each panel of 16 columns of w is packed when it is needed (or read
// where it lies, if its columns are neighbours), then multiplied with all rows of x.
#include "kernels/batch_matmul/batch_matmul.h"
#include "kernels/batch_matmul/families.h"
#include "kernels/chosen.h"

#if defined(__AVX2__)

#include "kernels/common/panels_f32_avx2-inl.h"

namespace mote::kernels::MOTE_ISA {
namespace {

constexpr float kNoBias[kTileColumns] = {};

const MoteBatchMatmulShape& shape_of(const void* params) {
  return static_cast<const MoteBatchMatmulF32*>(params)->shape;
}

const char* needs_rows_of_x(const void* params) {
  return shape_of(params).transpose_x ? "x is transposed" : nullptr;
}

// A unit is one panel of one matrix.
int64_t units(const void* params) {
  const MoteBatchMatmulShape& s = shape_of(params);
  return s.batch[0] * s.batch[1] * s.batch[2] * panel_count(s.columns);
}

// One panel.
size_t scratch_bytes(const void* params) {
  const MoteBatchMatmulShape& s = shape_of(params);
  const bool packs = s.transpose_w || s.columns % 8 != 0;
  return packs ? static_cast<size_t>(s.depth * kTileColumns) * sizeof(float) : 0;
}

// The matrix of an operand with these strides that goes into matrix `at` of y.
int64_t source(const MoteBatchMatmulShape& s, const int64_t* stride, int64_t at) {
  const int64_t outer = at / s.batch[2];
  return at % s.batch[2] * stride[2] + outer % s.batch[1] * stride[1] +
         outer / s.batch[1] * stride[0];
}

Panel<float> panel_of(const MoteBatchMatmulShape& s, const float* w, int64_t p, float* memory) {
  const int64_t first = p * kTileColumns, columns = smaller(kTileColumns, s.columns - first);
  const auto count = static_cast<int>(columns);
  const int64_t width = columns > 8 ? 16 : 8;
  if (s.transpose_w) {
    pack_panels16(w + first * s.depth, columns, s.depth, s.depth, 1, memory);
  } else if (columns == width) {
    return {w + first, s.columns, first, count};
  } else {
    pack_panels16(w + first, columns, s.depth, 1, s.columns, memory);
  }
  return {memory, width, first, count};
}

// One panel with too few rows for lines.
void multiply_few(const Split& split, const float* x, int64_t depth, const Panel<float>& panel,
                  float* y, int64_t y_row) {
  static constexpr Run kWhole = {0, 0};
  const auto* products = panel.columns > 8 ? kTiles16<float> : kTiles8<float>;
  for (int64_t t = 0; t < split.tiles; ++t) {
    const int64_t row = split.first_row(t), next = split.first_row(t + 1);
    const float* rows[kTileRows];
    for (int64_t r = 0; r < kTileRows; ++r) rows[r] = x + smaller(row + r, next - 1) * depth;
    const Tile tile = {rows, 0, &kWhole, 1, depth, y + row * y_row, static_cast<int>(next - row)};
    products[tile.count - 1](tile, panel, kNoBias, kNoClamp, y_row);
  }
}

int run(const Args& a, int64_t begin, int64_t end) {
  const MoteBatchMatmulShape& s = shape_of(a.params);
  const int64_t panels = panel_count(s.columns);
  const Split split = split_product(s.rows, s.columns, kMostTiles, false);
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t matrix = unit / panels;
    const float* x =
        static_cast<const float*>(a.in[0]) + source(s, s.x_stride, matrix) * s.rows * s.depth;
    const float* w =
        static_cast<const float*>(a.in[1]) + source(s, s.w_stride, matrix) * s.depth * s.columns;
    float* y = static_cast<float*>(a.out[0]) + matrix * s.rows * s.columns;
    const Panel<float> panel = panel_of(s, w, unit % panels, static_cast<float*>(a.scratch));
    if (are_lines(split, s.depth)) {
      LineTiles l(split, 0, split.tiles);
      l.x = x, l.x_row = l.k = s.depth;
      l.y = y, l.y_row = s.columns;
      multiply_panel(l, panel, false, kNoBias, kNoClamp);
    } else {
      multiply_few(split, x, s.depth, panel, y, s.columns);
    }
  }
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = "batch_matmul_f32__avx2",
     .run = run,
     .declines = needs_rows_of_x,
     .units = units,
     .scratch_bytes = scratch_bytes},
};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kBatchMatmulF32Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kRows>};
}

#else

namespace mote::kernels {
const ProcessorRows kBatchMatmulF32Avx2 = {simd::Isa::avx2, {}};
}

#endif
