#include <algorithm>
#include <cmath>
#include <type_traits>

#include "kernels/chosen.h"
#include "kernels/common/fast_rows.h"
#include "kernels/reduce/families.h"
#include "kernels/reduce/ref.h"

namespace mote::kernels {
namespace {

int64_t outputs(const void* params) {
  return static_cast<const MoteReduceParams*>(params)->outputs;
}

template <class X, class Y,
          void (*kReference)(const MoteReduceParams*, const X*, Y*, int64_t, int64_t)>
int run_reference(const Args& args, int64_t begin, int64_t end) {
  kReference(static_cast<const MoteReduceParams*>(args.params), static_cast<const X*>(args.in[0]),
             static_cast<Y*>(args.out[0]), begin, end);
  return kOk;
}

// The innermost run of some axes, and the places of the others.
struct Split {
  MoteAxes outer;
  int64_t run = 1;
};

Split split_contiguous(const MoteAxes& axes) {
  Split split{axes, 1};
  if (axes.rank > 0 && axes.stride[axes.rank - 1] == 1) {
    split.run = axes.extent[axes.rank - 1];
    --split.outer.rank;
  }
  return split;
}

int64_t places(const MoteAxes& axes) {
  int64_t count = 1;
  for (int k = 0; k < axes.rank; ++k) count *= axes.extent[k];
  return count;
}

// Neighbouring outputs are neighbours in x: a block of them is reduced at once.
template <class Op>
void reduce_columns(const MoteReduceParams* p, const typename Op::X* x, typename Op::Y* y,
                    int64_t begin, int64_t end) {
  constexpr int64_t kBlock = 64;
  const int64_t row = p->kept.extent[p->kept.rank - 1];
  while (begin < end) {
    const int64_t n = std::min({kBlock, end - begin, row - begin % row});
    const auto* from = x + mote_axes_offset(&p->kept, begin);
    typename Op::A sums[kBlock];
    for (int64_t j = 0; j < n; ++j) sums[j] = Op::first();
    for (int64_t i = 0; i < p->reduced; ++i) {
      const auto* line = from + mote_axes_offset(&p->over, i);
      for (int64_t j = 0; j < n; ++j) sums[j] = Op::next(p, sums[j], line[j]);
    }
    for (int64_t j = 0; j < n; ++j) y[begin + j] = Op::last(p, sums[j]);
    begin += n;
  }
}

// One run of x, reduced into `a`. Integers in order: compilers vectorise that themselves (and g++
// 12 at -O3 gets the lanes below wrong for int8). Floats as eight partial results side by side, met
// at the end.
template <class Op>
typename Op::A reduce_run(const MoteReduceParams* p, typename Op::A a, const typename Op::X* run,
                          int64_t count) {
  int64_t i = 0;
  if constexpr (std::is_floating_point_v<typename Op::A>) {
    constexpr int64_t kLanes = 8;
    typename Op::A lanes[kLanes];
    for (auto& lane : lanes) lane = Op::first();
    for (; i + kLanes <= count; i += kLanes) {
      for (int64_t j = 0; j < kLanes; ++j) lanes[j] = Op::next(p, lanes[j], run[i + j]);
    }
    for (int64_t j = 0; j < kLanes; ++j) a = Op::meet(p, a, lanes[j]);
  }
  for (; i < count; ++i) a = Op::next(p, a, run[i]);
  return a;
}

// What is reduced is contiguous.
template <class Op>
void reduce_rows(const MoteReduceParams* p, const typename Op::X* x, typename Op::Y* y,
                 int64_t begin, int64_t end) {
  const Split over = split_contiguous(p->over);
  const int64_t lines = p->reduced == 0 ? 0 : places(over.outer);
  for (int64_t o = begin; o < end; ++o) {
    const auto* from = x + mote_axes_offset(&p->kept, o);
    typename Op::A a = Op::first();
    for (int64_t line = 0; line < lines; ++line) {
      a = reduce_run<Op>(p, a, from + mote_axes_offset(&over.outer, line), over.run);
    }
    y[o] = Op::last(p, a);
  }
}

template <class Op>
int run_generic(const Args& args, int64_t begin, int64_t end) {
  const auto* p = static_cast<const MoteReduceParams*>(args.params);
  const auto* x = static_cast<const typename Op::X*>(args.in[0]);
  auto* y = static_cast<typename Op::Y*>(args.out[0]);
  const bool columns = p->kept.rank > 0 && p->kept.stride[p->kept.rank - 1] == 1;
  columns ? reduce_columns<Op>(p, x, y, begin, end) : reduce_rows<Op>(p, x, y, begin, end);
  return kOk;
}

#define MOTE_REDUCE(id, XType, AType, YType, first_value, next_value, last_value) \
  struct Op_##id {                                                                \
    using X = XType;                                                              \
    using A = AType;                                                              \
    using Y = YType;                                                              \
    static A first() { return first_value; }                                      \
    static A next([[maybe_unused]] const MoteReduceParams* p, A a, X x) {         \
      return static_cast<A>(next_value);                                          \
    }                                                                             \
    static A meet([[maybe_unused]] const MoteReduceParams* p, A a, A x) {         \
      return static_cast<A>(next_value);                                          \
    }                                                                             \
    static Y last([[maybe_unused]] const MoteReduceParams* p, A a) {              \
      return static_cast<Y>(last_value);                                          \
    }                                                                             \
  };                                                                              \
  constexpr Kernel kRows_##id[] = {                                               \
      {.name = #id "__generic", .run = run_generic<Op_##id>, .units = outputs},   \
      {.name = #id "__reference",                                                 \
       .run = run_reference<XType, YType, mote_reduce_##id>,                      \
       .units = outputs},                                                         \
  };
#define MOTE_REDUCE_ORDERED(id, X, A, Y, next, last)                              \
  constexpr Kernel kRows_##id[] = {{.name = #id "__reference",                    \
                                    .run = run_reference<X, Y, mote_reduce_##id>, \
                                    .units = outputs}};
