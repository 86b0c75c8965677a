#include "kernels/gru/gru.h"

#include "kernels/chosen.h"
#include "kernels/gru/families.h"
#include "kernels/gru/ref.h"

namespace mote::kernels {
namespace {

const MoteGru* gru(const void* params) { return static_cast<const MoteGru*>(params); }

int64_t batches(const void* params) { return gru(params)->batch; }

size_t scratch(const void* params) {
  return static_cast<size_t>(mote_gru_scratch_bytes(gru(params)));
}

int run(const Args& args, int64_t begin, int64_t end) {
  const auto floats = [&](int i) { return static_cast<const float*>(args.in[i]); };
  mote_gru(gru(args.params), floats(0), floats(1), floats(2), floats(3), floats(4),
           static_cast<float*>(args.out[0]), static_cast<float*>(args.out[1]), args.scratch, begin,
           end);
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = "gru_f32__ref", .run = run, .units = batches, .scratch_bytes = scratch}};

const MoteGruHybrid* hybrid(const void* params) {
  return static_cast<const MoteGruHybrid*>(params);
}

int64_t hybrid_batches(const void* params) { return hybrid(params)->batch; }

size_t hybrid_scratch(const void* params) {
  return static_cast<size_t>(mote_gru_hybrid_scratch_bytes(hybrid(params)));
}

int run_hybrid(const Args& args, int64_t begin, int64_t end) {
  const auto floats = [&](int i) { return static_cast<const float*>(args.in[i]); };
  mote_gru_hybrid(hybrid(args.params), floats(0), static_cast<const int8_t*>(args.in[1]), floats(2),
                  floats(3), floats(4), static_cast<float*>(args.out[0]),
                  static_cast<float*>(args.out[1]), args.scratch, begin, end);
  return kOk;
}

constexpr Kernel kHybridRows[] = {{.name = "gru_hybrid__ref",
                                   .run = run_hybrid,
                                   .units = hybrid_batches,
                                   .scratch_bytes = hybrid_scratch}};

}  // namespace

const Family kGruHybrid{"gru_hybrid", chosen<kHybridRows>, {&kGruHybridAvx2}};
const Family kGruF32{"gru_f32", chosen<kRows>, {&kGruAvx2}};

}  // namespace mote::kernels
