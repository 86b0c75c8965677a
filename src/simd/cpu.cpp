#include "simd/cpu.h"

#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace mote::simd {
namespace {

constexpr uint32_t bit(Isa isa) { return 1u << static_cast<uint32_t>(isa); }

#if defined(__x86_64__)

// The register sets that the operating system saves.
uint64_t saved_registers() {
  uint32_t low = 0, high = 0;
  asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t{high} << 32) | low;
}

// Leaves and bits are those of Intel's Software Developer's Manual, volume 2, CPUID.
uint32_t detect() {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  uint32_t found = bit(Isa::portable);
  if (!__get_cpuid(1, &a, &b, &c, &d)) return found;
  const auto is_set = [](uint32_t word, int at) { return (word >> at & 1u) != 0; };
  if (is_set(c, 19)) found |= bit(Isa::sse41);
  const bool fma = is_set(c, 12), os_saves = is_set(c, 27), avx = is_set(c, 28),
             f16c = is_set(c, 29);
  if (!os_saves) return found;
  const uint64_t saved = saved_registers();
  const bool saves_ymm = (saved & 0x6) == 0x6, saves_zmm = (saved & 0xe6) == 0xe6;
  if (!avx || !fma || !f16c || !saves_ymm) return found;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !is_set(b, 5)) return found;
  found |= bit(Isa::avx2);
  const bool avx512 = is_set(b, 16) && is_set(b, 17) && is_set(b, 30) && is_set(b, 31);
  if (avx512 && is_set(c, 11) && saves_zmm) found |= bit(Isa::avx512_vnni);
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d) && is_set(a, 4)) found |= bit(Isa::avx_vnni);
  return found;
}

#elif defined(__aarch64__)

uint32_t detect() {
  uint32_t found = bit(Isa::portable) | bit(Isa::neon);
#if defined(__linux__)
  // Bit positions of the kernel's arm64 ELF hwcaps: ASIMDDP and I8MM.
  if (getauxval(AT_HWCAP) >> 20 & 1u) found |= bit(Isa::neon_dot);
  if (getauxval(AT_HWCAP2) >> 13 & 1u) found |= bit(Isa::neon_i8mm);
#elif defined(__ARM_FEATURE_DOTPROD)
  found |= bit(Isa::neon_dot);
#endif
  return found;
}

#else

uint32_t detect() { return bit(Isa::portable); }

#endif

// Levels up to the one that MOTE_ISA names; a name that is none limits nothing.
uint32_t allowed() {
  const char* wanted = std::getenv("MOTE_ISA");
  uint32_t up_to = 0;
  for (const Isa isa : kIsas) {
    up_to |= bit(isa);
    if (wanted && std::strcmp(wanted, name_of(isa)) == 0) return up_to;
  }
  return up_to;
}

uint32_t usable() {
  static const uint32_t found = detect() & allowed();
  return found;
}

}  // namespace

const char* name_of(Isa isa) {
  switch (isa) {
    case Isa::portable:
      return "portable";
    case Isa::sse41:
      return "sse41";
    case Isa::avx2:
      return "avx2";
    case Isa::avx_vnni:
      return "avx_vnni";
    case Isa::avx512_vnni:
      return "avx512_vnni";
    case Isa::neon:
      return "neon";
    case Isa::neon_dot:
      return "neon_dot";
    case Isa::neon_i8mm:
      return "neon_i8mm";
  }
  return "unknown";
}

bool has(Isa isa) { return (usable() & bit(isa)) != 0; }

Isa best() {
  Isa found = Isa::portable;
  for (const Isa isa : kIsas) {
    if (has(isa)) found = isa;
  }
  return found;
}

}  // namespace mote::simd
