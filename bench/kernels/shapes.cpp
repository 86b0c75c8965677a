#include "shapes.h"

#include <cstring>

#include "kernels/batch_matmul/batch_matmul.h"
#include "kernels/batch_matmul/families.h"
#include "kernels/binary/families.h"
#include "kernels/common/broadcast_plan.h"
#include "kernels/conv2d/conv2d.h"
#include "kernels/conv2d/families.h"
#include "kernels/depthwise_conv2d/depthwise_conv2d.h"
#include "kernels/depthwise_conv2d/families.h"
#include "kernels/fully_connected/families.h"
#include "kernels/fully_connected/fully_connected.h"
#include "kernels/lstm/families.h"
#include "kernels/lstm/lstm.h"
#include "kernels/lut/families.h"
#include "kernels/movement/families.h"
#include "kernels/movement/movement.h"
#include "kernels/pool2d/families.h"
#include "kernels/pool2d/pool2d.h"
#include "kernels/quantize/families.h"
#include "kernels/quantize_rows/families.h"
#include "kernels/quantize_rows/quantize_rows.h"
#include "kernels/reduce/families.h"
#include "kernels/resize/families.h"
#include "kernels/resize/resize.h"
#include "kernels/softmax/families.h"
#include "kernels/transpose_conv/families.h"
#include "kernels/transpose_conv/transpose_conv.h"
#include "kernels/unary/families.h"

namespace mote::bench {
namespace {

using namespace kernels;

// The same numbers on every machine: counts of instructions depend on data in some kernels.
class Random {
 public:
  uint32_t bits() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint32_t>(state_ >> 33);
  }
  int32_t between(int32_t low, int32_t high) {
    return low + static_cast<int32_t>(bits() % static_cast<uint32_t>(high - low + 1));
  }
  float real(float size) { return size * (static_cast<float>(between(-1000000, 1000000)) * 1e-6f); }

 private:
  uint64_t state_ = 7;
};

class Maker {
 public:
  Maker(std::string name, const Family* family) {
    s_.name = std::move(name);
    s_.family = family;
  }
  template <class Params>
  Maker& params(const Params& p) {
    s_.params.assign((sizeof p + 7) / 8, 0);
    std::memcpy(s_.params.data(), &p, sizeof p);
    return *this;
  }
  template <class T>
  Maker& ints(int64_t n, int32_t low, int32_t high) {
    T* data = add<T>(n);
    for (int64_t i = 0; i < n; ++i) data[i] = static_cast<T>(r_.between(low, high));
    return *this;
  }
  Maker& floats(int64_t n, float size) {
    float* data = add<float>(n);
    for (int64_t i = 0; i < n; ++i) data[i] = r_.real(size);
    return *this;
  }
  template <class T>
  Maker& all(int64_t n, T value) {
    T* data = add<T>(n);
    for (int64_t i = 0; i < n; ++i) data[i] = value;
    return *this;
  }
  Maker& none() {
    add<char>(0);
    s_.absent.back() = true;
    return *this;
  }
  // Multipliers and shifts of 8-bit outputs: sums of `depth` products land in the type's range.
  Maker& scales(int64_t channels) {
    return all<int32_t>(channels, 1518500250).ints<int32_t>(channels, -9, -8);
  }
  Maker& result(int64_t bytes) {
    s_.out.emplace_back(static_cast<size_t>(bytes));
    std::memset(s_.out.back().as<char>(), 0, static_cast<size_t>(bytes));
    return *this;
  }
  Maker& macs(double work, double limit = 0) {
    s_.work = work, s_.unit = "MAC", s_.limit = limit;
    return *this;
  }
  Maker& elements(double work) {
    s_.work = work, s_.unit = "element";
    return *this;
  }
  operator Shape() { return std::move(s_); }

