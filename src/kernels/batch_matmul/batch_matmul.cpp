#include "kernels/batch_matmul/batch_matmul.h"

#include <numeric>

#include "kernels/batch_matmul/families.h"
#include "kernels/batch_matmul/generic-inl.h"
#include "kernels/chosen.h"
#include "kernels/common/rows-inl.h"

namespace mote::kernels {
namespace {

template <class Params>
int64_t matrices(const void* params) {
  return batch_matmul_matrices(as<Params>(params).shape);
}

template <class Params>
int64_t strips(const void* params) {
  const MoteBatchMatmulShape& s = as<Params>(params).shape;
  return batch_matmul_matrices(s) * batch_matmul_strips(s);
}

size_t strip_f32_bytes(const void* params) {
  return panel_bytes(kMatmulColumns, as<MoteBatchMatmulF32>(params).shape.depth);
}

template <class Params>
size_t wide_bytes(const void* params) {
  const MoteBatchMatmulShape& s = as<Params>(params).shape;
  return static_cast<size_t>((s.rows + kMatmulColumns) * s.depth) * sizeof(int16_t);
}

int run_f32(const Args& a, int64_t begin, int64_t end) {
  batch_matmul_f32_generic(as<MoteBatchMatmulF32>(a.params), in<float>(a, 0), in<float>(a, 1),
                           out<float>(a), static_cast<float*>(a.scratch), begin, end);
  return kOk;
}

int run_f32_ref(const Args& a, int64_t begin, int64_t end) {
  mote_batch_matmul_f32_ref(&as<MoteBatchMatmulF32>(a.params), in<float>(a, 0), in<float>(a, 1),
                            out<float>(a), begin, end);
  return kOk;
}

const char* needs_i8(const void* params) {
  const MoteIntMac& m = as<MoteBatchMatmulInt>(params).mac;
  if (m.w_type != kMoteI8) return "the second operand is not int8";
  return is_wide(m) && m.w_zero != 0 ? "the second operand has a zero point" : nullptr;
}

template <bool kWide, class X>
void run_int_strips(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MoteBatchMatmulInt>(a.params);
  const MoteBatchMatmulShape& s = p.shape;
  const MoteScales scales = mote_scales(p.mac.rounding, a.in[2], a.in[3]);
  batch_matmul_int_strips<kWide>(
      s, in<X>(a, 0), p.mac.x_zero, in<int8_t>(a, 1), p.mac.w_zero,
      static_cast<int16_t*>(a.scratch), begin, end,
      [&](const MatmulStrip& strip, int64_t m, int64_t n, int64_t sum, const int16_t*) {
        mote_batch_matmul_store(&p, &scales, sum, a.out[0],
                                (strip.matrix * s.rows + m) * s.columns + strip.column + n);
      });
}

int run_int(const Args& a, int64_t begin, int64_t end) {
  const MoteIntMac& m = as<MoteBatchMatmulInt>(a.params).mac;
  with_element(m.x_type, [&]<class X>(const X*) {
    is_wide(m) ? run_int_strips<true, X>(a, begin, end) : run_int_strips<false, X>(a, begin, end);
  });
  return kOk;
}

int run_int_ref(const Args& a, int64_t begin, int64_t end) {
  mote_batch_matmul_int_ref(&as<MoteBatchMatmulInt>(a.params), a.in[0], a.in[1], a.in[2], a.in[3],
                            a.out[0], begin, end);
  return kOk;
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  const MoteBatchMatmulShape& s = as<MoteBatchMatmulHybrid>(a.params).shape;
  const float *w_scale = in<float>(a, 2), *x_scale = in<float>(a, 3);
  const int32_t* x_zero = in<int32_t>(a, 4);
  batch_matmul_int_strips<false>(
      s, in<int8_t>(a, 0), 0, in<int8_t>(a, 1), 0, static_cast<int16_t*>(a.scratch), begin, end,
      [&](const MatmulStrip& strip, int64_t m, int64_t n, int32_t sum, const int16_t* w) {
        const int64_t row = mote_batch_matmul_source(&s, s.x_stride, strip.matrix) * s.rows + m;
        const int32_t w_sum = x_zero[row] == 0 ? 0 : std::accumulate(w, w + s.depth, 0);
        out<float>(a)[(strip.matrix * s.rows + m) * s.columns + strip.column + n] =
            mote_batch_matmul_hybrid_output(sum, w_sum, x_scale[row], x_zero[row],
                                            w_scale[strip.column + n]);
      });
  return kOk;
}

int run_hybrid_ref(const Args& a, int64_t begin, int64_t end) {
  mote_batch_matmul_hybrid_ref(&as<MoteBatchMatmulHybrid>(a.params), in<int8_t>(a, 0),
                               in<int8_t>(a, 1), in<float>(a, 2), in<float>(a, 3),
                               in<int32_t>(a, 4), out<float>(a), begin, end);
  return kOk;
}

constexpr Kernel kF32Rows[] = {
    {.name = "batch_matmul_f32__generic",
     .run = run_f32,
     .units = strips<MoteBatchMatmulF32>,
     .scratch_bytes = strip_f32_bytes},
    {.name = "batch_matmul_f32__ref", .run = run_f32_ref, .units = matrices<MoteBatchMatmulF32>},
};

constexpr Kernel kIntRows[] = {
    {.name = "batch_matmul_int__generic",
     .run = run_int,
     .declines = needs_i8,
     .units = strips<MoteBatchMatmulInt>,
     .scratch_bytes = wide_bytes<MoteBatchMatmulInt>},
    {.name = "batch_matmul_int__ref", .run = run_int_ref, .units = matrices<MoteBatchMatmulInt>},
};

constexpr Kernel kHybridRows[] = {
    {.name = "batch_matmul_hybrid__generic",
     .run = run_hybrid,
     .units = strips<MoteBatchMatmulHybrid>,
     .scratch_bytes = wide_bytes<MoteBatchMatmulHybrid>},
    {.name = "batch_matmul_hybrid__ref",
     .run = run_hybrid_ref,
     .units = matrices<MoteBatchMatmulHybrid>},
};

}  // namespace

const Family kBatchMatmulF32 = {"batch_matmul_f32", chosen<kF32Rows>, {&kBatchMatmulF32Avx2}};
const Family kBatchMatmulInt = {
    "batch_matmul_int", chosen<kIntRows>, {&kBatchMatmulInt8Avx2, &kBatchMatmulInt16Avx2}};
const Family kBatchMatmulHybrid = {"batch_matmul_hybrid", chosen<kHybridRows>};

}  // namespace mote::kernels
