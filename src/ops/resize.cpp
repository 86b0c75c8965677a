#include "ops/resize.h"

#include "base/error.h"
#include "kernels/resize/families.h"
#include "kernels/resize/resize.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

void infer(InferContext& c) {
  const Shape& x = c.in(0).shape;
  if (x.rank() != 4) fail_user("input {} must have 4 axes", x.str());
  const auto size = ints_or_declared(c, 1, "size", 4);
  if (!size) return;
  if (size->size() != 2) fail_user("size has {} elements, expected 2", size->size());
  for (const int64_t extent : *size) {
    if (extent < 1 || extent > kMaxElements) fail_user("can't resize to {} samples", extent);
  }
  if (x[1] == 0 || x[2] == 0) fail_user("can't resize an empty image {}", x.str());
  set_moved(c, 0, 0, Shape{x[0], (*size)[0], (*size)[1], x[3]});
}

void infer_bilinear(InferContext& c) {
  const auto& attrs = c.attrs<ResizeAttrs>();
  if (attrs.align_corners && attrs.half_pixel_centers)
    fail_user("align_corners and half_pixel_centers exclude each other");
  infer(c);
}

MoteResize params_of(const LowerContext& c) {
  const auto& attrs = c.attrs<ResizeAttrs>();
  const Shape &x = c.in(0).shape, &y = c.out(0).shape;
  if (y.rank() != 4 || y[0] != x[0] || y[3] != x[3] || x[1] == 0 || x[2] == 0)
    fail_user("can't resize {} to the declared shape {}", x.str(), y.str());
  MoteResize p = {};
  p.batch = x[0];
  p.in_h = x[1];
  p.in_w = x[2];
  p.out_h = y[1];
  p.out_w = y[2];
  p.channels = x[3];
  p.align_corners = attrs.align_corners;
  p.half_pixel_centers = attrs.half_pixel_centers;
  return p;
}

const kernels::Family& bilinear_family(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return kernels::kResizeBilinearF32;
    case DType::u8:
      return kernels::kResizeBilinearU8;
    case DType::i8:
      return kernels::kResizeBilinearI8;
    case DType::i16:
      return kernels::kResizeBilinearI16;
    default:
      fail_unsupported("bilinear resizing of {}; float32, int8, uint8 and int16 are supported",
                       name_of(dtype));
  }
}

void lower_bilinear(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  c.step(bilinear_family(c.in(0).dtype), params_of(c), {c.in_ref(0)}, {c.out_ref(0)});
}

void lower_nearest(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  MoteResize p = params_of(c);
  p.bits = movable_bits(c.in(0).dtype);
  c.step(kernels::kResizeNearest, p, {c.in_ref(0)}, {c.out_ref(0)});
}

int bilinear_version(const NodeView& node) {
  if (node.in(0).dtype == DType::i16) return 4;
  if (node.attrs<ResizeAttrs>().half_pixel_centers) return 3;
  return node.in(0).dtype == DType::i8 ? 2 : 1;
}

int nearest_version(const NodeView& node) {
  const auto& attrs = node.attrs<ResizeAttrs>();
  if (node.in(0).dtype == DType::i16) return 4;
  if (attrs.half_pixel_centers || attrs.align_corners) return 3;
  return node.in(0).dtype == DType::i8 ? 2 : 1;
}

constexpr TfliteField kBilinearFields[] = {{2, "align_corners"}, {3, "half_pixel_centers"}};
constexpr TfliteField kNearestFields[] = {{0, "align_corners"}, {1, "half_pixel_centers"}};

}  // namespace

extern const OpDef kResizeBilinear = {
    .name = "resize_bilinear",
    .attrs = &attrs_of<ResizeAttrs>,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_bilinear,
    .lower = lower_bilinear,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 23, .options = 15, .fields = kBilinearFields, .version = bilinear_version},
};

extern const OpDef kResizeNearestNeighbor = {
    .name = "resize_nearest_neighbor",
    .attrs = &attrs_of<ResizeAttrs>,
    .min_inputs = 2,
    .max_inputs = 2,
    .traits = kMovement,
    .infer = infer,
    .lower = lower_nearest,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 97, .options = 74, .fields = kNearestFields, .version = nearest_version},
};

}  // namespace mote::ops