 private:
  template <class T>
  T* add(int64_t n) {
    s_.in.emplace_back(static_cast<size_t>(n) * sizeof(T));
    s_.absent.push_back(false);
    return s_.in.back().as<T>();
  }
  Shape s_;
  Random r_;
};

// --- Convolutions and products

struct Conv {
  const char* name;
  int32_t h, w, in_c, out_c, filter, stride;
};

MoteWindow window_of(const Conv& c, int32_t out_c) {
  const int32_t out_h = (c.h + c.stride - 1) / c.stride, out_w = (c.w + c.stride - 1) / c.stride;
  const auto pad = [&](int32_t in, int32_t out) {
    const int32_t all = (out - 1) * c.stride + c.filter - in;
    return all > 0 ? all / 2 : 0;
  };
  return {1,        c.h,      c.w,      c.in_c, out_h, out_w,           out_c,          c.filter,
          c.filter, c.stride, c.stride, 1,      1,     pad(c.h, out_h), pad(c.w, out_w)};
}

int64_t pixels(const MoteWindow& g) { return int64_t{g.out_h} * g.out_w; }
int64_t taps(const MoteWindow& g) { return int64_t{g.filter_h} * g.filter_w; }

constexpr MoteIntMac kByteMac = {kMoteI8, kMoteI8, kMoteI8, 4, 0, -3, -128, 127, kMoteTwice};

// `weights`: their largest size. Sums of pairs of products fit 16 bits from 64 down, chains of two
// pairs from 32 down: what an encoding may save is measured by that.
Shape conv_i8(const Conv& c, int32_t weights, double limit) {
  const MoteWindow g = window_of(c, c.out_c);
  const int64_t depth = taps(g) * g.in_c;
  return Maker("conv2d_i8 " + std::string(c.name) + ", weights to " + std::to_string(weights),
               &kConv2dInt)
      .params(MoteConv2dInt{g, 1, kByteMac})
      .ints<int8_t>(int64_t{g.in_h} * g.in_w * g.in_c, -128, 127)
      .ints<int8_t>(depth * g.out_c, -weights, weights)
      .ints<int32_t>(g.out_c, -1000, 1000)
      .scales(g.out_c)
      .result(pixels(g) * g.out_c)
      .macs(static_cast<double>(pixels(g) * g.out_c * depth), limit);
}

Shape conv_f32(const Conv& c) {
  const MoteWindow g = window_of(c, c.out_c);
  const int64_t depth = taps(g) * g.in_c;
  return Maker("conv2d_f32 " + std::string(c.name), &kConv2dF32)
      .params(MoteConv2dF32{g, 1, 0.0f, 6.0f})
      .floats(int64_t{g.in_h} * g.in_w * g.in_c, 1)
      .floats(depth * g.out_c, 1)
      .floats(g.out_c, 1)
      .result(pixels(g) * g.out_c * 4)
      .macs(static_cast<double>(pixels(g) * g.out_c * depth), 16);
}

Shape depthwise_i8(const Conv& c) {
  const MoteWindow g = window_of(c, c.in_c);
  return Maker("depthwise_i8 " + std::string(c.name), &kDepthwiseConv2dInt)
      .params(MoteDepthwiseInt{g, kByteMac})
      .ints<int8_t>(int64_t{g.in_h} * g.in_w * g.in_c, -128, 127)
      .ints<int8_t>(taps(g) * g.out_c, -127, 127)
      .ints<int32_t>(g.out_c, -1000, 1000)
      .scales(g.out_c)
      .result(pixels(g) * g.out_c)
      .macs(static_cast<double>(pixels(g) * g.out_c * taps(g)));
}

Shape depthwise_f32(const Conv& c) {
  const MoteWindow g = window_of(c, c.in_c);
  return Maker("depthwise_f32 " + std::string(c.name), &kDepthwiseConv2dF32)
      .params(MoteDepthwiseF32{g, 0.0f, 6.0f})
      .floats(int64_t{g.in_h} * g.in_w * g.in_c, 1)
      .floats(taps(g) * g.out_c, 1)
      .floats(g.out_c, 1)
      .result(pixels(g) * g.out_c * 4)
      .macs(static_cast<double>(pixels(g) * g.out_c * taps(g)), 16);
}

Shape dense_i8(int64_t rows, int64_t depth, int64_t columns, int32_t weights, double limit) {
  return Maker("fully_connected_i8 " + std::to_string(rows) + "x" + std::to_string(depth) + "x" +
                   std::to_string(columns) + ", weights to " + std::to_string(weights),
               &kFullyConnectedInt)
      .params(MoteFullyConnectedInt{rows, depth, columns, kByteMac})
      .ints<int8_t>(rows * depth, -128, 127)
      .ints<int8_t>(depth * columns, -weights, weights)
      .ints<int32_t>(columns, -1000, 1000)
      .scales(columns)
      .result(rows * columns)
      .macs(static_cast<double>(rows * depth * columns), limit);
}

Shape dense_f32(int64_t rows, int64_t depth, int64_t columns) {
  return Maker("fully_connected_f32 " + std::to_string(rows) + "x" + std::to_string(depth) + "x" +
                   std::to_string(columns),
               &kFullyConnectedF32)
      .params(MoteFullyConnectedF32{rows, depth, columns, -INFINITY, INFINITY})
      .floats(rows * depth, 1)
      .floats(depth * columns, 1)
      .floats(columns, 1)
      .result(rows * columns * 4)
      .macs(static_cast<double>(rows * depth * columns), 16);
}

Shape dense_hybrid(int64_t rows, int64_t depth, int64_t columns, int32_t type) {
  const char* name = type == kMoteI8 ? "fully_connected_dynamic " : "fully_connected_dynamic_i4 ";
  Maker m(name + std::to_string(rows) + "x" + std::to_string(depth) + "x" + std::to_string(columns),
          &kFullyConnectedHybrid);
  m.params(MoteFullyConnectedHybrid{rows, depth, columns, {type, 0, -INFINITY, INFINITY}})
      .ints<int8_t>(rows * depth, -128, 127)
      .ints<int8_t>(type == kMoteI8 ? depth * columns : (depth * columns + 1) / 2, -127, 127)
      .floats(columns, 1)
      .all<float>(columns, 0.01f)
      .all<float>(rows, 0.02f)
      .ints<int32_t>(rows, -5, 5);
  return m.result(rows * columns * 4).macs(static_cast<double>(rows * depth * columns));
}

Shape transpose_conv_i8() {
  const MoteWindow g = {1, 16, 16, 32, 32, 32, 16, 3, 3, 2, 2, 1, 1, 0, 0};
  return Maker("transpose_conv_i8 16x16x32 to 32x32x16", &kTransposeConvInt)
      .params(MoteTransposeConvInt{g, kByteMac})
      .ints<int8_t>(16 * 16 * 32, -128, 127)
      .ints<int8_t>(9 * 32 * 16, -127, 127)
      .ints<int32_t>(16, -1000, 1000)
      .scales(16)
      .result(32 * 32 * 16)
      .macs(16.0 * 16 * 32 * 16 * 9, 26);
}

Shape transpose_conv_f32() {
  const MoteWindow g = {1, 16, 16, 32, 32, 32, 16, 3, 3, 2, 2, 1, 1, 0, 0};
  return Maker("transpose_conv_f32 16x16x32 to 32x32x16", &kTransposeConvF32)
      .params(MoteTransposeConvF32{g, -INFINITY, INFINITY})
      .floats(16 * 16 * 32, 1)
      .floats(9 * 32 * 16, 1)
      .floats(16, 1)
      .result(32 * 32 * 16 * 4)
      .macs(16.0 * 16 * 32 * 16 * 9, 16);
}

Shape batch_matmul_f32(bool transposed) {
  const MoteBatchMatmulShape s = {64,        32,        64, {1, 1, 4},
                                  {0, 0, 1}, {0, 0, 1}, 0,  transposed ? 1 : 0};
  return Maker(
             transposed ? "batch_matmul_f32 4x64x32x64 transposed" : "batch_matmul_f32 4x64x32x64",
             &kBatchMatmulF32)
      .params(MoteBatchMatmulF32{s})
      .floats(4 * 64 * 32, 1)
      .floats(4 * 64 * 32, 1)
      .result(4 * 64 * 64 * 4)
      .macs(4.0 * 64 * 64 * 32, 16);
}

Shape batch_matmul_i8() {
  const MoteBatchMatmulShape s = {64, 32, 64, {1, 1, 4}, {0, 0, 1}, {0, 0, 1}, 0, 1};
  return Maker("batch_matmul_i8 4x64x32x64 transposed", &kBatchMatmulInt)
      .params(MoteBatchMatmulInt{s, {kMoteI8, kMoteI8, kMoteI8, 4, 0, -3, -128, 127, kMoteTwice}})
      .ints<int8_t>(4 * 64 * 32, -128, 127)
      .ints<int8_t>(4 * 64 * 32, -127, 127)
      .all<int32_t>(1, 1518500250)
      .all<int32_t>(1, -9)
      .result(4 * 64 * 64)
      .macs(4.0 * 64 * 64 * 32, 26);
}

// --- Recurrent: 64 steps of 128 units

MoteLstm lstm_params() {
  MoteLstm p = {};
  p.batch = 1, p.steps = 64, p.input = 64, p.cell = p.output = 128;
  p.x_batch = p.steps * p.input, p.x_step = p.input;
  p.y_batch = p.steps * p.output, p.y_step = p.output;
  p.activation = kMoteCellTanh;
  for (int g = 0; g < 4; ++g) p.x_scale[g] = p.h_scale[g] = 0.001f;
  return p;
}

template <class Weights>
Shape lstm(const char* name, const Family* family, const Weights& weights) {
  const MoteLstm p = lstm_params();
  Maker m(name, family);
  m.params(p).floats(p.steps * p.input, 1);
  for (int g = 0; g < 4; ++g) weights(m, p.cell * p.input);
  for (int g = 0; g < 4; ++g) weights(m, p.cell * p.output);
  for (int hole = 0; hole < 3; ++hole) m.none();
  for (int g = 0; g < 4; ++g) m.floats(p.cell, 0.5f);
  for (int rest = 16; rest < 31; ++rest) m.none();
  m.result(p.steps * p.output * 4).result(p.output * 4).result(p.cell * 4);
  return m.macs(static_cast<double>(p.steps * 4 * p.cell * (p.input + p.output)), 16);
}

Shape lstm_i8() {
  MoteLstmI8 p = {};
  p.batch = 1, p.steps = 64, p.input = 64, p.cell = p.output = 128;
  p.x_batch = p.steps * p.input, p.x_step = p.input;
  p.y_batch = p.steps * p.output, p.y_step = p.output;
  for (int g = 0; g < 4; ++g) p.x[g] = p.h[g] = {1518500250, -3};
  p.hidden = {1518500250, -22}, p.cell_bits = 4;
  Maker m("lstm_i8 64 steps, 64 to 128", &kLstmI8);
  m.params(p).ints<int8_t>(p.steps * p.input, -128, 127);
  for (int g = 0; g < 4; ++g) m.ints<int8_t>(p.cell * p.input, -127, 127);
  for (int g = 0; g < 4; ++g) m.ints<int8_t>(p.cell * p.output, -127, 127);
  for (int hole = 0; hole < 3; ++hole) m.none();
  for (int g = 0; g < 4; ++g) m.ints<int32_t>(p.cell, -2000, 2000);
  for (int rest = 16; rest < 23; ++rest) m.none();
  for (int g = 0; g < 4; ++g) m.ints<int32_t>(p.cell, -2000, 2000);
  for (int g = 0; g < 4; ++g) m.none();
  m.result(p.steps * p.output).result(p.output).result(p.cell * 2);
  return m.macs(static_cast<double>(p.steps * 4 * p.cell * (p.input + p.output)), 26);
}

// --- Element by element, along rows, moves

constexpr int64_t kElements = 28 * 28 * 64;

template <class T>
Shape binary(const char* name, bool one_row) {
  const Family* family = find_family(binary_families(), name);
  const std::vector<int64_t> whole = {28, 28, 64}, row = {64};
  MoteBinaryParams p = {};
  p.shape = plan_broadcast(whole, {whole, one_row ? row : whole});
  const Affine a = {0.02f, 3}, b = {0.03f, -7}, y = {0.05f, 1};
  std::strncmp(name, "mul", 3) == 0 ? prepare_mul(a, b, y, p) : prepare_add(a, b, y, false, p);
  p.min_int = -128, p.max_int = 127, p.min_f32 = -6, p.max_f32 = 6;
  Maker m(std::string(name) + (one_row ? " 28x28x64, a row" : " 28x28x64"), family);
  m.params(p);
  for (const int64_t n : {kElements, one_row ? int64_t{64} : kElements}) {
    if constexpr (std::is_same_v<T, float>) {
      m.floats(n, 4);
    } else {
      m.template ints<T>(n, -128, 127);
    }
  }
  return m.result(kElements * static_cast<int64_t>(sizeof(T))).elements(kElements);
}

Shape unary(const char* name) {
  MoteUnaryParams p = {};
  p.count = kElements, p.alpha = 0.1f;
  return Maker(std::string(name) + " 28x28x64", find_family(unary_families(), name))
      .params(p)
      .floats(kElements, 6)
      .result(kElements * 4)
      .elements(kElements);
}

Shape lut_8() {
  MoteLutParams p = {};
  p.count = kElements;
  return Maker("lut_8 28x28x64", find_family(lut_families(), "lut_8"))
      .params(p)
      .ints<int8_t>(kElements, -128, 127)
      .ints<int8_t>(256, -128, 127)
      .result(kElements)
      .elements(kElements);
}

Shape softmax(const char* name, bool bytes) {
  MoteRowParams p = {};
  p.outer = 64, p.depth = 256;
  prepare_softmax_8(0.05f, 1.0f, p);
  p.beta = 1.0f;
  Maker m(std::string(name) + " 64x256", find_family(softmax_families(), name));
  m.params(p);
  bytes ? m.ints<int8_t>(64 * 256, -128, 127) : m.floats(64 * 256, 8);
  return m.result(64 * 256 * 4).elements(64 * 256);
}

Shape reduce(const char* name, bool bytes) {
  const int64_t shape[] = {7, 7, 256};
  const bool reduces[] = {true, true, false};
  MoteReduceParams p = {};
  plan_reduce(shape, reduces, p);
  prepare_mean({0.02f, 3}, {0.01f, -4}, p);
  Maker m(std::string(name) + " 7x7x256 over space", find_family(reduce_families(), name));
  m.params(p);
  bytes ? m.ints<int8_t>(7 * 7 * 256, -128, 127) : m.floats(7 * 7 * 256, 8);
  return m.result(256 * 4).elements(7 * 7 * 256);
}

template <class T>
Shape quantizer(const char* name, bool to_float) {
  Maker m(std::string(name) + " 28x28x64", find_family(quantize_families(), name));
  m.params(MoteQuantizeParams{kElements, kElements, 1});
  if (to_float) {
    m.template ints<T>(kElements, -128, 127);
  } else {
    m.floats(kElements, 3);
  }
  return m.template all<float>(1, 0.02f)
      .template all<int32_t>(1, 3)
      .result(kElements * 4)
      .elements(kElements);
}

Shape quantize_rows() {
  return Maker("quantize_rows 16x640", &kQuantizeRows)
      .params(MoteQuantizeRows{16, 640, 1, 0})
      .floats(16 * 640, 3)
      .result(16 * 640)
      .result(16 * 4)
      .result(16 * 4)
      .elements(16 * 640);
}

Shape pool(const char* name, const Family* family, bool bytes) {
  const MoteWindow g = window_of({"", 56, 56, 32, 32, 3, 2}, 32);
  Maker m(std::string(name) + " 56x56x32, 3x3 by 2", family);
  if (bytes) {
    m.params(MotePoolInt{g, kMoteI8, -128, 127}).ints<int8_t>(56 * 56 * 32, -128, 127);
  } else {
    m.params(MotePoolF32{g, -INFINITY, INFINITY}).floats(56 * 56 * 32, 3);
  }
  return m.result(28 * 28 * 32 * 4).elements(28 * 28 * 32 * 9);
}

Shape resize(const char* name, const Family* family, bool bytes) {
  MoteResize p = {1, 14, 14, 28, 28, 32, 0, 1, bytes ? 8 : 32, 0};
  Maker m(std::string(name) + " 14x14x32 to 28x28", family);
  m.params(p);
  bytes ? m.ints<int8_t>(14 * 14 * 32, -128, 127) : m.floats(14 * 14 * 32, 3);
  return m.result(28 * 28 * 32 * 4).elements(28 * 28 * 32);
}

Shape transpose(int32_t bits) {
  MoteStridedCopy p = {};
  p.rank = 2, p.bits = bits;
  p.extent[0] = 64, p.extent[1] = 784, p.in_stride[0] = 1, p.in_stride[1] = 64;
  return Maker("strided_copy 784x64 transposed, " + std::to_string(bits) + " bits", &kStridedCopy)
      .params(p)
      .ints<int8_t>(784 * 64 * bits / 8, -128, 127)
      .result(784 * 64 * bits / 8)
      .elements(784 * 64);
}

Shape pad() {
  MotePad p = {};
  p.rank = 3, p.bits = 8;
  const int64_t in[] = {56, 56, 32}, out[] = {58, 58, 32};
  for (int i = 0; i < 3; ++i) p.in_extent[i] = in[i], p.out_extent[i] = out[i], p.before[i] = i < 2;
  return Maker("pad 56x56x32, 8 bits", &kPad)
      .params(p)
      .ints<int8_t>(56 * 56 * 32, -128, 127)
      .none()
      .result(58 * 58 * 32)
      .elements(58 * 58 * 32);
}

Shape concat() {
  MoteConcat p = {784, 96, 2, 8, 0, 0};
  Maker m("concat 784x(64+32), 8 bits", &kConcat);
  m.params(p)
      .all<int64_t>(2, 64)
      .ints<int8_t>(784 * 64, -128, 127)
      .ints<int8_t>(784 * 32, -128, 127);
  Shape s = m.result(784 * 96).elements(784 * 96);
  s.in[0].as<int64_t>()[1] = 32;
  return s;
}

void add_products(std::vector<Shape>& all) {
  constexpr Conv kConvs[] = {
      {"64->64 25x5", 25, 5, 64, 64, 1, 1},       {"16->32 24x24", 24, 24, 16, 32, 1, 1},
      {"128->128 6x6", 6, 6, 128, 128, 1, 1},     {"32->64 112x112", 112, 112, 32, 64, 1, 1},
      {"512->512 14x14", 14, 14, 512, 512, 1, 1}, {"3x3 16->16 32x32", 32, 32, 16, 16, 3, 1},
      {"3x3 64->64 28x28", 28, 28, 64, 64, 3, 1}, {"3x3 by 2 3->16 96x96", 96, 96, 3, 16, 3, 2}};
  for (const Conv& c : kConvs) {
    all.push_back(conv_i8(c, 127, 26));
    all.push_back(conv_i8(c, 63, 31));
    all.push_back(conv_i8(c, 31, 38.7));
    all.push_back(conv_f32(c));
  }
  constexpr Conv kDepthwise[] = {{"3x3 64 25x5", 25, 5, 64, 64, 3, 1},
                                 {"3x3 32 56x56", 56, 56, 32, 32, 3, 1},
                                 {"3x3 512 14x14", 14, 14, 512, 512, 3, 1},
                                 {"3x3 by 2 24 48x48", 48, 48, 24, 24, 3, 2},
                                 {"5x5 72 14x14", 14, 14, 72, 72, 5, 1}};
  for (const Conv& c : kDepthwise) {
    all.push_back(depthwise_i8(c));
    all.push_back(depthwise_f32(c));
  }
  for (const int64_t rows : {1, 16}) {
    all.push_back(dense_i8(rows, 640, 128, 127, 26));
    all.push_back(dense_i8(rows, 640, 128, 31, 38.7));
    all.push_back(dense_f32(rows, 640, 128));
    all.push_back(dense_hybrid(rows, 640, 128, kMoteI8));
    all.push_back(dense_hybrid(rows, 640, 128, kMoteI4));
  }
  all.push_back(transpose_conv_i8());
  all.push_back(transpose_conv_f32());
  all.push_back(batch_matmul_f32(false));
  all.push_back(batch_matmul_f32(true));
  all.push_back(batch_matmul_i8());
  all.push_back(lstm("lstm_f32 64 steps, 64 to 128", &kLstmF32,
                     [](Maker& m, int64_t n) { m.floats(n, 0.1f); }));
  all.push_back(lstm("lstm_dynamic 64 steps, 64 to 128", &kLstmHybrid,
                     [](Maker& m, int64_t n) { m.ints<int8_t>(n, -127, 127); }));
  all.push_back(lstm_i8());
}

}  // namespace

std::vector<Shape> all_shapes() {
  std::vector<Shape> all;
  add_products(all);
  for (const char* name : {"add_qi8", "mul_qi8"}) {
    all.push_back(binary<int8_t>(name, false));
    all.push_back(binary<int8_t>(name, true));
  }
  for (const char* name : {"add_f32", "mul_f32"}) {
    all.push_back(binary<float>(name, false));
    all.push_back(binary<float>(name, true));
  }
  for (const char* name : {"relu6_f32", "hard_swish_f32", "logistic_f32", "tanh_f32", "exp_f32",
                           "gelu_f32", "sqrt_f32"}) {
    all.push_back(unary(name));
  }
  all.push_back(lut_8());
  all.push_back(softmax("softmax_f32", false));
  all.push_back(softmax("softmax_qi8_qi8", true));
  all.push_back(reduce("mean_f32", false));
  all.push_back(reduce("sum_qi8", true));
  all.push_back(reduce("reduce_max_i8", true));
  all.push_back(quantizer<int8_t>("quantize_f32_i8", false));
  all.push_back(quantizer<int8_t>("dequantize_i8_f32", true));
  all.push_back(quantizer<int16_t>("dequantize_f16_f32", true));
  all.push_back(quantize_rows());
  all.push_back(pool("max_pool_i8", &kMaxPoolInt, true));
  all.push_back(pool("average_pool_i8", &kAveragePoolInt, true));
  all.push_back(pool("max_pool_f32", &kMaxPoolF32, false));
  all.push_back(pool("average_pool_f32", &kAveragePoolF32, false));
  all.push_back(resize("resize_bilinear_f32", &kResizeBilinearF32, false));
  all.push_back(resize("resize_bilinear_i8", &kResizeBilinearI8, true));
  all.push_back(resize("resize_nearest", &kResizeNearest, true));
  all.push_back(transpose(8));
  all.push_back(transpose(32));
  all.push_back(pad());
  all.push_back(concat());
  return all;
}

}  // namespace mote::bench
