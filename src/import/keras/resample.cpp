#include "import/keras/resample.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace mote::keras {
namespace {

// An interpolation kernel: its weight at a distance from the sample, and where it ends.
struct Kernel {
  double (*weight)(double distance);
  double radius;
};

double triangle(double d) { return std::max(0.0, 1 - d); }

double box(double d) { return d < 0.5 ? 1.0 : (d == 0.5 ? 0.5 : 0.0); }

// Keys's cubic with a = -1/2.
double cubic(double d) {
  if (d >= 2) return 0;
  if (d >= 1) return ((-0.5 * d + 2.5) * d - 4) * d + 2;
  return (1.5 * d - 2.5) * d * d + 1;
}

template <int radius>
double lanczos(double d) {
  if (d >= radius) return 0;
  if (d < 1e-3) return 1;
  const double angle = std::numbers::pi * d;
  return radius * std::sin(angle) * std::sin(angle / radius) / (angle * angle);
}

Kernel kernel_of(const std::string& interpolation) {
  if (interpolation == "bilinear") return {triangle, 1};
  if (interpolation == "bicubic") return {cubic, 2};
  if (interpolation == "lanczos3") return {lanczos<3>, 3};
  if (interpolation == "lanczos5") return {lanczos<5>, 5};
  if (interpolation == "area") return {box, 0.5};
  fail_unsupported("interpolation '{}'", interpolation);
}

// Row o holds the weights of the input's samples in output sample o; samples outside do not count,
// and the rest are scaled so that they sum to one.
std::vector<float> resampling_matrix(int64_t in, int64_t out, const Kernel& kernel,
                                     bool antialias) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = antialias ? std::max(scale, 1.0) : 1.0;
  std::vector<float> matrix(static_cast<size_t>(in * out), 0.0f);
  for (int64_t o = 0; o < out; ++o) {
    const double center = (static_cast<double>(o) + 0.5) * scale;
    std::vector<double> row(static_cast<size_t>(in), 0.0);
    double total = 0;
    for (int64_t i = 0; i < in; ++i) {
      const double d = std::abs(static_cast<double>(i) + 0.5 - center) / stretch;
      row[static_cast<size_t>(i)] = d < kernel.radius + 1e-12 ? kernel.weight(d) : 0;
      total += row[static_cast<size_t>(i)];
    }
    for (int64_t i = 0; i < in; ++i) {
      matrix[static_cast<size_t>(o * in + i)] =
          static_cast<float>(total != 0 ? row[static_cast<size_t>(i)] / total : 0);
    }
  }
  return matrix;
}

}  // namespace

ValueId resample(GraphBuilder& b, ValueId x, int64_t height, int64_t width,
                 const std::string& interpolation, bool antialias) {
  const int64_t in_h = b.shape(x)[1], in_w = b.shape(x)[2];
  if (in_h == kDynamic || in_w == kDynamic) {
    fail_unsupported("resizing an image of unknown size; give Input a shape");
  }
  if (height < 1 || width < 1) fail_user("resizing to {} x {}", height, width);
  if (in_h == height && in_w == width) return x;
  const ValueId size = b.ints({static_cast<int32_t>(height), static_cast<int32_t>(width)});
  if (interpolation == "nearest") {
    return b.op("resize_nearest_neighbor", {x, size}, {{"half_pixel_centers", true}});
  }
  if (interpolation == "bilinear" && !antialias) {
    return b.op("resize_bilinear", {x, size}, {{"half_pixel_centers", true}});
  }
  // Every other one is a matrix along each axis.
  const Kernel kernel = kernel_of(interpolation);
  const ValueId rows =
      b.constant(resampling_matrix(in_h, height, kernel, antialias), Shape{height, in_h});
  const ValueId columns =
      b.constant(resampling_matrix(in_w, width, kernel, antialias), Shape{width, in_w});
  ValueId y = b.transpose(x, {0, 3, 2, 1});                             // [batch, c, w, h]
  y = b.transpose(b.fully_connected(y, rows, kNoValue), {0, 1, 3, 2});  // [batch, c, h', w]
  y = b.fully_connected(y, columns, kNoValue);                          // [batch, c, h', w']
  return b.transpose(y, {0, 2, 3, 1});
}

}  // namespace mote::keras
