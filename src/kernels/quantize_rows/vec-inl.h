// quantize_rows by vectors, compiled for each processor that a file is compiled
// for.
#pragma once

#include "kernels/common/fast_rows.h"
#include "kernels/kernel.h"
#include "kernels/quantize_rows/values_vec-inl.h"

namespace mote::kernels::MOTE_ISA {
namespace {

int64_t quantize_rows_units(const void* params) {
  return static_cast<const MoteQuantizeRows*>(params)->rows;
}

int run_quantize_rows(const Args& args, int64_t begin, int64_t end) {
  const auto& p = *static_cast<const MoteQuantizeRows*>(args.params);
  const auto body = p.asymmetric ? quantize_row_asymmetric : quantize_row_symmetric;
  for (int64_t row = begin; row < end; ++row) {
    body(static_cast<const float*>(args.in[0]) + row * p.size, p.size,
         static_cast<int8_t*>(args.out[0]) + row * p.size, static_cast<float*>(args.out[1]) + row,
         static_cast<int32_t*>(args.out[2]) + row);
  }
  return kOk;
}

constexpr Kernel kRows[] = {{.name = MOTE_ROW_NAME("quantize_rows"),
                             .run = run_quantize_rows,
                             .units = quantize_rows_units}};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA
