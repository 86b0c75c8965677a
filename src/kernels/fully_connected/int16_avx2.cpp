// Fully connected layers of int16 activations. Unit = a panel of 16 channels and some rows.
#include "kernels/chosen.h"
#include "kernels/fully_connected/families.h"
#include "kernels/fully_connected/fully_connected.h"

#if defined(__AVX2__)

#include "kernels/common/int16_gemm_avx2-inl.h"

namespace mote::kernels {
namespace {

using namespace MOTE_ISA;

constexpr int64_t kUnitRows = 32;

const MoteFullyConnectedInt& params_of(const void* params) {
  return *static_cast<const MoteFullyConnectedInt*>(params);
}

int64_t row_blocks(const MoteFullyConnectedInt& p) { return (p.rows + kUnitRows - 1) / kUnitRows; }

const char* declines(const void* params) {
  const auto& p = params_of(params);
  return p.in_c == 0 ? "the input has no elements" : declines_short(p.mac);
}

int64_t units(const void* params) {
  const auto& p = params_of(params);
  return row_blocks(p) * short_panels(p.out_c);
}

// An odd row's last pair would take an element of the next one, which may not exist.
bool copies(const MoteFullyConnectedInt& p) { return p.in_c % 2 != 0; }

size_t scratch_bytes(const void* params) {
  const auto& p = params_of(params);
  const int64_t rows = p.rows < kUnitRows ? p.rows : kUnitRows;
  return copies(p) ? static_cast<size_t>(rows * (p.in_c + 1)) * sizeof(int16_t) : 0;
}

size_t packed_bytes(const void* params) {
  const auto& p = params_of(params);
  return static_cast<size_t>(short_panels(p.out_c) * short_panel_bytes(p.in_c));
}

void pack(const void* params, const void* weights, void* packed) {
  const auto& p = params_of(params);
  pack_short_panels(weights, p.mac.w_type, 0, p.out_c, p.in_c, static_cast<int8_t*>(packed));
}

ShortRows rows_of(const MoteFullyConnectedInt& p, const int16_t* x, int64_t first, int16_t* copy) {
  const int64_t left = p.rows - first, count = left < kUnitRows ? left : kUnitRows;
  if (!copies(p)) return {x + first * p.in_c, p.in_c, count};
  for (int64_t r = 0; r < count; ++r) {
    int16_t* to = copy + r * (p.in_c + 1);
    for (int64_t i = 0; i < p.in_c; ++i) to[i] = x[(first + r) * p.in_c + i];
    to[p.in_c] = 0;
  }
  return {copy, p.in_c + 1, count};
}

int run(const Args& a, int64_t begin, int64_t end) {
  const auto& p = params_of(a.params);
  const int64_t panels = short_panels(p.out_c);
  const MoteScales scales = mote_scales(p.mac.rounding, a.in[3], a.in[4]);
  ShortRows rows = {};
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t first = unit / panels * kUnitRows, panel = unit % panels;
    if (unit == begin || panel == 0) {
      rows =
          rows_of(p, static_cast<const int16_t*>(a.in[0]), first, static_cast<int16_t*>(a.scratch));
    }
    const int64_t channel = panel * 16, left = p.out_c - channel;
    const ShortOutputs out(p.mac, scales, a.in[2], a.out[0], channel, left < 16 ? left : 16);
    multiply_short_panel(rows,
                         static_cast<const int8_t*>(a.in[1]) + panel * short_panel_bytes(p.in_c),
                         p.in_c, [&](int64_t row, const WideSums& sums) {
                           out.write((first + row) * p.out_c + channel, sums);
                         });
  }
  return kOk;
}

constexpr Kernel kRows[] = {{.name = "fully_connected_int__avx2_16x8",
                             .run = run,
                             .declines = declines,
                             .units = units,
                             .scratch_bytes = scratch_bytes,
                             .pack_input = 1,
                             .packed_bytes = packed_bytes,
                             .pack = pack}};

}  // namespace

const ProcessorRows kFullyConnectedInt16Avx2 = {simd::Isa::avx2, chosen<kRows>};

}  // namespace mote::kernels

#else

namespace mote::kernels {

const ProcessorRows kFullyConnectedInt16Avx2 = {simd::Isa::avx2, {}};

}  // namespace mote::kernels

#endif
