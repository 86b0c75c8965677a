#include "kernels/rfft/rfft.h"

#include "kernels/chosen.h"
#include "kernels/rfft/families.h"
#include "kernels/rfft/ref.h"

namespace mote::kernels {
namespace {

int64_t images(const void* params) { return static_cast<const MoteRfft*>(params)->batch; }

size_t scratch(const void* params) {
  return static_cast<size_t>(mote_rfft_scratch_bytes(static_cast<const MoteRfft*>(params)));
}

int run(const Args& args, int64_t begin, int64_t end) {
  mote_rfft(static_cast<const MoteRfft*>(args.params), static_cast<const float*>(args.in[0]),
            static_cast<const double*>(args.in[1]), static_cast<float*>(args.out[0]), args.scratch,
            begin, end);
  return kOk;
}

constexpr Kernel kRows[] = {
    {.name = "rfft__ref", .run = run, .units = images, .scratch_bytes = scratch}};

}  // namespace

const Family kRfft{"rfft", chosen<kRows>};

}  // namespace mote::kernels
