// Random shapes of every kernel family: each row that this processor can run against the reference,
// whole and in pieces, bit for bit where the family is quantized, within a bound derived from the
// operations where it is float. New rows need no code here.
//
//   kernel_shapes [--count N] [--from SEED]     N shapes over all families, by their weight
//   kernel_shapes --family F [--count N]        N shapes of one family
//   kernel_shapes --family F --seed S           one shape: what a failure prints
//   kernel_shapes --rows                        the rows, and how many shapes each of them took
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string_view>

#include "runner.h"
#include "simd/cpu.h"

namespace mote::kernels::shapes {
namespace {

constexpr int64_t kDefaultCount = 60'000;
constexpr int kMostPrinted = 20;

struct Options {
  std::string program;
  std::string family;
  int64_t count = kDefaultCount;
  int64_t from = 0;
  bool one = false, rows = false;
};

std::vector<Generator> generators() {
  std::vector<Generator> all;
  add_mac_generators(all);
  add_window_generators(all);
  add_element_generators(all);
  add_row_generators(all);
  add_movement_generators(all);
  add_indexing_generators(all);
  add_recurrent_generators(all);
  add_fused_generators(all);
  add_emulated_generators(all);
  return all;
}

struct Tally {
  int64_t passed = 0, failed = 0;
  Coverage taken;
};

uint64_t hash(std::string_view text) {
  uint64_t h = 1469598103934665603u;
  for (const char c : text) h = (h ^ static_cast<uint8_t>(c)) * 1099511628211u;
  return h;
}

// The command that runs this case again.
std::string repeat(const Options& o, const Generator& g, int64_t seed) {
  const char* isa = std::getenv("MOTE_ISA");
  return (isa ? "MOTE_ISA=" + std::string(isa) + " " : std::string()) + o.program + " --family " +
         g.family->name + " --seed " + std::to_string(seed);
}

char running[512];  // what a crash prints

void crashed(int signal) {
  const auto ignored = write(STDOUT_FILENO, running, std::strlen(running));
  _exit(ignored < 0 ? 1 : 128 + signal);
}

void run_one(const Options& o, const Generator& g, int64_t seed, Tally& tally) {
  Random r(hash(g.family->name) + static_cast<uint64_t>(seed));
  std::snprintf(running, sizeof running, "CRASHED %s\n0 passed, 1 failed, 0 skipped\n",
                repeat(o, g, seed).c_str());
  Case c;
  c.family = g.family;
  g.draw(r, c);
  const std::string problem = check(c, r, tally.taken);
  if (problem.empty()) {
    ++tally.passed;
    if (o.one) std::printf("%s: %s\n", g.family->name, c.text.c_str());
    return;
  }
  if (++tally.failed > kMostPrinted) return;
  std::printf("FAILED %s\n    %s\n    %s\n", problem.c_str(), c.text.c_str(),
              repeat(o, g, seed).c_str());
  std::fflush(stdout);
}

bool parse(int argc, char** argv, Options& o) {
  o.program = argv[0];
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--rows") {
      o.rows = true;
      continue;
    }
    if (i + 1 == argc) return false;
    const char* value = argv[++i];
    if (name == "--family") {
      o.family = value;
    } else if (name == "--count") {
      o.count = std::atoll(value);
    } else if (name == "--from") {
      o.from = std::atoll(value);
    } else if (name == "--seed") {
      o.from = std::atoll(value), o.count = 1, o.one = true;
    } else {
      return false;
    }
  }
  return !o.one || !o.family.empty();
}

// Rows that this processor can't run: said, not hidden.
int64_t print_rows(const std::vector<Generator>& all, const Tally& tally, bool every) {
  int64_t unusable = 0;
  std::set<const Family*> seen;
  for (const Generator& g : all) {
    if (!seen.insert(g.family).second) continue;
    g.family->visit_rows([&](const Kernel& row, simd::Isa isa) {
      const auto found = tally.taken.find(row.name);
      const int64_t shapes = found == tally.taken.end() ? 0 : found->second;
      if (!simd::has(isa)) {
        ++unusable;
        std::printf("skipped %s: no %s here\n", row.name, simd::name_of(isa));
      } else if (every) {
        std::printf("%8lld %s\n", static_cast<long long>(shapes), row.name);
      }
      return false;
    });
  }
  return unusable;
}

// A row that no shape reaches is a hole in the generators or a row that nothing can choose.
int64_t count_unreached(const std::vector<Generator>& all, const Tally& tally) {
  int64_t unreached = 0;
  for (const Generator& g : all) {
    g.family->visit_rows([&](const Kernel& row, simd::Isa isa) {
      if (simd::has(isa) && !tally.taken.contains(row.name)) {
        std::printf("FAILED %s declined every shape\n", row.name);
        ++unreached;
      }
      return false;
    });
  }
  return unreached;
}

int run(const Options& o) {
  const std::vector<Generator> all = generators();
  int64_t total = 0;
  for (const Generator& g : all) {
    if (!g.family) {
      std::printf("a generator has no family\n");
      return 2;
    }
    if (o.family.empty() || o.family == g.family->name) total += g.weight;
  }
  if (total == 0) {
    std::printf("no family %s\n", o.family.c_str());
    return 2;
  }
  Tally tally;
  for (const Generator& g : all) {
    if (!o.family.empty() && o.family != g.family->name) continue;
    const int64_t count =
        o.family.empty() ? std::max<int64_t>(1, o.count * g.weight / total) : o.count;
    for (int64_t i = 0; i < count; ++i) run_one(o, g, o.from + i, tally);
  }
  const int64_t skipped = o.family.empty() ? print_rows(all, tally, o.rows) : 0;
  if (o.family.empty() && o.count >= kDefaultCount) tally.failed += count_unreached(all, tally);
  std::printf("%lld passed, %lld failed, %lld skipped\n", static_cast<long long>(tally.passed),
              static_cast<long long>(tally.failed), static_cast<long long>(skipped));
  return tally.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace mote::kernels::shapes

int main(int argc, char** argv) {
  mote::kernels::shapes::Options options;
  if (!mote::kernels::shapes::parse(argc, argv, options)) {
    std::printf(
        "usage: kernel_shapes [--family F] [--count N] [--from SEED] [--seed S] [--rows]\n");
    return 2;
  }
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    std::signal(signal, mote::kernels::shapes::crashed);
  }
  return mote::kernels::shapes::run(options);
}
