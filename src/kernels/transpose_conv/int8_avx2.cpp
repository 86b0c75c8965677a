// Transposed convolutions of 8-bit activations: the classes' convolutions, whose outputs are stored
// where they belong.
//
//   packed weights:  ClassEntry of each class | what int8_conv.h packs for class 0 | class 1 | ...
#include "kernels/chosen.h"
#include "kernels/common/int8_hooks-inl.h"
#include "kernels/transpose_conv/classes.h"
#include "kernels/transpose_conv/families.h"
#include "kernels/transpose_conv/transpose_conv.h"

#if defined(__AVX2__)

namespace mote::kernels::MOTE_ISA {
namespace {

struct ClassEntry {
  int64_t end_unit;  // units of this class and those before it
  int64_t offset_bytes;
};

template <class Params>
const char* leaves_gaps(const void* params) {
  return declines_gaps(as<Params>(params).window);
}

const char* declines(const void* params) {
  const char* reason = declines_int(as<MoteTransposeConvInt>(params).mac);
  return reason ? reason : leaves_gaps<MoteTransposeConvInt>(params);
}

Int8Conv conv_of(const OutputClass& c) { return {c.window, 1, 0, true}; }

template <class Params>
int64_t units(const void* params) {
  const MoteWindow& g = as<Params>(params).window;
  int64_t units = 0;
  for (int64_t i = 0; i < class_count(g); ++i) units += plan_int8(conv_of(class_at(g, i))).units();
  return units;
}

template <class Params>
size_t scratch_bytes(const void* params) {
  const MoteWindow& g = as<Params>(params).window;
  size_t most = 0;
  for (int64_t i = 0; i < class_count(g); ++i) {
    const size_t bytes = plan_int8(conv_of(class_at(g, i))).scratch_bytes;
    most = bytes > most ? bytes : most;
  }
  return most;
}

size_t entries_bytes(const MoteWindow& g) {
  return (static_cast<size_t>(class_count(g)) * sizeof(ClassEntry) + 63) / 64 * 64;
}

template <class Params>
size_t packed_bytes(const void* params) {
  const MoteWindow& g = as<Params>(params).window;
  size_t bytes = entries_bytes(g);
  for (int64_t i = 0; i < class_count(g); ++i) bytes += int8_packed_bytes(conv_of(class_at(g, i)));
  return bytes;
}

template <class Params>
void pack(const void* params, const void* weights, void* packed) {
  const Params& p = as<Params>(params);
  const MoteWindow& g = p.window;
  auto* bytes = static_cast<uint8_t*>(packed);
  for (size_t i = 0; i < entries_bytes(g); ++i) bytes[i] = 0;
  auto* entries = static_cast<ClassEntry*>(packed);
  ClassEntry next = {0, static_cast<int64_t>(entries_bytes(g))};
  for (int64_t i = 0; i < class_count(g); ++i) {
    const OutputClass c = class_at(g, i);
    const Int8Conv conv = conv_of(c);
    next.end_unit += plan_int8(conv).units();
    entries[i] = next;
    pack_int8(conv, p.mac.w_type, weight_zero(p.mac), kOnlyBytes, weights,
              bytes + next.offset_bytes, &c.steps);
    next.offset_bytes += static_cast<int64_t>(int8_packed_bytes(conv));
  }
}

// Calls body(class, plan, unit) for the units of [begin, end).
template <class Pad, class Body>
void each_unit(const MoteWindow& g, const Args& a, int32_t x_type, int64_t begin, int64_t end,
               const Pad& pad_of, const Body& body) {
  const auto* packed = static_cast<const uint8_t*>(a.in[1]);
  const auto* entries = static_cast<const ClassEntry*>(a.in[1]);
  int64_t first = 0;
  for (int64_t i = 0; i < class_count(g) && first < end; ++i) {
    const int64_t from = begin > first ? begin : first;
    const int64_t to = entries[i].end_unit < end ? entries[i].end_unit : end;
    if (from < to) {
      const OutputClass c = class_at(g, i);
      const void* in[2] = {a.in[0], packed + entries[i].offset_bytes};
      const Args part = {a.params, in, a.out, a.scratch};
      each_int8_unit(plan_of(part), part, x_type, from - first, to - first, pad_of,
                     [&](const Int8Unit& u) { body(c, plan_of(part), u); });
    }
    first = entries[i].end_unit;
  }
}

Tile tile_from(Tile tile, int64_t pixel) {
  tile.pixels += pixel;
  return tile;
}

int run(const Args& a, int64_t begin, int64_t end) {
  const auto& params = as<MoteTransposeConvInt>(a.params);
  const MoteWindow& g = params.window;
  const MoteIntMac& mac = params.mac;
  const IntJob whole =
      int_job(mac, a.in[2], a.in[3], a.in[4], g.out_c, a.out[0], int64_t{g.stride_w} * g.out_c);
  each_unit(
      g, a, mac.x_type, begin, end, [&](int64_t) { return static_cast<uint8_t>(whole.x_zero); },
      [&](const OutputClass& c, const Int8Plan& p, const Int8Unit& u) {
        IntJob job = whole;
        if (!p.is_centred) sum_patches(job, u.tile, p.other_centre, p.run, u.count, u.numbers);
        each_class_row(g, c, u.first, u.count, [&](int64_t done, int64_t count, int64_t at) {
          job.row_terms = u.numbers + done;
          job.y_first = at * g.out_c;
          multiply_int(job, tile_from(u.tile, done), count, u.packed, p.outputs, u.begin, u.end);
        });
      });
  return kOk;
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  const auto& params = as<MoteTransposeConvHybrid>(a.params);
  const MoteWindow& g = params.window;
  const auto* x_scale = static_cast<const float*>(a.in[4]);
  const auto* x_zero = static_cast<const int32_t*>(a.in[5]);
  HybridJob job = {};
  job.mac = &params.mac;
  job.bias = static_cast<const float*>(a.in[2]);
  job.w_scale = static_cast<const float*>(a.in[3]);
  job.y = static_cast<float*>(a.out[0]);
  job.y_pitch = int64_t{g.stride_w} * g.out_c;
  each_unit(
      g, a, kMoteI8, begin, end,
      [&](int64_t batch) { return static_cast<uint8_t>(x_zero[batch] + 128); },
      [&](const OutputClass& c, const Int8Plan& p, const Int8Unit& u) {
        const int64_t image = int64_t{c.window.out_h} * c.window.out_w;
        auto* scales = reinterpret_cast<float*>(u.numbers + p.tile_pixels());
        for (int64_t i = 0; i < u.count; ++i) {
          const int64_t batch = (u.first + i) / image;
          u.numbers[i] = x_zero[batch];
          scales[i] = x_scale[batch];
        }
        each_class_row(g, c, u.first, u.count, [&](int64_t done, int64_t count, int64_t at) {
          job.x_scale = scales + done;
          job.x_zero = u.numbers + done;
          job.y_first = at * g.out_c;
          multiply_hybrid(job, tile_from(u.tile, done), count, u.packed, p.outputs, u.begin, u.end);
        });
      });
  return kOk;
}

template <class Params>
constexpr Kernel row(const char* name, Run run, decltype(Kernel::declines) declines) {
  return {.name = name,
          .run = run,
          .declines = declines,
          .units = units<Params>,
          .scratch_bytes = scratch_bytes<Params>,
          .pack_input = 1,
          .packed_bytes = packed_bytes<Params>,
          .pack = pack<Params>};
}

constexpr Kernel kInt[] = {
    row<MoteTransposeConvInt>("transpose_conv_int__avx2_8bit", run, declines)};

constexpr Kernel kHybrid[] = {row<MoteTransposeConvHybrid>(
    "transpose_conv_hybrid__avx2", run_hybrid, leaves_gaps<MoteTransposeConvHybrid>)};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA

namespace mote::kernels {
const ProcessorRows kTransposeConvInt8Avx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kInt>};
const ProcessorRows kTransposeConvHybridAvx2 = {simd::Isa::avx2, chosen<MOTE_ISA::kHybrid>};
}  // namespace mote::kernels

#else

namespace mote::kernels {
const ProcessorRows kTransposeConvInt8Avx2 = {simd::Isa::avx2, {}};
const ProcessorRows kTransposeConvHybridAvx2 = {simd::Isa::avx2, {}};
}  // namespace mote::kernels

#endif
