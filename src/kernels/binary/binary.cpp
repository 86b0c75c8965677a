#include <array>
#include <cstring>

#include "kernels/binary/families.h"
#include "kernels/binary/ref.h"
#include "kernels/chosen.h"
#include "kernels/common/fast_rows.h"

namespace mote::kernels {
namespace {

int64_t elements(const void* params) {
  return static_cast<const MoteBinaryParams*>(params)->shape.count;
}

// One run of the innermost axis, results built in a block of their own: the output may be one of
// the inputs, and so the compiler need not fear that they overlap.
template <auto kRun, class A, class B, class Y, int kStepA, int kStepB>
int run_blocks(const MoteBinaryParams* p, int64_t n, const A* a, const B* b, Y* y) {
  constexpr int64_t kBlock = 128;
  int status = kOk;
  Y block[kBlock];
  int64_t i = 0;
  for (; i + kBlock <= n; i += kBlock) {
    status |= kRun(p, kBlock, a + i * kStepA, kStepA, b + i * kStepB, kStepB, block);
    std::memcpy(y + i, block, sizeof block);
  }
  if (i < n) {
    status |= kRun(p, n - i, a + i * kStepA, kStepA, b + i * kStepB, kStepB, block);
    std::memcpy(y + i, block, static_cast<size_t>(n - i) * sizeof(Y));
  }
  return status;
}

template <auto kRun, class A, class B, class Y>
int run_generic(const Args& args, int64_t begin, int64_t end) {
  const auto* p = static_cast<const MoteBinaryParams*>(args.params);
  const auto* a = static_cast<const A*>(args.in[0]);
  const auto* b = static_cast<const B*>(args.in[1]);
  auto* y = static_cast<Y*>(args.out[0]);
  if (begin >= end) return kOk;
  const int last = p->shape.rank - 1;
  const bool moves_a = p->shape.stride[0][last] != 0;
  const bool moves_b = p->shape.stride[1][last] != 0;
  int status = kOk;
  MoteCursor c;
  mote_cursor_place(&p->shape, begin, &c);
  while (begin < end) {
    const int64_t n = mote_cursor_run(&p->shape, &c, end - begin);
    const A* from_a = a + c.offset[0];
    const B* from_b = b + c.offset[1];
    status |= moves_a && moves_b ? run_blocks<kRun, A, B, Y, 1, 1>(p, n, from_a, from_b, y + begin)
              : moves_a          ? run_blocks<kRun, A, B, Y, 1, 0>(p, n, from_a, from_b, y + begin)
                                 : run_blocks<kRun, A, B, Y, 0, 1>(p, n, from_a, from_b, y + begin);
    begin += n;
    mote_cursor_advance(&p->shape, n, &c);
  }
  return status;
}

template <auto kReference, class A, class B, class Y>
int run_reference(const Args& args, int64_t begin, int64_t end) {
  return kReference(static_cast<const MoteBinaryParams*>(args.params),
                    static_cast<const A*>(args.in[0]), static_cast<const B*>(args.in[1]),
                    static_cast<Y*>(args.out[0]), begin, end);
}

#define MOTE_BINARY(id, A, B, Y, value)                                                         \
  constexpr Kernel kRows_##id[] = {                                                             \
      {.name = #id "__generic", .run = run_generic<mote_run_##id, A, B, Y>, .units = elements}, \
      {.name = #id "__reference",                                                               \
       .run = run_reference<mote_binary_##id, A, B, Y>,                                         \
       .units = elements},                                                                      \
  };
#include "kernels/binary/binary.inc"
#undef MOTE_BINARY

}  // namespace

std::span<const Family> binary_families() {
  static constexpr Family kFamilies[] = {
#define MOTE_BINARY(id, A, B, Y, value) {#id, chosen<kRows_##id>},
#include "kernels/binary/binary.inc"
#undef MOTE_BINARY
  };
  static const FamilyTable kTable = with_fast_rows(kFamilies, {kBinaryAvx2});
  return kTable.families;
}

}  // namespace mote::kernels
