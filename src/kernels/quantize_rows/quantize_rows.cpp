#include "kernels/quantize_rows/quantize_rows.h"

#include "kernels/chosen.h"
#include "kernels/common/rows-inl.h"
#include "kernels/quantize_rows/families.h"
#include "kernels/quantize_rows/generic-inl.h"

namespace mote::kernels {
namespace {

int64_t rows(const void* params) { return as<MoteQuantizeRows>(params).rows; }

int run_ref(const Args& a, int64_t begin, int64_t end) {
  mote_quantize_rows_ref(&as<MoteQuantizeRows>(a.params), in<float>(a, 0),
                         static_cast<int8_t*>(a.out[0]), static_cast<float*>(a.out[1]),
                         static_cast<int32_t*>(a.out[2]), begin, end);
  return kOk;
}

int run(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteQuantizeRows>(a.params);
  const auto body = p.asymmetric ? quantize_row_asymmetric : quantize_row_symmetric;
  for (int64_t row = begin; row < end; ++row) {
    body(in<float>(a, 0) + row * p.size, p.size, static_cast<int8_t*>(a.out[0]) + row * p.size,
         static_cast<float*>(a.out[1]) + row, static_cast<int32_t*>(a.out[2]) + row);
  }
  return kOk;
}

constexpr Kernel kRows[] = {{.name = "quantize_rows__generic", .run = run, .units = rows},
                            {.name = "quantize_rows__ref", .run = run_ref, .units = rows}};

}  // namespace

const Family kQuantizeRows = {"quantize_rows", chosen<kRows>, {&kQuantizeRowsAvx2}};

}  // namespace mote::kernels
