#include "ops/bucketize.h"

#include <cmath>

#include "base/error.h"
#include "kernels/bucketize/families.h"
#include "ops/lower.h"

namespace mote::ops {
namespace {

void infer(InferContext& c) {
  if (c.in(0).dtype != DType::f32) {
    fail_unsupported("bins of {}; float32 is supported", name_of(c.in(0).dtype));
  }
  const std::vector<float>& boundaries = c.attrs<BucketizeAttrs>().boundaries;
  for (size_t i = 0; i < boundaries.size(); ++i) {
    if (std::isnan(boundaries[i]) || (i > 0 && boundaries[i] < boundaries[i - 1])) {
      fail_user("boundary {} is {}, expected ascending numbers", i, boundaries[i]);
    }
  }
  c.set_out(0, DType::i32, c.in(0).shape);
}

void lower(LowerContext& c) {
  const std::vector<float>& boundaries = c.attrs<BucketizeAttrs>().boundaries;
  const MoteBucketize p = {c.in(0).shape.elements(), static_cast<int64_t>(boundaries.size())};
  if (p.count == 0) return;
  c.step(kernels::kBucketizeF32, p, {c.in_ref(0), c.constant(boundaries)}, {c.out_ref(0)});
}

constexpr TfliteField kFields[] = {{0, "boundaries"}};

}  // namespace

extern const OpDef kBucketize = {
    .name = "bucketize",
    .attrs = &attrs_of<BucketizeAttrs>,
    .traits = kElementwise,
    .infer = infer,
    .lower = lower,
    .quant = {.why_not = "the official kernel has no int8"},
    .tflite = {.code = 147, .options = 115, .fields = kFields},
};

}  // namespace mote::ops
