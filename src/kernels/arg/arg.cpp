#include "kernels/arg/families.h"
#include "kernels/arg/ref.h"
#include "kernels/chosen.h"

namespace mote::kernels {
namespace {

int64_t lines(const void* params) {
  const auto* p = static_cast<const MoteArgParams*>(params);
  return p->outer * p->inner;
}

template <class X, class Y,
          void (*kReference)(const MoteArgParams*, const X*, Y*, int64_t, int64_t)>
int run_lines(const Args& args, int64_t begin, int64_t end) {
  kReference(static_cast<const MoteArgParams*>(args.params), static_cast<const X*>(args.in[0]),
             static_cast<Y*>(args.out[0]), begin, end);
  return kOk;
}

template <class X,
          void (*kReference)(const MoteArgParams*, const X*, X*, int32_t*, int64_t, int64_t)>
int run_topk(const Args& args, int64_t begin, int64_t end) {
  kReference(static_cast<const MoteArgParams*>(args.params), static_cast<const X*>(args.in[0]),
             static_cast<X*>(args.out[0]), static_cast<int32_t*>(args.out[1]), begin, end);
  return kOk;
}

template <class X, int (*kReference)(const MoteWhereParams*, const X*, int64_t*)>
int run_where(const Args& args, int64_t, int64_t) {
  return kReference(static_cast<const MoteWhereParams*>(args.params),
                    static_cast<const X*>(args.in[0]), static_cast<int64_t*>(args.out[0]));
}

#define MOTE_ARG(id, X, Index, better) \
  constexpr Kernel kRows_##id[] = {    \
      {.name = #id "__reference", .run = run_lines<X, Index, mote_##id>, .units = lines}};
#define MOTE_CUMSUM(id, X, Sum)     \
  constexpr Kernel kRows_##id[] = { \
      {.name = #id "__reference", .run = run_lines<X, X, mote_##id>, .units = lines}};
#define MOTE_TOPK(id, X)            \
  constexpr Kernel kRows_##id[] = { \
      {.name = #id "__reference", .run = run_topk<X, mote_##id>, .units = lines}};
#define MOTE_WHERE(id, X) \
  constexpr Kernel kRows_##id[] = {{.name = #id "__reference", .run = run_where<X, mote_##id>}};
#include "kernels/arg/arg.inc"
#undef MOTE_ARG
#undef MOTE_CUMSUM
#undef MOTE_TOPK
#undef MOTE_WHERE

}  // namespace

std::span<const Family> arg_families() {
  static constexpr Family kFamilies[] = {
#define MOTE_ARG(id, X, Index, better) {#id, chosen<kRows_##id>},
#define MOTE_CUMSUM(id, X, Sum) {#id, chosen<kRows_##id>},
#define MOTE_TOPK(id, X) {#id, chosen<kRows_##id>},
#define MOTE_WHERE(id, X) {#id, chosen<kRows_##id>},
#include "kernels/arg/arg.inc"
#undef MOTE_ARG
#undef MOTE_CUMSUM
#undef MOTE_TOPK
#undef MOTE_WHERE
  };
  return kFamilies;
}

}  // namespace mote::kernels
