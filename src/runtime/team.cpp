#include "runtime/team.h"

namespace mote::runtime {
namespace {

// About 20 microseconds on a current processor: longer than the gap between two steps, shorter than
// a sleep is worth.
constexpr int kSpins = 4000;

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

}  // namespace

Team::Team(int threads) {
  for (int i = 1; i < threads; ++i) workers_.emplace_back([this, i] { work(i); });
}

Team::~Team() {
  stop_.store(true, std::memory_order_relaxed);
  turn_.fetch_add(1, std::memory_order_release);
  turn_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

int Team::run(kernels::Run kernel, const kernels::Args& args, int64_t units,
              size_t scratch_stride) noexcept {
  if (workers_.empty() || units <= 1) return kernel(args, 0, units);
  kernel_ = kernel;
  args_ = &args;
  units_ = units;
  scratch_stride_ = scratch_stride;
  code_.store(kernels::kOk, std::memory_order_relaxed);
  running_.store(static_cast<int>(workers_.size()), std::memory_order_relaxed);
  turn_.fetch_add(1, std::memory_order_release);
  turn_.notify_all();
  const int mine = run_part(0);
  // Never sleep here: a worker's part is as long as ours.
  while (running_.load(std::memory_order_acquire) > 0) relax();
  return mine != kernels::kOk ? mine : code_.load(std::memory_order_relaxed);
}

int Team::run_part(int index) const noexcept {
  const int64_t n = threads();
  const int64_t begin = units_ * index / n;
  const int64_t end = units_ * (index + 1) / n;
  if (begin == end) return kernels::kOk;
  kernels::Args args = *args_;
  if (args.scratch)
    args.scratch =
        static_cast<std::byte*>(args.scratch) + static_cast<size_t>(index) * scratch_stride_;
  return kernel_(args, begin, end);
}

void Team::work(int index) noexcept {
  uint32_t seen = 0;
  for (;;) {
    for (int spin = 0; spin < kSpins && turn_.load(std::memory_order_acquire) == seen; ++spin)
      relax();
    turn_.wait(seen, std::memory_order_acquire);
    ++seen;  // turns are never skipped: the next job starts only after every worker finished this
             // one
    if (stop_.load(std::memory_order_relaxed)) return;
    const int code = run_part(index);
    if (code != kernels::kOk) code_.store(code, std::memory_order_relaxed);
    running_.fetch_sub(1, std::memory_order_release);
  }
}

}  // namespace mote::runtime
