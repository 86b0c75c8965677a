#include "ops/batch_matmul.h"

#include <algorithm>

#include "base/error.h"
#include "kernels/batch_matmul/batch_matmul.h"
#include "kernels/batch_matmul/families.h"
#include "kernels/movement/families.h"
#include "kernels/movement/movement.h"
#include "ops/linear.h"

namespace mote::ops {
namespace {

constexpr int kMaxDims = 5;

bool types_fit(DType x, DType w) {
  if (x == DType::f32) return w == DType::f32 || w == DType::i8;
  return (x == DType::i8 && w == DType::i8) ||
         (x == DType::i16 && (w == DType::i16 || w == DType::i8));
}

const Shape& operand(const InferContext& c, int i) {
  if (!c.has(i)) fail_user("input {} is missing", i);
  const Shape& shape = c.in(i).shape;
  if (shape.rank() < 2 || shape.rank() > kMaxDims)
    fail_user("input {} has shape {}, expected 2 to {} dimensions", i, shape.str(), kMaxDims);
  return shape;
}

Shape batches_of(const Shape& shape) {
  return Shape(shape.dims().first(static_cast<size_t>(shape.rank() - 2)));
}

void check_quant(const InferContext& c, DType y) {
  const TensorType &x = c.in(0), &w = c.in(1);
  if (w.dtype == DType::f32 || y == DType::i32) return;
  const auto check = [](const TensorType& t, const char* what) {
    if (t.quant.empty()) fail_user("{} is {} but has no scale", what, name_of(t.dtype));
    if (t.dtype == DType::i16 && t.zero_point() != 0)
      fail_user("{} is int16 with a zero point, expected 0", what);
  };
  check(w, "the second operand");
  if (x.dtype == DType::f32) {
    if (w.zero_point() != 0)
      fail_unsupported("int8 weights with a zero point; they must be symmetric");
    const int axis = w.shape.rank() - (c.attrs<BatchMatmulAttrs>().adj_y ? 2 : 1);
    if (w.quant.per_axis() && w.quant.axis != axis)
      fail_unsupported("weights quantized along axis {}, expected {}", w.quant.axis, axis);
    return;
  }
  check(x, "the first operand");
  check(c.declared(0), "the output");
  if (x.quant.per_axis() || w.quant.per_axis()) fail_unsupported("operands quantized per channel");
  if (x.dtype == DType::i16 && w.zero_point() != 0)
    fail_user("the second operand has a zero point with int16 activations, expected 0");
}

void infer(InferContext& c) {
  const auto& a = c.attrs<BatchMatmulAttrs>();
  const Shape &x = operand(c, 0), &w = operand(c, 1);
  if (!types_fit(c.in(0).dtype, c.in(1).dtype)) {
    fail_unsupported(
        "{} times {}; float32 goes with float32 or int8, int8 with int8, int16 with int16 or int8",
        name_of(c.in(0).dtype), name_of(c.in(1).dtype));
  }
  const int64_t rows = x.back(a.adj_x ? 0 : 1), depth = x.back(a.adj_x ? 1 : 0);
  const int64_t w_depth = w.back(a.adj_y ? 0 : 1), columns = w.back(a.adj_y ? 1 : 0);
  if (depth != kDynamic && w_depth != kDynamic && depth != w_depth)
    fail_user("{} x {}: the inner dimensions are {} and {}", x.str(), w.str(), depth, w_depth);
  const auto batches = broadcast(batches_of(x), batches_of(w));
  if (!batches) fail_user("the batches of {} and {} do not broadcast", x.str(), w.str());
  Shape y = *batches;
  y.push_back(rows);
  y.push_back(columns);
  const bool sums = c.in(0).dtype == DType::i8 && c.declared(0).dtype == DType::i32;
  const DType dtype = sums ? DType::i32 : c.in(0).dtype;
  c.set_out(0, dtype, y);
  check_quant(c, dtype);
}

int64_t batch_count(const Shape& shape) { return shape.elements(0, shape.rank() - 2); }

MoteBatchMatmulShape shape_of(const NodeView& c) {
  const auto& a = c.attrs<BatchMatmulAttrs>();
  const Shape &x = c.in(0).shape, &w = c.in(1).shape, &y = c.out(0).shape;
  MoteBatchMatmulShape s = {};
  s.rows = y.back(1);
  s.columns = y.back(0);
  s.depth = x.back(a.adj_x ? 1 : 0);
  s.transpose_x = a.adj_x;
  s.transpose_w = a.adj_y;
  int64_t x_matrices = 1, w_matrices = 1;
  for (int axis = 0; axis < kMoteBatchAxes; ++axis) {
    const int to = kMoteBatchAxes - 1 - axis;  // innermost first
    const auto extent = [&](const Shape& shape) {
      return axis + 2 < shape.rank() ? shape.back(axis + 2) : int64_t{1};
    };
    s.batch[to] = extent(y);
    s.x_stride[to] = extent(x) == 1 ? 0 : x_matrices;
    s.w_stride[to] = extent(w) == 1 ? 0 : w_matrices;
    x_matrices *= extent(x);
    w_matrices *= extent(w);
  }
  return s;
}

// x with its last two dimensions exchanged, so that each row can be quantized on its own.
Ref straightened(LowerContext& c, const MoteBatchMatmulShape& s) {
  const int64_t matrices = batch_count(c.in(0).shape);
  MoteStridedCopy p = {};
  p.rank = 3;
  p.bits = 32;
  p.extent[0] = matrices, p.extent[1] = s.rows, p.extent[2] = s.depth;
  p.in_stride[0] = s.rows * s.depth, p.in_stride[1] = 1, p.in_stride[2] = s.rows;
  const Ref straight = c.temp(DType::f32, Shape{matrices, s.rows, s.depth});
  c.step(kernels::kStridedCopy, p, {c.in_ref(0)}, {straight});
  return straight;
}

void lower_hybrid(LowerContext& c) {
  const auto& a = c.attrs<BatchMatmulAttrs>();
  MoteBatchMatmulHybrid p = {shape_of(c)};
  const Ref x = a.adj_x ? straightened(c, p.shape) : c.in_ref(0);
  p.shape.transpose_x = 0;
  const QuantizedRows q = quantize_rows(c, x, batch_count(c.in(0).shape) * p.shape.rows,
                                        p.shape.depth, a.asymmetric_quantize_inputs);
  c.step(kernels::kBatchMatmulHybrid, p,
         {q.x, c.in_ref(1), c.constant(weight_scales(c.in(1), p.shape.columns)), q.scale, q.zero},
         {c.out_ref(0)});
}

void lower_int(LowerContext& c) {
  const TensorType &x = c.in(0), &w = c.in(1), &y = c.out(0);
  MoteBatchMatmulInt p = {shape_of(c), {}};
  p.mac.x_type = element_type(x.dtype);
  p.mac.w_type = element_type(w.dtype);
  p.mac.y_type = element_type(y.dtype);
  p.mac.rounding = x.dtype == DType::i16 ? kMoteWide : kMoteTwice;
  Ref multiplier, shift;
  if (y.dtype != DType::i32) {
    const IntRange range = int_range(Activation::none, y);
    p.mac.x_zero = x.zero_point();
    p.mac.w_zero = w.zero_point();
    p.mac.y_zero = y.zero_point();
    p.mac.act_min = range.min, p.mac.act_max = range.max;
    const double real = static_cast<double>(x.scale() * w.scale()) / static_cast<double>(y.scale());
    int32_t q = 0;
    int s = 0;
    mote_split_multiplier(real, &q, &s);
    if (s > (x.dtype == DType::i16 ? 7 : 30))
      fail_user("the scales of the operands and the output multiply to {}, which is too large",
                real);
    multiplier = c.constant(std::vector<int32_t>{q});
    shift = c.constant(std::vector<int32_t>{s});
  }
  c.step(kernels::kBatchMatmulInt, p, {c.in_ref(0), c.in_ref(1), multiplier, shift},
         {c.out_ref(0)});
}

void lower(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  if (c.in(0).dtype == DType::f32 && c.in(1).dtype == DType::i8) return lower_hybrid(c);
  if (c.in(0).dtype != DType::f32) return lower_int(c);
  c.step(kernels::kBatchMatmulF32, MoteBatchMatmulF32{shape_of(c)}, {c.in_ref(0), c.in_ref(1)},
         {c.out_ref(0)});
}

Cost cost(const NodeView& c) {
  return {c.out(0).shape.elements() *
          c.in(0).shape.back(c.attrs<BatchMatmulAttrs>().adj_x ? 1 : 0)};
}

int version(const NodeView& c) {
  const DType x = c.in(0).dtype;
  if (x == DType::i16) return 3;
  if (x == DType::i8) return 2;
  return c.in(1).dtype == DType::i8 && c.attrs<BatchMatmulAttrs>().asymmetric_quantize_inputs ? 4
                                                                                              : 1;
}

constexpr TfliteField kFields[] = {{0, "adj_x"}, {1, "adj_y"}, {2, "asymmetric_quantize_inputs"}};

}  // namespace

extern const OpDef kBatchMatmul = {
    .name = "batch_matmul",
    .attrs = &attrs_of<BatchMatmulAttrs>,
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer,
    .lower = lower,
    .cost = cost,
    .quant = {.kind = QuantKind::free, .activations = 0b11},
    .tflite = {.code = 126, .options = 101, .fields = kFields, .version = version},
};

}  // namespace mote::ops