#include "kernels/reduce/reduce.inc"
#undef MOTE_REDUCE_ORDERED
#undef MOTE_REDUCE

void push_axis(int64_t extent, int64_t stride, bool extends_last, MoteAxes& axes) {
  if (extends_last) {  // the axis is just outside the one pushed last
    axes.extent[axes.rank - 1] *= static_cast<int32_t>(extent);
    return;
  }
  axes.extent[axes.rank] = static_cast<int32_t>(extent);
  axes.stride[axes.rank] = static_cast<int32_t>(stride);
  ++axes.rank;
}

void reverse(MoteAxes& axes) {
  std::reverse(axes.extent, axes.extent + axes.rank);
  std::reverse(axes.stride, axes.stride + axes.rank);
}

void set_multiplier(const Affine& x, const Affine& y, Multiplier m, MoteReduceParams& p) {
  p.zero_x = x.zero_point;
  p.zero_y = y.zero_point;
  p.multiplier = m.multiplier;
  p.shift = m.shift;
}

}  // namespace

std::span<const Family> reduce_families() {
  static const Family kFamilies[] = {
#define MOTE_REDUCE(id, X, A, Y, first, next, last) {#id, chosen<kRows_##id>},
#define MOTE_REDUCE_ORDERED(id, X, A, Y, next, last) {#id, chosen<kRows_##id>},
#include "kernels/reduce/reduce.inc"
#undef MOTE_REDUCE_ORDERED
#undef MOTE_REDUCE
  };
  static const FamilyTable kTable = with_fast_rows(kFamilies, {kReduceAvx2});
  return kTable.families;
}

void plan_reduce(std::span<const int64_t> shape, std::span<const bool> reduces,
                 MoteReduceParams& p) {
  p.kept = {};
  p.over = {};
  p.outputs = 1;
  p.reduced = 1;
  int64_t stride = 1;
  int previous = -1;  // whether the axis inside this one is reduced; -1: there is none
  for (size_t k = shape.size(); k-- > 0;) {
    const int64_t extent = shape[k];
    (reduces[k] ? p.reduced : p.outputs) *= extent;
    if (extent == 1) continue;
    const int kind = reduces[k] ? 1 : 0;
    push_axis(extent, stride, kind == previous, reduces[k] ? p.over : p.kept);
    previous = kind;
    stride *= extent;
  }
  reverse(p.kept);
  reverse(p.over);
}

void prepare_sum(const Affine& x, const Affine& y, MoteReduceParams& p) {
  const double real = static_cast<double>(x.scale) / static_cast<double>(y.scale);
  set_multiplier(x, y, split_multiplier(real), p);
}

void prepare_mean(const Affine& x, const Affine& y, MoteReduceParams& p) {
  prepare_sum(x, y, p);
  if (p.reduced == 0) return;
  // The count divides the multiplier, which is first shifted up by as many bits as the count has.
  const int bits = 63 - (mote_leading_zeros(static_cast<uint32_t>(p.reduced)) + 32);
  const int shift = std::min(bits, 31 + p.shift);
  p.multiplier = static_cast<int32_t>((static_cast<int64_t>(p.multiplier) << shift) / p.reduced);
  p.shift -= shift;
}

void prepare_prod(const Affine& x, const Affine& y, MoteReduceParams& p) {
  const double root = std::pow(static_cast<double>(y.scale), 1.0 / static_cast<double>(p.reduced));
  set_multiplier(x, y, split_multiplier(static_cast<double>(x.scale) / root), p);
}

}  // namespace mote::kernels
