#include "ops/gather.h"

#include "base/error.h"
#include "kernels/indexing/families.h"
#include "kernels/indexing/indexing.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

int32_t index_bits(DType dtype) {
  if (dtype != DType::i32 && dtype != DType::i64 && dtype != DType::i16)
    fail_user("indices are {}, expected int32, int64 or int16", name_of(dtype));
  return bits_of(dtype);
}

// axis and batch_dims, counted from the front.
struct GatherAxes {
  int axis, batch;
};

GatherAxes axes_of(const NodeView& c) {
  const auto& attrs = c.attrs<GatherAttrs>();
  const Shape &x = c.in(0).shape, &indices = c.in(1).shape;
  const int axis = checked_axis(attrs.axis, x.rank());
  const int batch = attrs.batch_dims < 0 ? attrs.batch_dims + indices.rank() : attrs.batch_dims;
  if (batch < 0 || batch > indices.rank() || batch > axis)
    fail_user("batch_dims {} does not fit axis {} and indices {}", attrs.batch_dims, axis,
              indices.str());
  return {axis, batch};
}

void infer_gather(InferContext& c) {
  const Shape &x = c.in(0).shape, &indices = c.in(1).shape;
  index_bits(c.in(1).dtype);
  const auto [axis, batch] = axes_of(c);
  if (x.rank() - 1 + indices.rank() - batch > kMaxRank)
    fail_unsupported("the result has more than {} axes", kMaxRank);
  Shape y;
  for (int d = 0; d < batch; ++d) {
    if (x[d] != indices[d] && x[d] != kDynamic && indices[d] != kDynamic)
      fail_user("batch axis {} has {} elements in the input and {} in the indices", d, x[d],
                indices[d]);
  }
  for (int d = 0; d < axis; ++d) y.push_back(x[d]);
  for (int d = batch; d < indices.rank(); ++d) y.push_back(indices[d]);
  for (int d = axis + 1; d < x.rank(); ++d) y.push_back(x[d]);
  set_moved(c, 0, 0, y);
}

void lower_gather(LowerContext& c) {
  const Shape &x = c.in(0).shape, &indices = c.in(1).shape;
  const auto [axis, batch] = axes_of(c);
  if (c.out(0).shape.elements() == 0) return;
  MoteGather p = {};
  p.batch = x.elements(0, batch);
  p.outer = x.elements(batch, axis);
  p.axis = x[axis];
  p.inner = x.elements(axis + 1, x.rank());
  p.count = indices.elements(batch, indices.rank());
  p.bits = movable_bits(c.in(0).dtype);
  p.index_bits = index_bits(c.in(1).dtype);
  c.step(kernels::kGather, p, {c.in_ref(0), c.in_ref(1)}, {c.out_ref(0)});
}

// The number of leading axes that the last axis of `indices` names.
int index_depth(const Shape& indices, int rank) {
  if (indices.rank() < 1) fail_user("indices have no axes");
  const int64_t depth = indices.back();
  if (depth == kDynamic) fail_unsupported("the last extent of the indices is not known");
  if (depth > rank) fail_user("indices name {} axes, there are {}", depth, rank);
  return static_cast<int>(depth);
}

void infer_gather_nd(InferContext& c) {
  const Shape &x = c.in(0).shape, &indices = c.in(1).shape;
  index_bits(c.in(1).dtype);
  const int depth = index_depth(indices, x.rank());
  if (indices.rank() - 1 + x.rank() - depth > kMaxRank)
    fail_unsupported("the result has more than {} axes", kMaxRank);
  Shape y;
  for (int d = 0; d < indices.rank() - 1; ++d) y.push_back(indices[d]);
  for (int d = depth; d < x.rank(); ++d) y.push_back(x[d]);
  set_moved(c, 0, 0, y);
}

MoteGatherNd nd_params(const Shape& indexed, const TensorType& indices) {
  MoteGatherNd p = {};
  p.depth = index_depth(indices.shape, indexed.rank());
  p.count = indices.shape.elements(0, indices.shape.rank() - 1);
  p.inner = indexed.elements(p.depth, indexed.rank());
  p.index_bits = index_bits(indices.dtype);
  for (int d = 0; d < p.depth; ++d) p.extent[d] = indexed[d];
  return p;
}

