#include "ops/shape.h"

#include "base/error.h"
#include "ops/lower.h"

namespace mote::ops {
namespace {

Buffer extents(const Shape& shape, DType dtype) {
  if (dtype == DType::i64) return Buffer::of(std::vector<int64_t>(shape.begin(), shape.end()));
  std::vector<int32_t> values;
  for (const int64_t extent : shape) values.push_back(static_cast<int32_t>(extent));
  return Buffer::of(values);
}

void infer(InferContext& c) {
  const DType dtype = c.attrs<ShapeAttrs>().out_type;
  if (dtype != DType::i32 && dtype != DType::i64) {
    fail_user("out_type is {}, expected int32 or int64", name_of(dtype));
  }
  c.set_out(0, dtype, Shape{c.in(0).shape.rank()});
  if (c.in(0).shape.is_static()) c.set_constant(0, extents(c.in(0).shape, dtype));
}

void lower(LowerContext& c) {
  const Ref value =
      c.constant(c.out(0).dtype, c.out(0).shape, extents(c.in(0).shape, c.out(0).dtype));
  c.copy(value, c.out_ref(0));
}

constexpr TfliteField kFields[] = {{0, "out_type"}};

}  // namespace

extern const OpDef kShape = {
    .name = "shape",
    .attrs = &attrs_of<ShapeAttrs>,
    .infer = infer,
    .lower = lower,
    .quant = {.kind = QuantKind::passthrough},
    .tflite = {.code = 77, .options = 55, .fields = kFields},
};

}  // namespace mote::ops
