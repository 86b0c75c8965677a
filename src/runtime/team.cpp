#include "runtime/team.h"

#include <algorithm>

namespace mote::runtime {
namespace {

// In turns of a loop that pauses, 20 to 45 ns each on current processors.
constexpr int kIdleTurns = 2000;    // a helper's, before it sleeps: about what waking it costs
constexpr int kPatientTurns = 200;  // before the processor is offered to other threads

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// One turn of waiting. A long wait means that the thread waited for has no processor: ours may be
// the one that it needs.
void wait_turn(int turn) {
  if (turn < kPatientTurns) {
    relax();
  } else {
    std::this_thread::yield();
  }
}

}  // namespace

Budget& Budget::of_process() {
  static Budget budget(std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  return budget;
}

Team::Team(int threads, Budget& budget) : budget_(budget) {
  const int helpers = std::min(threads, budget.processors()) - 1;
  for (int i = 0; i < helpers; ++i) helpers_.emplace_back([this, i] { help(i); });
}

Team::~Team() {
  stop_.store(true, std::memory_order_relaxed);
  runs_.fetch_add(1, std::memory_order_release);
  runs_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void Team::begin() noexcept {
  granted_ = budget_.enter(static_cast<int>(helpers_.size()));
  if (granted_ == 0) return;
  wanted_.store(granted_, std::memory_order_relaxed);
  runs_.fetch_add(1, std::memory_order_release);
  runs_.notify_all();  // no system call where none sleeps
}

void Team::end() noexcept {
  if (granted_) wanted_.store(0, std::memory_order_relaxed);
  budget_.leave(granted_);
  granted_ = 0;
}

int Team::run(kernels::Run kernel, const kernels::Args& args, int64_t units, int parts,
              size_t scratch_stride) noexcept {
  parts = std::min(parts, granted_ + 1);
  if (parts <= 1 || budget_.is_exceeded()) return kernel(args, 0, units);
  kernel_ = kernel;
  args_ = &args;
  units_ = units;
  parts_ = parts;
  scratch_stride_ = scratch_stride;
  code_.store(kernels::kOk, std::memory_order_relaxed);
  finished_.store(0, std::memory_order_relaxed);
  ticket_.store(uint64_t{++step_} << (2 * kPartBits) | static_cast<uint64_t>(parts) << kPartBits,
                std::memory_order_release);
  int mine = 0, code = kernels::kOk;
  for (int part; take_part(&part); ++mine) {
    if (const int result = run_part(part)) code = result;
  }
  for (int turn = 0; finished_.load(std::memory_order_acquire) < parts - mine; ++turn) {
    wait_turn(turn);
  }
  return code != kernels::kOk ? code : code_.load(std::memory_order_relaxed);
}

// Whoever takes a part sees the step that it belongs to: the caller does not write the next one
// before every part of this one is taken and finished.
bool Team::take_part(int* part) noexcept {
  uint64_t ticket = ticket_.load(std::memory_order_acquire);
  for (;;) {
    const uint64_t taken = ticket & kPartMask;
    if (taken >= (ticket >> kPartBits & kPartMask)) return false;
    if (ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acquire)) {
      *part = static_cast<int>(taken);
      return true;
    }
  }
}

int Team::run_part(int part) const noexcept {
  const int64_t begin = units_ * part / parts_;
  const int64_t end = units_ * (part + 1) / parts_;
  if (begin == end) return kernels::kOk;
  kernels::Args args = *args_;
  if (args.scratch)
    args.scratch =
        static_cast<std::byte*>(args.scratch) + static_cast<size_t>(part) * scratch_stride_;
  return kernel_(args, begin, end);
}

void Team::help(int index) noexcept {
  for (int idle = 0, waited = 0;;) {
    const uint32_t run = runs_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    const bool is_wanted = index < wanted_.load(std::memory_order_relaxed);
    int part = 0;
    if (is_wanted && take_part(&part)) {
      const int code = run_part(part);
      if (code != kernels::kOk) code_.store(code, std::memory_order_relaxed);
      finished_.fetch_add(1, std::memory_order_release);
      idle = waited = 0;
    } else if (is_wanted && !budget_.is_exceeded()) {
      wait_turn(waited);
      waited = std::min(waited + 1, kPatientTurns);
      idle = 0;
    } else if (++idle < kIdleTurns && !budget_.is_exceeded()) {
      relax();
    } else {
      runs_.wait(run, std::memory_order_acquire);
      idle = 0;
    }
  }
}

}  // namespace mote::runtime
