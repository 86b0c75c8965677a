#include "kernels/svdf/svdf.h"

#include "kernels/chosen.h"
#include "kernels/svdf/families.h"
#include "kernels/svdf/ref.h"

namespace mote::kernels {
namespace {

int64_t batches(const void* params) { return static_cast<const MoteSvdf*>(params)->batch; }

size_t scratch(const void* params) {
  return static_cast<size_t>(mote_svdf_scratch_bytes(static_cast<const MoteSvdf*>(params)));
}

template <int hybrid>
int run_float(const Args& args, int64_t begin, int64_t end) {
  mote_svdf_float(static_cast<const MoteSvdf*>(args.params), args.in, hybrid,
                  static_cast<float*>(args.out[0]), static_cast<float*>(args.out[1]), args.scratch,
                  begin, end);
  return kOk;
}

int run_i8(const Args& args, int64_t begin, int64_t end) {
  mote_svdf_i8(static_cast<const MoteSvdf*>(args.params), args.in,
               static_cast<int8_t*>(args.out[0]), static_cast<int16_t*>(args.out[1]), begin, end);
  return kOk;
}

int run_i8_i8(const Args& args, int64_t begin, int64_t end) {
  mote_svdf_i8_i8(static_cast<const MoteSvdf*>(args.params), args.in,
                  static_cast<int8_t*>(args.out[0]), static_cast<int8_t*>(args.out[1]), begin, end);
  return kOk;
}

constexpr Kernel kF32Rows[] = {
    {.name = "svdf_f32__ref", .run = run_float<0>, .units = batches, .scratch_bytes = scratch}};
constexpr Kernel kHybridRows[] = {
    {.name = "svdf_hybrid__ref", .run = run_float<1>, .units = batches, .scratch_bytes = scratch}};
constexpr Kernel kI8Rows[] = {{.name = "svdf_i8__ref", .run = run_i8, .units = batches}};
constexpr Kernel kI8I8Rows[] = {{.name = "svdf_i8_i8__ref", .run = run_i8_i8, .units = batches}};

}  // namespace

const Family kSvdfF32{"svdf_f32", chosen<kF32Rows>};
const Family kSvdfHybrid{"svdf_hybrid", chosen<kHybridRows>};
const Family kSvdfI8{"svdf_i8", chosen<kI8Rows>};
const Family kSvdfI8I8{"svdf_i8_i8", chosen<kI8I8Rows>};

}  // namespace mote::kernels
