// Operators that move elements without computing on them.
#include "case.h"
#include "kernels/movement/families.h"
#include "kernels/movement/movement.h"

namespace mote::kernels::shapes {
namespace {

int32_t random_bits(Random& r) { return r.pick({8, 8, 8, 16, 32, 32, 32, 64, 128, 4}); }

Bytes random_tensor(Random& r, int64_t elements, int32_t bits) {
  return random_ints<uint8_t>(r, (elements * bits + 7) / 8, 0, 255);
}
size_t element_size(int32_t bits) { return bits < 8 ? 1 : static_cast<size_t>(bits / 8); }

void add_tensor(Random& r, Case& c, int64_t elements, int32_t bits) {
  c.add(random_tensor(r, elements, bits), element_size(bits));
}
// Packed halves that nothing belongs to keep what was there.
void add_result(Case& c, int64_t elements, int32_t bits) {
  c.add_output((elements * bits + 7) / 8, 1);
  c.out.back().element_bytes = element_size(bits);
}

int64_t random_extent(Random& r, bool longer) {
  if (r.one_in(60)) return 0;
  return longer ? r.extent(150) : r.between(1, 6);
}

std::string list(const int64_t* values, int n) {
  std::string text = "[";
  for (int i = 0; i < n; ++i) text += std::to_string(values[i]) + " ";
  return text + "]";
}

// A transpose, slice, reversal or repetition: strides that keep within x.
void strided_copy(Random& r, Case& c) {
  MoteStridedCopy p = {};
  p.rank = r.between32(1, r.one_in(6) ? 8 : 4);
  p.bits = random_bits(r);
  const int32_t long_axis = r.between32(0, 3);
  int order[kMoteCopyRank];
  for (int i = 0; i < p.rank; ++i) order[i] = i;
  if (r.coin()) {
    for (int i = p.rank - 1; i > 0; --i) std::swap(order[i], order[r.between(0, i)]);
  }
  int64_t count = 1;
  for (int i = 0; i < p.rank; ++i) {
    p.extent[i] = p.rank > 4 ? r.between(1, 3) : random_extent(r, i == long_axis);
    count *= p.extent[i];
  }
  int64_t elements = 1;  // of x, filled from its innermost axis on
  for (int i = p.rank - 1; i >= 0; --i) {
    const int axis = order[i];
    const int64_t every = r.one_in(6) ? r.between(2, 3) : 1;
    if (r.one_in(8)) continue;  // repeated: a stride of 0
    p.in_stride[axis] = elements * every;
    if (r.one_in(6) && p.extent[axis] > 0) {
      p.in_offset += p.in_stride[axis] * (p.extent[axis] - 1);
      p.in_stride[axis] = -p.in_stride[axis];
    }
    elements *= std::max<int64_t>(1, p.extent[axis]) * every;
  }
  add_tensor(r, c, elements, p.bits);
  add_result(c, count, p.bits);
  c.set_params(p);
  c.text = list(p.extent, p.rank) + " strides " + list(p.in_stride, p.rank) + ", bits " +
           std::to_string(p.bits);
}

template <class Params>
void random_pads(Random& r, Params& p, bool mirrored) {
  p.rank = r.between32(1, 4);
  p.bits = random_bits(r);
  const int32_t long_axis = r.between32(0, 3);
  for (int i = 0; i < p.rank; ++i) {
    p.in_extent[i] = mirrored ? r.between(2, 9) : random_extent(r, i == long_axis);
    const int64_t most = mirrored ? p.in_extent[i] - 1 : 4;
    p.before[i] = r.coin() ? r.between(0, most) : 0;
    p.out_extent[i] = p.in_extent[i] + p.before[i] + (r.coin() ? r.between(0, most) : 0);
  }
}

int64_t product(const int64_t* extent, int rank) {
  int64_t n = 1;
  for (int i = 0; i < rank; ++i) n *= extent[i];
  return n;
}

void pad(Random& r, Case& c) {
  MotePad p = {};
  random_pads(r, p, false);
  p.fill[0] = r.bits(), p.fill[1] = r.bits();
  add_tensor(r, c, product(p.in_extent, p.rank), p.bits);
  if (r.coin()) {
    c.add_absent();
  } else {
    add_tensor(r, c, p.bits < 8 ? 2 : 1, p.bits);
  }
  add_result(c, product(p.out_extent, p.rank), p.bits);
  c.set_params(p);
  c.text = list(p.in_extent, p.rank) + " to " + list(p.out_extent, p.rank) + ", before " +
           list(p.before, p.rank) + ", bits " + std::to_string(p.bits);
}

void mirror_pad(Random& r, Case& c) {
  MoteMirrorPad p = {};
  random_pads(r, p, true);
  p.skip_edge = r.coin();
  add_tensor(r, c, product(p.in_extent, p.rank), p.bits);
  add_result(c, product(p.out_extent, p.rank), p.bits);
  c.set_params(p);
  c.text = list(p.in_extent, p.rank) + " to " + list(p.out_extent, p.rank) + ", before " +
           list(p.before, p.rank) + ", bits " + std::to_string(p.bits);
}

// The extents of the parts, as the first input.
std::vector<int64_t> random_parts(Random& r, MoteConcat& p) {
  p.outer = r.one_in(40) ? 0 : r.between(1, 20);
  p.count = r.between32(1, 6);
  std::vector<int64_t> inner;
  for (int k = 0; k < p.count; ++k) {
    inner.push_back(r.one_in(20) ? 0 : r.extent(100));
    p.total += inner.back();
  }
  return inner;
}

void concat(Random& r, Case& c) {
  MoteConcat p = {};
  const std::vector<int64_t> inner = random_parts(r, p);
  p.bits = random_bits(r);
  c.add(bytes_of(inner), 8);
  for (const int64_t n : inner) add_tensor(r, c, p.outer * n, p.bits);
  add_result(c, p.outer * p.total, p.bits);
  c.set_params(p);
  c.text = std::to_string(p.outer) + " x " + list(inner.data(), p.count);
}

void concat_rescale(Random& r, Case& c) {
  MoteConcat p = {};
  const std::vector<int64_t> inner = random_parts(r, p);
  p.bits = 8;
  p.out_zero_point = r.between32(0, 255);
  c.add(bytes_of(inner), 8);
  std::vector<float> affine;
  for (int k = 0; k < p.count; ++k) {
    const float scale = r.one_in(3) ? 0.0f : r.real32(0.1, 4);
    affine.push_back(scale);
    affine.push_back(static_cast<float>(-r.between(0, 255)) * scale);
  }
  c.add(bytes_of(affine), 4);
  for (const int64_t n : inner) add_tensor(r, c, p.outer * n, 8);
  add_result(c, p.outer * p.total, 8);
  c.set_params(p);
}

void split(Random& r, Case& c) {
  MoteConcat p = {};
  const std::vector<int64_t> inner = random_parts(r, p);
  p.bits = random_bits(r);
  c.add(bytes_of(inner), 8);
  add_tensor(r, c, p.outer * p.total, p.bits);
  for (const int64_t n : inner) add_result(c, p.outer * n, p.bits);
  c.set_params(p);
  c.text = std::to_string(p.outer) + " x " + list(inner.data(), p.count);
}

void fill(Random& r, Case& c) {
  MoteFill p = {};
  p.elements = r.one_in(20) ? 0 : r.extent(500);
  p.bits = random_bits(r);
  add_tensor(r, c, 1, p.bits);
  add_result(c, p.elements, p.bits);
  c.set_params(p);
}

MoteSpaceBatch random_space(Random& r) {
  MoteSpaceBatch p = {};
  p.batch = r.between(1, 2), p.inner = r.extent(20);
  p.block_h = r.between(1, 3), p.block_w = r.between(1, 3);
  p.phase_h = r.between(1, 4), p.phase_w = r.between(1, 4);
  const int64_t tall = p.phase_h * p.block_h, wide = p.phase_w * p.block_w;
  p.pad_top = r.between(0, tall - 1), p.pad_left = r.between(0, wide - 1);
  p.height = r.between(1, tall - p.pad_top), p.width = r.between(1, wide - p.pad_left);
  p.bits = random_bits(r);
  p.fill[0] = r.bits(), p.fill[1] = r.bits();
  return p;
}

void space_batch(Random& r, Case& c, bool to_space) {
  const MoteSpaceBatch p = random_space(r);
  const int64_t flat = p.batch * p.height * p.width * p.inner;
  const int64_t blocked = p.batch * p.block_h * p.block_w * p.phase_h * p.phase_w * p.inner;
  add_tensor(r, c, to_space ? blocked : flat, p.bits);
  add_result(c, to_space ? flat : blocked, p.bits);
  c.set_params(p);
}

MoteBox random_box(Random& r) {
  MoteBox p = {};
  p.rank = r.between32(1, 4);
  p.bits = random_bits(r);
  p.begin_bits = r.pick({32, 64});
  for (int i = 0; i < p.rank; ++i) {
    p.in_extent[i] = r.between(1, 9);
    p.box[i] = r.between(1, p.in_extent[i]);
  }
  return p;
}

void add_begin(Random& r, Case& c, const MoteBox& p, bool may_be_outside) {
  std::vector<int64_t> begin;
  for (int i = 0; i < p.rank; ++i) {
    const int64_t most = p.in_extent[i] - p.box[i];
    begin.push_back(may_be_outside && r.one_in(6) ? r.between(-3, most + 3) : r.between(0, most));
  }
  if (p.begin_bits == 64) {
    c.add(bytes_of(begin), 8);
  } else {
    c.add(bytes_of(std::vector<int32_t>(begin.begin(), begin.end())), 4);
  }
}

void slice_at(Random& r, Case& c) {
  const MoteBox p = random_box(r);
  add_tensor(r, c, product(p.in_extent, p.rank), p.bits);
  add_begin(r, c, p, true);
  add_result(c, product(p.box, p.rank), p.bits);
  c.set_params(p);
}

void update_slice(Random& r, Case& c) {
  const MoteBox p = random_box(r);
  add_tensor(r, c, product(p.in_extent, p.rank), p.bits);
  add_tensor(r, c, product(p.box, p.rank), p.bits);
  add_begin(r, c, p, true);
  add_result(c, product(p.in_extent, p.rank), p.bits);
  c.may_reuse = 0;
  c.set_params(p);
}

}  // namespace

void add_movement_generators(std::vector<Generator>& all) {
  all.push_back({&kStridedCopy, 700, strided_copy});
  all.push_back({&kPad, 300, pad});
  all.push_back({&kMirrorPad, 100, mirror_pad});
  all.push_back({&kConcat, 250, concat});
  all.push_back({&kConcatRescaleU8, 60, concat_rescale});
  all.push_back({&kSplit, 200, split});
  all.push_back({&kFill, 60, fill});
  all.push_back({&kSpaceToBatch, 60, [](Random& r, Case& c) { space_batch(r, c, false); }});
  all.push_back({&kBatchToSpace, 60, [](Random& r, Case& c) { space_batch(r, c, true); }});
  all.push_back({&kSliceAt, 60, slice_at});
  all.push_back({&kUpdateSlice, 60, update_slice});
}

}  // namespace mote::kernels::shapes
