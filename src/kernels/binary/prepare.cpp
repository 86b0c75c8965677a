// Where float and double are mixed below it follows the reference kernels, whose multipliers these
// are.
#include <algorithm>

#include "kernels/binary/families.h"

namespace mote::kernels {
namespace {

void set_offsets(const Affine& a, const Affine& b, const Affine& y, MoteBinaryParams& p) {
  p.offset_a = -a.zero_point;
  p.offset_b = -b.zero_point;
  p.offset_y = y.zero_point;
}

void set_a(Multiplier m, MoteBinaryParams& p) {
  p.multiplier_a = m.multiplier, p.shift_a = m.shift;
}
void set_b(Multiplier m, MoteBinaryParams& p) {
  p.multiplier_b = m.multiplier, p.shift_b = m.shift;
}
void set_y(Multiplier m, MoteBinaryParams& p) {
  p.multiplier_y = m.multiplier, p.shift_y = m.shift;
}

// Both operands on a common scale of twice the larger one, `left_shift` bits finer.
double common_scale(const Affine& a, const Affine& b, int left_shift, MoteBinaryParams& p) {
  const double twice_larger = 2 * std::max(a.scale, b.scale);
  p.left_shift = left_shift;
  set_a(split_multiplier(a.scale / twice_larger), p);
  set_b(split_multiplier(b.scale / twice_larger), p);
  return twice_larger;
}

}  // namespace

void prepare_add(const Affine& a, const Affine& b, const Affine& y, bool wide,
                 MoteBinaryParams& p) {
  set_offsets(a, b, y, p);
  const int left_shift = wide ? 15 : 20;
  const double twice_larger = common_scale(a, b, left_shift, p);
  set_y(split_multiplier(twice_larger / (static_cast<float>(1 << left_shift) * y.scale)), p);
}

bool prepare_pow2_add(const Affine& a, const Affine& b, const Affine& y, MoteBinaryParams& p) {
  int32_t log_a = 0;
  int32_t log_b = 0;
  int32_t log_y = 0;
  if (!is_pow2(a.scale, &log_a) || !is_pow2(b.scale, &log_b) || !is_pow2(y.scale, &log_y)) {
    return false;
  }
  p.shift_a = log_y - log_a;
  p.shift_b = log_y - log_b;
  return std::min(p.shift_a, p.shift_b) == 0 && std::max(p.shift_a, p.shift_b) <= 31;
}

void prepare_mul(const Affine& a, const Affine& b, const Affine& y, MoteBinaryParams& p) {
  set_offsets(a, b, y, p);
  const float multiplier = a.scale * b.scale / y.scale;
  set_y(split_multiplier(multiplier), p);
}

void prepare_div(const Affine& a, const Affine& b, const Affine& y, MoteBinaryParams& p) {
  set_offsets(a, b, y, p);
  const float multiplier = a.scale / (b.scale * y.scale);
  set_y(split_multiplier(multiplier), p);
}

void prepare_squared_difference(const Affine& a, const Affine& b, const Affine& y,
                                MoteBinaryParams& p) {
  set_offsets(a, b, y, p);
  const int left_shift = 7;
  const double twice_larger = common_scale(a, b, left_shift, p);
  const float unit = static_cast<float>(1 << (2 * left_shift)) * y.scale;
  set_y(split_multiplier(twice_larger * twice_larger / unit), p);
}

void prepare_compare(const Affine& a, const Affine& b, MoteBinaryParams& p) {
  set_offsets(a, b, Affine{}, p);
  p.left_shift = 8;
  set_a(split_multiplier(a.scale), p);
  set_b(split_multiplier(b.scale), p);
}

void prepare_prelu(const Affine& x, const Affine& alpha, const Affine& y, MoteBinaryParams& p) {
  set_offsets(x, alpha, y, p);
  const float positive = x.scale / y.scale;
  const float negative = x.scale * alpha.scale / y.scale;
  set_a(split_multiplier(positive), p);
  set_b(split_multiplier(negative), p);
}

}  // namespace mote::kernels
