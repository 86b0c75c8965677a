// Which instructions this processor has. Asked once; every choice of a kernel row depends on it.
#pragma once

#include <cstdint>

namespace mote::simd {

// Each level of a processor family includes the ones before it, but for avx512_vnni, which does not
// imply avx_vnni.
enum class Isa : uint8_t {
  portable,
  sse41,
  avx2,         // with FMA and F16C
  avx_vnni,     // 256-bit dot products of bytes
  avx512_vnni,  // F, BW, DQ, VL and VNNI
  neon,
  neon_dot,   // SDOT, UDOT
  neon_i8mm,  // SMMLA
};
inline constexpr Isa kIsas[] = {Isa::portable,    Isa::sse41, Isa::avx2,     Isa::avx_vnni,
                                Isa::avx512_vnni, Isa::neon,  Isa::neon_dot, Isa::neon_i8mm};

// "avx2"
const char* name_of(Isa isa);

// Whether kernels may use it: the processor and the operating system have it, and it is not above
// the level that the environment variable MOTE_ISA names ("portable" takes every fast row away).
// Thread-safe.
bool has(Isa isa);

// The highest level that has() allows.
Isa best();

}  // namespace mote::simd
