#include "kernels/pool2d/pool2d.h"

#include <cmath>

#include "kernels/chosen.h"
#include "kernels/common/rows-inl.h"
#include "kernels/pool2d/families.h"
#include "kernels/pool2d/generic-inl.h"
#include "kernels/pool2d/rows_avx2.h"

namespace mote::kernels {
namespace {

template <class Params>
int64_t rows(const void* params) {
  const MoteWindow& g = as<Params>(params).window;
  return int64_t{g.batches} * g.out_h;
}

template <int kKind>
int run_f32(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MotePoolF32>(a.params);
  float* y = out<float>(a);
  pool_rows<float>(
      p.window, in<float>(a, 0),
      kKind == kMotePoolMax ? std::numeric_limits<float>::lowest() : 0.0f, begin, end,
      [](float acc, float x) {
        if constexpr (kKind == kMotePoolMax) return acc < x ? x : acc;
        if constexpr (kKind == kMotePoolL2) return acc + x * x;
        return acc + x;
      },
      [&](const MotePoolArea& area, int64_t pixel, int64_t c0, int64_t n, const float* acc) {
        const auto count = static_cast<float>(mote_pool_count(&area));
        for (int64_t j = 0; j < n; ++j) {
          float value = kKind == kMotePoolMax ? acc[j] : acc[j] / count;
          if constexpr (kKind == kMotePoolL2) value = std::sqrt(value);
          y[pixel * p.window.in_c + c0 + j] = mote_clamp_f32(value, p.act_min, p.act_max);
        }
      });
  return kOk;
}

template <int kKind>
int run_f32_ref(const Args& a, int64_t begin, int64_t end) {
  mote_pool_f32_ref(&as<MotePoolF32>(a.params), kKind, in<float>(a, 0), out<float>(a), begin, end);
  return kOk;
}

int run_average_int(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MotePoolInt>(a.params);
  with_element(p.type, [&]<class Source>(const Source*) {
    pool_rows<uint32_t>(
        p.window, in<Source>(a, 0), 0u, begin, end,
        [](uint32_t acc, Source x) { return acc + static_cast<uint32_t>(static_cast<int32_t>(x)); },
        [&](const MotePoolArea& area, int64_t pixel, int64_t c0, int64_t n, const uint32_t* acc) {
          const int32_t count = mote_pool_count(&area);
          for (int64_t j = 0; j < n; ++j) {
            const int32_t mean = mote_pool_mean(static_cast<int32_t>(acc[j]), count);
            out<Source>(a)[pixel * p.window.in_c + c0 + j] =
                static_cast<Source>(mote_clamp_i32(mean, p.act_min, p.act_max));
          }
        });
  });
  return kOk;
}

int run_max_int(const Args& a, int64_t begin, int64_t end) {
  const auto& p = as<MotePoolInt>(a.params);
  with_element(p.type, [&]<class Source>(const Source*) {
    pool_rows<Source>(
        p.window, in<Source>(a, 0), std::numeric_limits<Source>::lowest(), begin, end,
        [](Source acc, Source x) { return acc < x ? x : acc; },
        [&](const MotePoolArea&, int64_t pixel, int64_t c0, int64_t n, const Source* acc) {
          for (int64_t j = 0; j < n; ++j) {
            out<Source>(a)[pixel * p.window.in_c + c0 + j] =
                static_cast<Source>(mote_clamp_i32(acc[j], p.act_min, p.act_max));
          }
        });
  });
  return kOk;
}

template <int kKind>
int run_int_ref(const Args& a, int64_t begin, int64_t end) {
  mote_pool_int_ref(&as<MotePoolInt>(a.params), kKind, a.in[0], a.out[0], begin, end);
  return kOk;
}

constexpr Kernel kAverageF32[] = {
    {.name = "average_pool_f32__generic",
     .run = run_f32<kMotePoolAverage>,
     .units = rows<MotePoolF32>},
    {.name = "average_pool_f32__ref",
     .run = run_f32_ref<kMotePoolAverage>,
     .units = rows<MotePoolF32>},
};
constexpr Kernel kMaxF32[] = {
    {.name = "max_pool_f32__generic", .run = run_f32<kMotePoolMax>, .units = rows<MotePoolF32>},
    {.name = "max_pool_f32__ref", .run = run_f32_ref<kMotePoolMax>, .units = rows<MotePoolF32>},
};
constexpr Kernel kL2F32[] = {
    {.name = "l2_pool_f32__generic", .run = run_f32<kMotePoolL2>, .units = rows<MotePoolF32>},
    {.name = "l2_pool_f32__ref", .run = run_f32_ref<kMotePoolL2>, .units = rows<MotePoolF32>},
};
constexpr Kernel kAverageInt[] = {
    {.name = "average_pool_int__generic", .run = run_average_int, .units = rows<MotePoolInt>},
    {.name = "average_pool_int__ref",
     .run = run_int_ref<kMotePoolAverage>,
     .units = rows<MotePoolInt>},
};
constexpr Kernel kMaxInt[] = {
    {.name = "max_pool_int__generic", .run = run_max_int, .units = rows<MotePoolInt>},
    {.name = "max_pool_int__ref", .run = run_int_ref<kMotePoolMax>, .units = rows<MotePoolInt>},
};

}  // namespace

const Family kAveragePoolF32 = {"average_pool_f32", chosen<kAverageF32>, {&kAveragePoolF32Avx2}};
const Family kMaxPoolF32 = {"max_pool_f32", chosen<kMaxF32>, {&kMaxPoolF32Avx2}};
const Family kL2PoolF32 = {"l2_pool_f32", chosen<kL2F32>, {&kL2PoolF32Avx2}};
const Family kAveragePoolInt = {"average_pool_int", chosen<kAverageInt>, {&kAveragePoolIntAvx2}};
const Family kMaxPoolInt = {"max_pool_int", chosen<kMaxInt>, {&kMaxPoolIntAvx2}};

}  // namespace mote::kernels
