#include "kernels/resize/resize.h"

#include "kernels/chosen.h"
#include "kernels/resize/families.h"
#include "kernels/resize/ref.h"

namespace mote::kernels {
namespace {

int64_t rows(const void* params) {
  const auto& p = *static_cast<const MoteResize*>(params);
  return p.batch * p.out_h;
}

template <class T, void (*body)(const MoteResize*, const T*, T*, int64_t, int64_t)>
int run(const Args& args, int64_t begin, int64_t end) {
  body(static_cast<const MoteResize*>(args.params), static_cast<const T*>(args.in[0]),
       static_cast<T*>(args.out[0]), begin, end);
  return kOk;
}

int nearest(const Args& args, int64_t begin, int64_t end) {
  mote_resize_nearest(static_cast<const MoteResize*>(args.params), args.in[0], args.out[0], begin,
                      end);
  return kOk;
}

constexpr Kernel kBilinearF32Rows[] = {{.name = "resize_bilinear_f32__ref",
                                        .run = run<float, mote_resize_bilinear_f32>,
                                        .units = rows}};
constexpr Kernel kBilinearU8Rows[] = {{.name = "resize_bilinear_u8__ref",
                                       .run = run<uint8_t, mote_resize_bilinear_u8>,
                                       .units = rows}};
constexpr Kernel kBilinearI8Rows[] = {{.name = "resize_bilinear_i8__ref",
                                       .run = run<int8_t, mote_resize_bilinear_i8>,
                                       .units = rows}};
constexpr Kernel kBilinearI16Rows[] = {{.name = "resize_bilinear_i16__ref",
                                        .run = run<int16_t, mote_resize_bilinear_i16>,
                                        .units = rows}};
constexpr Kernel kNearestRows[] = {{.name = "resize_nearest__ref", .run = nearest, .units = rows}};

}  // namespace

const Family kResizeBilinearF32{"resize_bilinear_f32", chosen<kBilinearF32Rows>};
const Family kResizeBilinearU8{"resize_bilinear_u8", chosen<kBilinearU8Rows>};
const Family kResizeBilinearI8{"resize_bilinear_i8", chosen<kBilinearI8Rows>};
const Family kResizeBilinearI16{"resize_bilinear_i16", chosen<kBilinearI16Rows>};
const Family kResizeNearest{"resize_nearest", chosen<kNearestRows>};

}  // namespace mote::kernels
