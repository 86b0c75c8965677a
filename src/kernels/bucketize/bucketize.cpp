#include "kernels/bucketize/bucketize.h"

#include "kernels/bucketize/families.h"
#include "kernels/bucketize/ref.h"
#include "kernels/chosen.h"
#include "kernels/common/rows-inl.h"

namespace mote::kernels {
namespace {

int64_t numbers(const void* params) { return as<MoteBucketize>(params).count; }

int run(const Args& a, int64_t begin, int64_t end) {
  mote_bucketize_ref(&as<MoteBucketize>(a.params), in<float>(a, 0), in<float>(a, 1),
                     out<int32_t>(a), begin, end);
  return kOk;
}

constexpr Kernel kRows[] = {{.name = "bucketize_f32__ref", .run = run, .units = numbers}};

}  // namespace

const Family kBucketizeF32 = {"bucketize_f32", chosen<kRows>};

}  // namespace mote::kernels
