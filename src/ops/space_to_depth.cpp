#include "ops/space_to_depth.h"

#include "base/error.h"
#include "kernels/movement/families.h"
#include "kernels/movement/movement.h"
#include "ops/moving.h"

namespace mote::ops {
namespace {

int64_t block_of(const NodeView& c) {
  const int32_t block = c.attrs<BlockAttrs>().block_size;
  if (block < 1 || block > (1 << 15)) fail_user("block_size {} is out of range", block);
  if (c.in(0).shape.rank() != 4) fail_user("input {} must have 4 axes", c.in(0).shape.str());
  return block;
}

// extent / block, exactly.
int64_t divided(int64_t extent, int64_t block, const char* what) {
  if (extent == kDynamic) return kDynamic;
  if (extent % block != 0) fail_user("{} {} is not a multiple of {}", what, extent, block);
  return extent / block;
}

int64_t scaled(int64_t extent, int64_t factor) {
  return extent == kDynamic ? kDynamic : extent * factor;
}

void infer_to_depth(InferContext& c) {
  const int64_t b = block_of(c);
  const Shape& x = c.in(0).shape;
  set_moved(
      c, 0, 0,
      Shape{x[0], divided(x[1], b, "height"), divided(x[2], b, "width"), scaled(x[3], b * b)});
}

void infer_to_space(InferContext& c) {
  const int64_t b = block_of(c);
  const Shape& x = c.in(0).shape;
  set_moved(c, 0, 0, Shape{x[0], scaled(x[1], b), scaled(x[2], b), divided(x[3], b * b, "depth")});
}

void lower_to_depth(LowerContext& c) {
  const int64_t b = block_of(c);
  const Shape& x = c.in(0).shape;
  const int64_t w = x[2], d = x[3];
  lower_copy(c, {{x[0], x[1] / b, w / b, b, b, d}, {x[1] * w * d, b * w * d, b * d, w * d, d, 1}});
}

void lower_to_space(LowerContext& c) {
  const int64_t b = block_of(c);
  const Shape& x = c.in(0).shape;
  const int64_t w = x[2], d = x[3], piece = d / (b * b);
  lower_copy(c, {{x[0], x[1], b, w, b, piece}, {x[1] * w * d, w * d, b * piece, d, piece, 1}});
}

// Block and paddings (or crops) of a batch form: {h, w} with h = 1 where there is one spatial axis.
struct Blocks {
  int spatial = 0;
  int64_t block[2] = {1, 1};
  int64_t pad[2][2] = {{0, 0}, {0, 0}};
};

Blocks blocks_of(const Shape& x, std::span<const int64_t> block, std::span<const int64_t> pads) {
  const int spatial = static_cast<int>(block.size());
  if (x.rank() != 3 && x.rank() != 4) fail_user("input {} must have 3 or 4 axes", x.str());
  if (spatial != x.rank() - 2)
    fail_user("block has {} elements, the input has {} spatial axes", spatial, x.rank() - 2);
  if (static_cast<int>(pads.size()) != 2 * spatial)
    fail_user("paddings have {} elements, expected {}", pads.size(), 2 * spatial);
  Blocks blocks;
  blocks.spatial = spatial;
  for (int s = 0; s < spatial; ++s) {
    const int to = s + 2 - spatial;
    blocks.block[to] = block[static_cast<size_t>(s)];
    if (blocks.block[to] < 1 || blocks.block[to] > (1 << 15))
      fail_user("block {} is out of range", blocks.block[to]);
    for (int side = 0; side < 2; ++side) {
      const int64_t pad = pads[static_cast<size_t>(2 * s + side)];
      if (pad < 0 || pad > kMaxElements) fail_user("padding {} is out of range", pad);
      blocks.pad[to][side] = pad;
    }
  }
  return blocks;
}

std::optional<Blocks> known_blocks(InferContext& c) {
  const auto block = ints_or_declared(c, 1, "block shape", c.in(0).shape.rank());
  if (!block) return std::nullopt;
  const auto pads = ints_or_declared(c, 2, "paddings", c.in(0).shape.rank());
  if (!pads) return std::nullopt;
  return blocks_of(c.in(0).shape, *block, *pads);
}

void infer_to_batch(InferContext& c) {
  const auto blocks = known_blocks(c);
  if (!blocks) return;
  Shape y = c.in(0).shape;
  for (int s = 0; s < blocks->spatial; ++s) {
    const int at = s + 2 - blocks->spatial;
    y[0] = scaled(y[0], blocks->block[at]);
    if (y[1 + s] == kDynamic) continue;
    y[1 + s] = divided(y[1 + s] + blocks->pad[at][0] + blocks->pad[at][1], blocks->block[at],
                       "padded extent");
  }
  set_moved(c, 0, 0, y);
}

void infer_from_batch(InferContext& c) {
  const auto blocks = known_blocks(c);
  if (!blocks) return;
  Shape y = c.in(0).shape;
  for (int s = 0; s < blocks->spatial; ++s) {
    const int at = s + 2 - blocks->spatial;
    y[0] = divided(y[0], blocks->block[at], "batch");
    if (y[1 + s] == kDynamic) continue;
    const int64_t whole = y[1 + s] * blocks->block[at];
    y[1 + s] = whole - blocks->pad[at][0] - blocks->pad[at][1];
    if (y[1 + s] < 0) fail_user("crops more than the {} elements of axis {}", whole, 1 + s);
  }
  set_moved(c, 0, 0, y);
}

// `plain` is the un-blocked side's shape, `blocked` the other's.
MoteSpaceBatch params_of(const LowerContext& c, const Shape& plain, const Shape& blocked) {
  const Blocks blocks =
      blocks_of(c.in(0).shape, required_ints(c, 1, "block shape"), required_ints(c, 2, "paddings"));
  const bool line = blocks.spatial == 1;
  MoteSpaceBatch p = {};
  p.batch = plain[0];
  p.height = line ? 1 : plain[1];
  p.width = plain[line ? 1 : 2];
  p.phase_h = line ? 1 : blocked[1];
  p.phase_w = blocked[line ? 1 : 2];
  p.inner = plain.back();
  p.block_h = blocks.block[0];
  p.block_w = blocks.block[1];
  p.pad_top = blocks.pad[0][0];
  p.pad_left = blocks.pad[1][0];
  p.bits = movable_bits(c.in(0).dtype);
  if (!c.out(0).quant.empty()) p.fill[0] = static_cast<uint64_t>(c.out(0).zero_point());
  return p;
}

void lower_to_batch(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  c.step(kernels::kSpaceToBatch, params_of(c, c.in(0).shape, c.out(0).shape), {c.in_ref(0)},
         {c.out_ref(0)});
}

void lower_from_batch(LowerContext& c) {
  if (c.out(0).shape.elements() == 0) return;
  c.step(kernels::kBatchToSpace, params_of(c, c.out(0).shape, c.in(0).shape), {c.in_ref(0)},
         {c.out_ref(0)});
}

int batch_version(const NodeView& node) {
  if (node.in(0).dtype == DType::i16) return 4;
  if (node.in(0).shape.rank() != 4) return 3;
  return node.in(0).dtype == DType::i8 ? 2 : 1;
}

constexpr TfliteField kBlockFields[] = {{0, "block_size"}};

}  // namespace

extern const OpDef kSpaceToDepth = {
    .name = "space_to_depth",
    .attrs = &attrs_of<BlockAttrs>,
    .traits = kMovement,
    .infer = infer_to_depth,
    .lower = lower_to_depth,
    .quant = {.kind = QuantKind::same_scale, .int16 = false},
    .tflite = {.code = 26, .options = 19, .fields = kBlockFields, .version = version_by_type<0, 2>},
};

extern const OpDef kDepthToSpace = {
    .name = "depth_to_space",
    .attrs = &attrs_of<BlockAttrs>,
    .traits = kMovement,
    .infer = infer_to_space,
    .lower = lower_to_space,
    .quant = {.kind = QuantKind::same_scale, .int16 = false},
    .tflite = {.code = 5, .options = 94, .fields = kBlockFields, .version = version_by_type<0, 2>},
};

extern const OpDef kSpaceToBatchNd = {
    .name = "space_to_batch_nd",
    .min_inputs = 3,
    .max_inputs = 3,
    .traits = kMovement,
    .infer = infer_to_batch,
    .lower = lower_to_batch,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 38, .options = 25, .version = batch_version},
};

extern const OpDef kBatchToSpaceNd = {
    .name = "batch_to_space_nd",
    .min_inputs = 3,
    .max_inputs = 3,
    .traits = kMovement,
    .infer = infer_from_batch,
    .lower = lower_from_batch,
    .quant = {.kind = QuantKind::same_scale},
    .tflite = {.code = 37, .options = 24, .version = batch_version},
};

}  // namespace mote::ops
