// How fast each kernel is, in multiply-accumulates or elements a cycle, on shapes that models have.
//
//   kernel_bench [--filter TEXT] [--ms N] [--json FILE]
//       every shape's best row, and the best portable one beside it, in bursts by turns; the
//       minimum of the bursts counts, N milliseconds each
//   kernel_bench --count [--filter TEXT]
//       runs each shape's best row once, in the function `mote_counted`, and prints the shapes:
//       tools/check_instructions counts its instructions
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "shapes.h"
#include "simd/cpu.h"

// What callgrind collects: nothing else is called from here.
extern "C" __attribute__((noinline)) int mote_counted(mote::kernels::Run run,
                                                      const mote::kernels::Args* args,
                                                      int64_t units) {
  return run(*args, 0, units);
}

namespace mote::bench {
namespace {

using kernels::Kernel;
using Clock = std::chrono::steady_clock;

// A row, packed and ready to run.
class Ready {
 public:
  Ready(Shape& shape, const Kernel& row) : row_(row) {
    const void* params = shape.params.data();
    for (size_t i = 0; i < shape.in.size(); ++i) {
      in_.push_back(shape.absent[i] ? nullptr : shape.in[i].as<char>());
    }
    for (Tensor& t : shape.out) out_.push_back(t.as<char>());
    if (row.pack_input >= 0) {
      packed_ = std::make_unique<Tensor>(row.packed_bytes(params));
      row.pack(params, in_[static_cast<size_t>(row.pack_input)], packed_->as<char>());
      in_[static_cast<size_t>(row.pack_input)] = packed_->as<char>();
    }
    scratch_ = std::make_unique<Tensor>(row.scratch_bytes ? row.scratch_bytes(params) : 0);
    units_ = row.units ? row.units(params) : 1;
    args_ = {params, in_.data(), out_.data(), scratch_->as<char>()};
  }

  int run() const { return mote_counted(row_.run, &args_, units_); }
  const char* name() const { return row_.name; }

  // The shortest of bursts of `repeats` runs: seconds a run.
  void burst(int64_t repeats) {
    const auto start = Clock::now();
    for (int64_t i = 0; i < repeats; ++i) run();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best_ = std::min(best_, seconds / static_cast<double>(repeats));
  }
  double best() const { return best_; }

 private:
  const Kernel& row_;
  std::vector<const void*> in_;
  std::vector<void*> out_;
  std::unique_ptr<Tensor> packed_, scratch_;
  kernels::Args args_ = {};
  int64_t units_ = 1;
  double best_ = 1e9;
};

// Cycles a second: additions that wait for each other take one each.
double clock_hz() {
  constexpr int kAdds = 64, kRounds = 400;
  double best = 1e9;
  uint64_t sum = 1;
  for (int burst = 0; burst < 60; ++burst) {
    const auto start = Clock::now();
    for (int round = 0; round < kRounds; ++round) {
      for (int i = 0; i < kAdds; ++i) {
#if defined(__x86_64__)
        asm volatile("add $1, %0" : "+r"(sum));
#elif defined(__aarch64__)
        asm volatile("add %0, %0, #1" : "+r"(sum));
#else
        asm volatile("" : "+r"(sum));
        ++sum;
#endif
      }
    }
    best = std::min(best, std::chrono::duration<double>(Clock::now() - start).count());
  }
  return kAdds * kRounds / best;
}

struct Options {
  std::string filter, json;
  double ms = 20;
  bool count = false;
};

// The first row that this processor can run and that takes the shape, of all or of the portable
// ones.
const Kernel* best_row(const Shape& s, bool portable_only) {
  const Kernel* found = nullptr;
  s.family->visit_rows([&](const Kernel& row, simd::Isa isa) {
    if (!simd::has(isa) || (portable_only && isa != simd::Isa::portable)) return false;
    if (row.declines && row.declines(s.params.data())) return false;
    found = &row;
    return true;
  });
  return found;
}

struct Result {
  std::string name, row, portable_row, unit;
  double rate = 0, portable_rate = 0, limit = 0, seconds = 0;
};

Result measure(Shape& s, double ms) {
  Ready best(s, *best_row(s, false));
  Ready portable(s, *best_row(s, true));
  best.run();
  const auto start = Clock::now();
  best.run();
  const double once = std::chrono::duration<double>(Clock::now() - start).count();
  const auto repeats = std::max<int64_t>(1, static_cast<int64_t>(50e-6 / std::max(once, 1e-8)));
  double hz = clock_hz();
  const auto end = Clock::now() + std::chrono::duration<double, std::milli>(ms);
  for (int turn = 0; turn < 5 || Clock::now() < end; ++turn) {
    best.burst(repeats);
    if (turn % 4 == 0) portable.burst(std::max<int64_t>(1, repeats / 4));
  }
  hz = std::max(hz, clock_hz());
  return {s.name,
          best.name(),
          portable.name(),
          s.unit,
          s.work / (best.best() * hz),
          s.work / (portable.best() * hz),
          s.limit,
          best.best()};
}

void print(const Result& r) {
  std::printf("%-52s %7.2f %s/cycle", r.name.c_str(), r.rate, r.unit.c_str());
  if (r.limit > 0) std::printf(" %3.0f %% of %.1f", 100 * r.rate / r.limit, r.limit);
  std::printf("  %9.2f us, %5.2f x portable  %s\n", r.seconds * 1e6, r.rate / r.portable_rate,
              r.row.c_str());
  std::fflush(stdout);
}

bool write_json(const std::string& path, const std::vector<Result>& results, double hz) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (!file) return false;
  std::fprintf(file, "{\"clock_hz\": %.0f, \"compiler\": \"%s\", \"isa\": \"%s\", \"kernels\": [",
               hz, __VERSION__, simd::name_of(simd::best()));
  for (size_t i = 0; i < results.size(); ++i) {
    const Result& r = results[i];
    std::fprintf(file,
                 "%s\n  {\"name\": \"%s\", \"row\": \"%s\", \"unit\": \"%s\", \"per_cycle\": %.3f, "
                 "\"limit\": %.1f, \"seconds\": %.9f, \"portable_row\": \"%s\", "
                 "\"portable_per_cycle\": %.3f}",
                 i ? "," : "", r.name.c_str(), r.row.c_str(), r.unit.c_str(), r.rate, r.limit,
                 r.seconds, r.portable_row.c_str(), r.portable_rate);
  }
  std::fprintf(file, "\n]}\n");
  return std::fclose(file) == 0;
}

int run(const Options& o) {
  std::vector<Result> results;
  for (Shape& s : all_shapes()) {
    if (s.name.find(o.filter) == std::string::npos) continue;
    if (o.count) {
      const Kernel& row = *best_row(s, false);
      Ready(s, row).run();
      std::printf("%s\t%s\n", s.name.c_str(), row.name);
      continue;
    }
    results.push_back(measure(s, o.ms));
    print(results.back());
  }
  return o.json.empty() || write_json(o.json, results, clock_hz()) ? 0 : 1;
}

}  // namespace
}  // namespace mote::bench

int main(int argc, char** argv) {
  mote::bench::Options o;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (name == "--count") {
      o.count = true;
      continue;
    }
    if (value && name == "--filter") {
      o.filter = value;
    } else if (value && name == "--ms") {
      o.ms = std::atof(value);
    } else if (value && name == "--json") {
      o.json = value;
    } else {
      std::printf("usage: kernel_bench [--filter TEXT] [--ms N] [--json FILE] [--count]\n");
      return 2;
    }
    ++i;
  }
  return mote::bench::run(o);
}
