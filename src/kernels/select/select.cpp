#include "kernels/chosen.h"
#include "kernels/select/families.h"
#include "kernels/select/ref.h"

namespace mote::kernels {
namespace {

int64_t elements(const void* params) {
  return static_cast<const MoteSelectParams*>(params)->shape.count;
}

template <class T, auto kReference>
int run(const Args& args, int64_t begin, int64_t end) {
  kReference(static_cast<const MoteSelectParams*>(args.params),
             static_cast<const uint8_t*>(args.in[0]), static_cast<const T*>(args.in[1]),
             static_cast<const T*>(args.in[2]), static_cast<T*>(args.out[0]), begin, end);
  return kOk;
}

#define MOTE_SELECT(bits, T)                                                 \
  constexpr Kernel kRows_##bits[] = {{.name = "select_" #bits "__reference", \
                                      .run = run<T, mote_select_##bits>,     \
                                      .units = elements}};
#include "kernels/select/select.inc"
#undef MOTE_SELECT

}  // namespace

std::span<const Family> select_families() {
  static constexpr Family kFamilies[] = {
#define MOTE_SELECT(bits, T) {"select_" #bits, chosen<kRows_##bits>},
#include "kernels/select/select.inc"
#undef MOTE_SELECT
  };
  return kFamilies;
}

}  // namespace mote::kernels
