// embedding_lookup  y[i, ...] = table[ids[i], ...]
//   inputs   ids int32 [N]; table [rows, ...]
//   types    any; or float32 from an int8 or int4 table, scaled by its row's scale
//   errors   at run time, an index outside the table
#include "kernels/embedding_lookup/embedding_lookup.h"

#include "base/error.h"
#include "kernels/embedding_lookup/families.h"
#include "ops/linear.h"

namespace mote::ops {
namespace {

bool is_scaled(DType table, DType y) {
  return y == DType::f32 && (table == DType::i8 || table == DType::i4);
}

void check_scales(const TensorType& table) {
  if (table.quant.empty()) fail_user("the table is {} but has no scale", name_of(table.dtype));
  for (const int64_t zero : table.quant.zero_point) {
    if (zero != 0) fail_unsupported("a table with a zero point; it must be symmetric");
  }
  if (!table.quant.per_axis()) return;
  if (table.quant.axis != 0)
    fail_unsupported("a table quantized along axis {}, expected 0", table.quant.axis);
  if (static_cast<int64_t>(table.quant.scale.size()) != table.shape[0])
    fail_user("the table has {} scales for {} rows", table.quant.scale.size(), table.shape[0]);
}

void infer(InferContext& c) {
  const TensorType& ids = require_rank(c, 0, 1, "the indices");
  if (ids.dtype != DType::i32) fail_user("the indices are {}, expected int32", name_of(ids.dtype));
  if (!c.has(1)) fail_user("input 1 (the table) is missing");
  const TensorType& table = c.in(1);
  if (table.shape.rank() < 2)
    fail_user("the table has shape {}, expected at least 2 dimensions", table.shape.str());
  Shape y = table.shape;
  y[0] = ids.shape[0];
  if (table.dtype == DType::i4 || is_scaled(table.dtype, c.declared(0).dtype)) {
    check_scales(table);
    c.set_out(0, DType::f32, y);
    return;
  }
  if (bits_of(table.dtype) < 8) fail_unsupported("a table of {}", name_of(table.dtype));
  c.set_out(0, table.dtype, y);
  if (c.declared(0).quant.empty()) c.set_quant(0, table.quant);
}

void lower(LowerContext& c) {
  const TensorType &table = c.in(1), &y = c.out(0);
  if (y.shape.elements() == 0) return;
  const int64_t size = table.shape.elements(1, table.shape.rank());
  if (!is_scaled(table.dtype, y.dtype)) {
    const MoteEmbeddingCopy p = {y.shape[0], table.shape[0],
                                 static_cast<int64_t>(bytes_of(table.dtype, size))};
    c.step(kernels::kEmbeddingLookupCopy, p, {c.in_ref(0), c.in_ref(1)}, {c.out_ref(0)});
    return;
  }
  const MoteEmbeddingHybrid p = {y.shape[0], table.shape[0], size, element_type(table.dtype),
                                 table.quant.per_axis()};
  c.step(kernels::kEmbeddingLookupHybrid, p,
         {c.in_ref(0), c.in_ref(1), c.constant(table.quant.scale)}, {c.out_ref(0)});
}

int version(const NodeView& c) {
  return c.in(1).dtype == DType::i4 || c.in(1).quant.per_axis() ? 4 : 1;
}

}  // namespace

extern const OpDef kEmbeddingLookup = {
    .name = "embedding_lookup",
    .min_inputs = 2,
    .max_inputs = 2,
    .infer = infer,
    .lower = lower,
    .quant = {.kind = QuantKind::same_scale, .activations = 0b10},
    .tflite = {.code = 7, .version = version},
};

}  // namespace mote::ops
