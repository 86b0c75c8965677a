// fully_connected, batch_matmul, pooling, resize.
#include "kernels/batch_matmul/batch_matmul.h"
#include "kernels/batch_matmul/families.h"
#include "kernels/fully_connected/families.h"
#include "kernels/fully_connected/fully_connected.h"
#include "kernels/pool2d/families.h"
#include "kernels/pool2d/pool2d.h"
#include "kernels/resize/families.h"
#include "kernels/resize/resize.h"
#include "mac_params.h"

namespace mote::kernels::shapes {
namespace {

constexpr int64_t kMacLimit = 400'000;

struct Product {
  int64_t rows, depth, columns;
};

Product random_product(Random& r) {
  Product p = {r.one_in(3) ? 1 : r.extent(130), r.extent(1024), r.extent(300)};
  while (p.depth * p.columns > 150'000) (p.depth > p.columns ? p.depth : p.columns) /= 2;
  while (p.rows * p.depth * p.columns > kMacLimit && p.rows > 1) p.rows /= 2;
  if (r.one_in(60)) p.rows = 0;
  if (r.one_in(60)) p.depth = 0;
  if (r.one_in(60)) p.columns = 0;
  return p;
}

std::string text_of(const Product& p) {
  return std::to_string(p.rows) + "x" + std::to_string(p.depth) + "x" + std::to_string(p.columns);
}

void fully_connected_float(Random& r, Case& c, bool half_weights) {
  const Product s = random_product(r);
  MoteFullyConnectedF32 p = {s.rows, s.depth, s.columns, -kInfinity, kInfinity};
  add_float_tensors(r, c, s.rows * s.depth, s.depth * s.columns, s.columns, half_weights);
  c.add_output(s.rows * s.columns, 4, true);
  if (c.in[2].absent) {
    bound_by_sizes(c, p, {0, 1}, s.depth);
  } else {
    bound_by_sizes(c, p, {0, 1, 2}, s.depth + 1);
  }
  const Clamp clamp = random_clamp(r);
  p.act_min = clamp.low, p.act_max = clamp.high;
  c.set_params(p);
  c.text = text_of(s);
}

void fully_connected_int(Random& r, Case& c) {
  const Product s = random_product(r);
  const MoteFullyConnectedInt p = {s.rows, s.depth, s.columns, random_arithmetic(r).mac};
  add_int_tensors(r, c, p.mac, s.rows * s.depth, s.depth * s.columns, s.columns, s.depth);
  c.add_output(s.rows * s.columns, bytes_of_type(p.mac.y_type));
  c.set_params(p);
  c.text = text_of(s) + ", " + shapes::text_of(p.mac);
}

void fully_connected_hybrid(Random& r, Case& c) {
  const Product s = random_product(r);
  const Clamp clamp = random_clamp(r);
  const int32_t type = r.coin() ? kMoteI8 : kMoteI4;
  const MoteFullyConnectedHybrid p = {
      s.rows, s.depth, s.columns, {type, r.coin() ? 1 : 0, clamp.low, clamp.high}};
  add_hybrid_tensors(r, c, type, s.rows * s.depth, s.depth * s.columns, s.columns, s.rows);
  c.add_output(s.rows * s.columns, 4, true);
  c.set_params(p);
  c.text = text_of(s) + ", weights " + std::to_string(type);
}

struct Batches {
  MoteBatchMatmulShape shape;
  int64_t x_matrices, w_matrices, y;
};

Batches random_batches(Random& r, bool transpose_x) {
  Batches s = {};
  MoteBatchMatmulShape& m = s.shape;
  m.rows = r.extent(60), m.depth = r.extent(200), m.columns = r.extent(120);
  while (m.rows * m.depth * m.columns > 50'000) {
    int64_t& longest = m.depth > m.columns ? m.depth : m.columns;
    (m.rows > longest ? m.rows : longest) /= 2;
  }
  m.transpose_x = transpose_x, m.transpose_w = r.coin();
  s.x_matrices = s.w_matrices = 1;
  int64_t matrices = 1;
  for (int axis = kMoteBatchAxes - 1; axis >= 0; --axis) {
    m.batch[axis] = r.one_in(40) ? 0 : r.between(1, 3);
    matrices *= m.batch[axis];
    const int64_t kind = m.batch[axis] == 1 ? 0 : r.between(0, 2);
    m.x_stride[axis] = kind == 1 ? 0 : s.x_matrices;
    m.w_stride[axis] = kind == 2 ? 0 : s.w_matrices;
    if (kind != 1) s.x_matrices *= m.batch[axis];
    if (kind != 2) s.w_matrices *= m.batch[axis];
  }
  s.y = matrices * m.rows * m.columns;
  return s;
}

std::string text_of(const Batches& s) {
  return text_of(Product{s.shape.rows, s.shape.depth, s.shape.columns}) + ", transposed " +
         std::to_string(s.shape.transpose_x) + std::to_string(s.shape.transpose_w) + ", batches " +
         std::to_string(s.x_matrices) + " " + std::to_string(s.w_matrices);
}

void batch_matmul_f32(Random& r, Case& c) {
  const Batches s = random_batches(r, r.coin());
  const MoteBatchMatmulF32 p = {s.shape};
  c.add(random_floats(r, s.x_matrices * s.shape.rows * s.shape.depth, random_manner(r)), 4);
  c.add(random_floats(r, s.w_matrices * s.shape.columns * s.shape.depth, random_manner(r)), 4);
  c.add_output(s.y, 4, true);
  bound_by_sizes(c, p, {0, 1}, s.shape.depth);
  c.set_params(p);
  c.text = text_of(s);
}

void batch_matmul_int(Random& r, Case& c) {
  const Batches s = random_batches(r, r.coin());
  const int64_t kind = r.between(0, 3);  // int8, int16 x int8, int16 x int16, int8 -> int32
  const int32_t x_type = kind == 0 || kind == 3 ? kMoteI8 : kMoteI16;
  const int32_t w_type = kind == 2 ? kMoteI16 : kMoteI8;
  MoteBatchMatmulInt p = {s.shape, {}};
  p.mac.x_type = x_type, p.mac.w_type = w_type, p.mac.y_type = kind == 3 ? kMoteI32 : x_type;
  p.mac.rounding = kind == 1 || kind == 2 ? kMoteWide : kMoteTwice;
  if (kind == 0) {
    p.mac.x_zero = r.between32(-128, 127), p.mac.w_zero = r.between32(-128, 127);
    p.mac.y_zero = r.between32(-128, 127);
  }
  p.mac.act_min = x_type == kMoteI8 ? -128 : -32768;
  p.mac.act_max = x_type == kMoteI8 ? 127 : 32767;
  c.add(random_elements(r, x_type, s.x_matrices * s.shape.rows * s.shape.depth),
        bytes_of_type(x_type));
  c.add(random_elements(r, w_type, s.w_matrices * s.shape.columns * s.shape.depth),
        bytes_of_type(w_type));
  if (kind == 3) {
    c.add_absent(), c.add_absent();
  } else {
    c.add(bytes_of<int32_t>({r.between32(1 << 30, INT32_MAX)}), 4);
    c.add(bytes_of<int32_t>({r.between32(kind == 2 ? -24 : -14, kind == 2 ? -8 : 1)}), 4);
  }
  c.add_output(s.y, bytes_of_type(p.mac.y_type));
  c.set_params(p);
  c.text = text_of(s) + ", " + shapes::text_of(p.mac);
}

void batch_matmul_hybrid(Random& r, Case& c) {
  const Batches s = random_batches(r, false);
  const MoteBatchMatmulHybrid p = {s.shape};
  const int64_t rows = s.x_matrices * s.shape.rows;
  c.add(random_ints<int8_t>(r, rows * s.shape.depth, -128, 127), 1);
  c.add(random_ints<int8_t>(r, s.w_matrices * s.shape.columns * s.shape.depth, -127, 127), 1);
  c.add(random_reals(r, s.shape.columns, 1e-4, 0.1), 4);
  c.add(random_reals(r, rows, 1e-4, 0.1), 4);
  c.add(random_ints<int32_t>(r, rows, -128, 127), 4);
  c.add_output(s.y, 4, true);
  c.set_params(p);
  c.text = text_of(s);
}

MoteWindow random_pool(Random& r) {
  MoteWindow g = random_window(r, {.dilated = false, .only_inside = true});
  g.in_c = g.out_c = static_cast<int32_t>(r.extent(200));
  shrink_window(g, kMacLimit, [&] {
    return int64_t{g.batches} * g.out_h * g.out_w * g.out_c * g.filter_h * g.filter_w;
  });
  return g;
}

enum class Pool { average, max, l2 };

void pool_f32(Random& r, Case& c, Pool kind) {
  const MoteWindow g = random_pool(r);
  MotePoolF32 p = {g, -kInfinity, kInfinity};
  c.add(random_floats(r, int64_t{g.batches} * g.in_h * g.in_w * g.in_c, random_manner(r)), 4);
  c.add_output(int64_t{g.batches} * g.out_h * g.out_w * g.out_c, 4, true);
  // Sums, a division, and the root of the mean square.
  const int64_t taps = int64_t{g.filter_h} * g.filter_w;
  if (kind != Pool::max) bound_by_sizes(c, p, {0}, taps + 4);
  if (kind == Pool::l2) {  // squares that underflow
    for (double& bound : c.out[0].bound) bound += std::sqrt(static_cast<double>(taps)) * 0x1p-74;
  }
  const Clamp clamp = random_clamp(r);
  p.act_min = clamp.low, p.act_max = clamp.high;
  c.set_params(p);
  c.text = shapes::text_of(g);
}

void pool_int(Random& r, Case& c) {
  const MoteWindow g = random_pool(r);
  const int32_t type = r.pick({kMoteI8, kMoteI8, kMoteU8, kMoteI16});
  const int32_t low = type == kMoteI8 ? -128 : type == kMoteU8 ? 0 : -32768;
  const int32_t high = type == kMoteI8 ? 127 : type == kMoteU8 ? 255 : 32767;
  MotePoolInt p = {g, type, low, high};
  if (r.coin()) p.act_min = r.between32(low, high);
  if (r.coin()) p.act_max = r.between32(p.act_min, high);
  c.add(random_elements(r, type, int64_t{g.batches} * g.in_h * g.in_w * g.in_c),
        bytes_of_type(type));
  c.add_output(int64_t{g.batches} * g.out_h * g.out_w * g.out_c, bytes_of_type(type));
  c.set_params(p);
  c.text = shapes::text_of(g) + ", type " + std::to_string(type);
}

MoteResize random_resize(Random& r) {
  MoteResize p = {};
  p.batch = r.one_in(40) ? 0 : r.between(1, 2);
  p.in_h = r.between(1, 12), p.in_w = r.between(1, 12);
  p.out_h = r.one_in(4) ? 2 * p.in_h : r.between(1, 20);
  p.out_w = r.one_in(4) ? 2 * p.in_w : r.between(1, 20);
  p.channels = r.extent(80);
  p.align_corners = r.coin(), p.half_pixel_centers = !p.align_corners && r.coin();
  p.bits = 32;
  return p;
}

std::string text_of(const MoteResize& p) {
  const auto n = [](int64_t v) { return std::to_string(v); };
  return n(p.batch) + "x" + n(p.in_h) + "x" + n(p.in_w) + "x" + n(p.channels) + " to " +
         n(p.out_h) + "x" + n(p.out_w) + ", corners " + n(p.align_corners) + ", centers " +
         n(p.half_pixel_centers);
}

void resize(Random& r, Case& c, size_t element_bytes, bool is_float) {
  const MoteResize p = random_resize(r);
  const int64_t count = p.batch * p.in_h * p.in_w * p.channels;
  c.add(is_float ? random_floats(r, count, random_manner(r, false))
                 : random_ints<uint8_t>(r, count * static_cast<int64_t>(element_bytes), 0, 255),
        element_bytes);
  c.add_output(p.batch * p.out_h * p.out_w * p.channels, element_bytes, is_float);
  // Places between samples are of both signs at most 1 beyond them: four products of three factors.
  if (is_float) {
    double size = 0;
    for (const float v : elements_of<float>(c.in[0].bytes))
      size = std::max(size, std::fabs(static_cast<double>(v)));
    c.out[0].bound.assign(c.out[0].size_bytes / 4, 2 * gamma(8) * 4 * size + 16 * 0x1p-149);
  }
  c.set_params(p);
  c.text = text_of(p);
}

void resize_nearest(Random& r, Case& c) {
  MoteResize p = random_resize(r);
  p.bits = r.pick({8, 16, 32, 64});
  const int64_t bytes = p.bits / 8;
  c.add(random_ints<uint8_t>(r, p.batch * p.in_h * p.in_w * p.channels * bytes, 0, 255),
        static_cast<size_t>(bytes));
  c.add_output(p.batch * p.out_h * p.out_w * p.channels, static_cast<size_t>(bytes));
  c.set_params(p);
  c.text = text_of(p);
}

}  // namespace

void add_window_generators(std::vector<Generator>& all) {
  all.push_back(
      {&kFullyConnectedF32, 900, [](Random& r, Case& c) { fully_connected_float(r, c, false); }});
  all.push_back(
      {&kFullyConnectedF16, 400, [](Random& r, Case& c) { fully_connected_float(r, c, true); }});
  all.push_back({&kFullyConnectedInt, 1400, fully_connected_int});
  all.push_back({&kFullyConnectedHybrid, 500, fully_connected_hybrid});
  all.push_back({&kBatchMatmulF32, 500, batch_matmul_f32});
  all.push_back({&kBatchMatmulInt, 500, batch_matmul_int});
  all.push_back({&kBatchMatmulHybrid, 200, batch_matmul_hybrid});
  all.push_back({&kAveragePoolF32, 250, [](Random& r, Case& c) { pool_f32(r, c, Pool::average); }});
  all.push_back({&kL2PoolF32, 100, [](Random& r, Case& c) { pool_f32(r, c, Pool::l2); }});
  all.push_back({&kMaxPoolF32, 250, [](Random& r, Case& c) { pool_f32(r, c, Pool::max); }});
  all.push_back({&kAveragePoolInt, 350, pool_int});
  all.push_back({&kMaxPoolInt, 350, pool_int});
  all.push_back({&kResizeBilinearF32, 200, [](Random& r, Case& c) { resize(r, c, 4, true); }});
  all.push_back({&kResizeBilinearU8, 150, [](Random& r, Case& c) { resize(r, c, 1, false); }});
  all.push_back({&kResizeBilinearI8, 150, [](Random& r, Case& c) { resize(r, c, 1, false); }});
  all.push_back({&kResizeBilinearI16, 100, [](Random& r, Case& c) { resize(r, c, 2, false); }});
  all.push_back({&kResizeNearest, 100, resize_nearest});
}

}  // namespace mote::kernels::shapes
