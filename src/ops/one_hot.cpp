#include "ops/one_hot.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/indexing/families.h"
#include "kernels/indexing/indexing.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

int one_hot_axis(const NodeView& c) {
  return checked_axis(c.attrs<OneHotAttrs>().axis, c.in(0).shape.rank() + 1);
}

void infer_one_hot(InferContext& c) {
  const Shape& indices = c.in(0).shape;
  if (c.in(0).dtype != DType::i32 && c.in(0).dtype != DType::i64)
    fail_user("indices are {}, expected int32 or int64", name_of(c.in(0).dtype));
  if (c.in(2).dtype != c.in(3).dtype) fail_user("the on and off values differ in type");
  for (int i = 1; i < 4; ++i) {
    if (c.in(i).shape.is_static() && c.in(i).shape.elements() != 1)
      fail_user("input {} has shape {}, expected one element", i, c.in(i).shape.str());
  }
  if (indices.rank() == kMaxRank) fail_unsupported("the result has more than {} axes", kMaxRank);
  const int axis = one_hot_axis(c);
  int64_t depth = kDynamic;
  if (const auto values = c.constant_ints(1)) {
    depth = (*values)[0];
    if (depth < 0) fail_user("depth {} is negative", depth);
  } else if (c.declared(0).shape.rank() == indices.rank() + 1) {
    depth = c.declared(0).shape[axis];
  }
  Shape y = indices;
  y.insert(axis, depth);
  set_moved(c, 0, 2, y);
}

void lower_one_hot(LowerContext& c) {
  const Shape& indices = c.in(0).shape;
  const int axis = one_hot_axis(c);
  if (c.out(0).shape.elements() == 0) return;
  MoteOneHot p = {};
  p.outer = indices.elements(0, axis);
  p.depth = c.out(0).shape[axis];
  p.inner = indices.elements(axis, indices.rank());
  p.bits = movable_bits(c.in(2).dtype);
  p.index_bits = bits_of(c.in(0).dtype);
  c.step(kernels::kOneHot, p, {c.in_ref(0), c.in_ref(2), c.in_ref(3)}, {c.out_ref(0)});
}

void infer_segment_sum(InferContext& c) {
  const Shape& x = c.in(0).shape;
  if (c.in(1).dtype != DType::i32) fail_user("ids are {}, expected int32", name_of(c.in(1).dtype));
  if (x.rank() < 1 || c.in(1).shape.rank() != 1)
    fail_user("input {} and ids {} must have a first axis in common", x.str(), c.in(1).shape.str());
  if (c.in(0).dtype != DType::f32 && c.in(0).dtype != DType::i32)
    fail_unsupported("sums of {}; float32 and int32 are supported", name_of(c.in(0).dtype));
  if (c.in(1).shape[0] != x[0] && x[0] != kDynamic && c.in(1).shape[0] != kDynamic)
    fail_user("{} ids for {} rows", c.in(1).shape[0], x[0]);
  Shape y = x;
  y[0] = c.declared(0).shape.rank() == x.rank() ? c.declared(0).shape[0] : kDynamic;
  if (const auto ids = c.constant_ints(1)) {
    int64_t last = ids->empty() ? -1 : 0;
    for (const int64_t id : *ids) {
      if (id != last && id != last + 1) fail_user("ids must start at 0 and rise by at most 1");
      last = id;
    }
    if (!ids->empty() && (*ids)[0] != 0) fail_user("ids must start at 0");
    y[0] = last + 1;
  }
  c.set_out(0, c.in(0).dtype, y);
}

void lower_segment_sum(LowerContext& c) {
  const Shape& x = c.in(0).shape;
  MoteSegmentSum p = {};
  p.count = x[0];
  p.inner = x.elements(1, x.rank());
  p.segments = c.out(0).shape[0];
  p.sum_type = c.in(0).dtype == DType::f32 ? kMoteSumF32 : kMoteSumI32;
  c.step(kernels::kSegmentSum, p, {c.in_ref(0), c.in_ref(1)}, {c.out_ref(0)});
}

void infer_diag(InferContext& c) {
  Shape y = c.in(0).shape;
  if (y.rank() < 1 || y.rank() == kMaxRank)
    fail_user("input {} must have 1 to {} axes", y.str(), kMaxRank - 1);
  y.push_back(y.back());
  set_moved(c, 0, 0, y);
}

void infer_set_diag(InferContext& c) {
  const Shape &x = c.in(0).shape, &diagonal = c.in(1).shape;
  if (c.in(1).dtype != c.in(0).dtype) fail_user("input and diagonal differ in type");
  if (x.rank() < 2 || diagonal.rank() != x.rank() - 1)
    fail_user("diagonal {} does not fit {}", diagonal.str(), x.str());
  if (x.is_static() && diagonal.is_static()) {
    bool fits = diagonal.back() == std::min(x.back(), x.back(1));
    for (int d = 0; d < diagonal.rank() - 1; ++d) fits = fits && diagonal[d] == x[d];
    if (!fits) fail_user("diagonal {} does not fit {}", diagonal.str(), x.str());
  }
  set_moved(c, 0, 0, x);
}

MoteMatrixDiag diag_params(const NodeView& c) {
  const Shape& y = c.out(0).shape;
  MoteMatrixDiag p = {};
  p.batch = y.elements(0, y.rank() - 2);
  p.rows = y.back(1);
  p.columns = y.back();
  p.bits = movable_bits(c.in(0).dtype);
  return p;
}

void lower_diag(LowerContext& c) {
  c.step(kernels::kMatrixDiag, diag_params(c), {c.in_ref(0)}, {c.out_ref(0)});
}

void lower_set_diag(LowerContext& c) {
  c.step(kernels::kMatrixSetDiag, diag_params(c), {c.in_ref(0), c.in_ref(1)}, {c.out_ref(0)});
}

constexpr TfliteField kOneHotFields[] = {{0, "axis"}};

}  // namespace

extern const OpDef kOneHot = {
    .name = "one_hot",
    .attrs = &attrs_of<OneHotAttrs>,
    .min_inputs = 4,
    .max_inputs = 4,
    .infer = infer_one_hot,
    .lower = lower_one_hot,
    .quant = {.why_not = "takes indices, not activations"},
    .tflite = {.code = 85, .options = 61, .fields = kOneHotFields},
};

extern const OpDef kSegmentSum = {
    .name = "segment_sum",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_segment_sum,
    .lower = lower_segment_sum,
    .quant = {.why_not = "the official kernel has no int8"},
    .tflite = {.code = 125, .options = 100},
};

extern const OpDef kMatrixDiag = {
    .name = "matrix_diag",
    .infer = infer_diag,
    .lower = lower_diag,
    .quant = {.why_not = "writes a stored 0, which is no quantized zero"},
    .tflite = {.code = 113, .options = 88},
};

extern const OpDef kMatrixSetDiag = {
    .name = "matrix_set_diag",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer_set_diag,
    .lower = lower_set_diag,
    .quant = {.kind = QuantKind::same_scale, .activations = 0b11},
    .tflite = {.code = 115, .options = 90},
};

}  // namespace mote::ops