void lower_gather_nd(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  MoteGatherNd p = nd_params(c.in(0).shape, c.in(1));
  p.bits = movable_bits(c.in(0).dtype);
  c.step(kernels::kGatherNd, p, {c.in_ref(0), c.in_ref(1)}, {c.out_ref(0)});
}

int32_t sum_type(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return kMoteSumF32;
    case DType::i8:
    case DType::u8:
      return kMoteSumI8;
    case DType::i16:
    case DType::u16:
      return kMoteSumI16;
    case DType::i32:
    case DType::u32:
      return kMoteSumI32;
    case DType::i64:
    case DType::u64:
      return kMoteSumI64;
    default:
      fail_unsupported("sums of {}; the nearest supported type is float32", name_of(dtype));
  }
}

void infer_scatter_nd(InferContext& c) {
  index_bits(c.in(0).dtype);
  const auto extents = c.constant_ints(2);
  const Shape declared = c.declared(0).shape;
  Shape y = declared;
  if (extents) {
    const auto shape = Shape::checked(*extents);
    if (!shape || !shape->is_static()) fail_user("the shape input is not a shape");
    y = *shape;
  }
  const Shape &indices = c.in(0).shape, &updates = c.in(1).shape;
  const int depth = index_depth(indices, y.rank());
  if (updates.rank() != indices.rank() - 1 + y.rank() - depth)
    fail_user("updates {} do not fit indices {} and output {}", updates.str(), indices.str(),
              y.str());
  for (int d = 0; d < updates.rank(); ++d) {
    const int64_t wanted =
        d < indices.rank() - 1 ? indices[d] : y[d - (indices.rank() - 1) + depth];
    if (updates[d] != wanted && updates[d] != kDynamic && wanted != kDynamic)
      fail_user("updates {} do not fit indices {} and output {}", updates.str(), indices.str(),
                y.str());
  }
  c.set_out(0, c.in(1).dtype, y);
}

void lower_scatter_nd(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  MoteGatherNd p = nd_params(c.out(0).shape, c.in(0));
  p.sum_type = sum_type(c.in(1).dtype);
  c.step(kernels::kScatterNd, p, {c.in_ref(0), c.in_ref(1)}, {c.out_ref(0)});
}

int gather_version(const NodeView& node) {
  const DType dtype = node.in(0).dtype;
  if (dtype == DType::i4) return 7;
  if (node.in(1).dtype == DType::i16) return 6;
  if (node.attrs<GatherAttrs>().batch_dims != 0) return 5;
  if (dtype == DType::boolean) return 3;
  return version_by_type<0, 2, 4>(node);
}

int gather_nd_version(const NodeView& node) {
  if (node.in(0).dtype == DType::boolean) return 5;
  if (node.in(1).dtype == DType::i16) return 4;
  return node.in(0).dtype == DType::i16 ? 3 : 1;
}

constexpr TfliteField kGatherFields[] = {{0, "axis"}, {1, "batch_dims"}};

}  // namespace

extern const OpDef kGather = {
    .name = "gather",
    .attrs = &attrs_of<GatherAttrs>,
    .min_inputs = 2,
    .max_inputs = 2,
    .traits = kMovement,
    .infer = infer_gather,
    .lower = lower_gather,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 36, .options = 23, .fields = kGatherFields, .version = gather_version},
};

extern const OpDef kGatherNd = {
    .name = "gather_nd",
    .min_inputs = 2,
    .max_inputs = 2,
    .traits = kMovement,
    .infer = infer_gather_nd,
    .lower = lower_gather_nd,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 107, .options = 83, .version = gather_nd_version},
};

extern const OpDef kScatterNd = {
    .name = "scatter_nd",
    .min_inputs = 3,
    .max_inputs = 3,
    .infer = infer_scatter_nd,
    .lower = lower_scatter_nd,
    .quant = {.why_not = "adds stored integers, so it is right for unquantized values only"},
    .tflite = {.code = 122, .options = 97},
};

}  // namespace mote::ops
