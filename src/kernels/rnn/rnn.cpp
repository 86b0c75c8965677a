#include "kernels/rnn/rnn.h"

#include "kernels/chosen.h"
#include "kernels/rnn/families.h"
#include "kernels/rnn/ref.h"

namespace mote::kernels {
namespace {

int64_t batches(const void* params) { return static_cast<const MoteRnn*>(params)->batch; }

size_t scratch(const void* params) {
  return static_cast<size_t>(mote_rnn_scratch_bytes(static_cast<const MoteRnn*>(params)));
}

template <int hybrid>
int run(const Args& args, int64_t begin, int64_t end) {
  mote_rnn(static_cast<const MoteRnn*>(args.params), args.in, hybrid,
           static_cast<float*>(args.out[0]), static_cast<float*>(args.out[1]), args.scratch, begin,
           end);
  return kOk;
}

constexpr Kernel kF32Rows[] = {
    {.name = "rnn_f32__ref", .run = run<0>, .units = batches, .scratch_bytes = scratch}};
constexpr Kernel kHybridRows[] = {
    {.name = "rnn_hybrid__ref", .run = run<1>, .units = batches, .scratch_bytes = scratch}};

}  // namespace

const Family kRnnF32{"rnn_f32", chosen<kF32Rows>};
const Family kRnnHybrid{"rnn_hybrid", chosen<kHybridRows>};

}  // namespace mote::kernels
