// A team of threads that share the units of a session's steps. Its helpers spin while a run goes on
// and a little longer, and sleep otherwise; a team of one makes no thread.
//
// The teams of a process never keep more threads busy than there are processors: a run takes
// helpers from what is left (Budget), and as soon as other runs need the processors it goes on
// alone. Nor does a run wait for a helper that has not come: whoever is free takes the next part of
// a step, so late helpers find nothing to do.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "kernels/kernel.h"

namespace mote::runtime {

// The processors that the runs of this process may use.
class Budget {
 public:
  explicit Budget(int processors) : processors_(processors) {}
  static Budget& of_process();

  // Enters a run that would like `helpers` more threads; returns how many it gets.
  int enter(int helpers) noexcept {
    const int busy = busy_.fetch_add(1 + helpers, std::memory_order_relaxed) + 1 + helpers;
    const int excess = busy - processors_;
    const int refused = excess < 0 ? 0 : excess < helpers ? excess : helpers;
    if (refused) busy_.fetch_sub(refused, std::memory_order_relaxed);
    return helpers - refused;
  }
  // Leaves a run that got `helpers`.
  void leave(int helpers) noexcept { busy_.fetch_sub(1 + helpers, std::memory_order_relaxed); }
  // Whether more threads run than there are processors.
  bool is_exceeded() const noexcept { return busy_.load(std::memory_order_relaxed) > processors_; }
  int processors() const { return processors_; }

 private:
  const int processors_;
  alignas(64) std::atomic<int> busy_{0};
};

class Team {
 public:
  // Helpers beyond the budget's processors would never be used, so they are not made.
  explicit Team(int threads, Budget& budget = Budget::of_process());
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int threads() const { return static_cast<int>(helpers_.size()) + 1; }

  // Runs units [0, units) of the kernel in up to `parts` contiguous parts, and returns the first
  // code that is not kOk. Part p's scratch starts at args.scratch + p * scratch_stride. `parts` is
  // at most threads(), and more than 1 only between begin() and end().
  int run(kernels::Run kernel, const kernels::Args& args, int64_t units, int parts,
          size_t scratch_stride) noexcept;
  // Around a run of the session.
  void begin() noexcept;
  void end() noexcept;

 private:
  // What helpers look at while they spin: the step's number, how many parts it has, and how many of
  // them are taken. Taking one is a compare-and-swap of the whole.
  static constexpr int kPartBits = 16;
  static constexpr uint64_t kPartMask = (uint64_t{1} << kPartBits) - 1;

  void help(int index) noexcept;
  bool take_part(int* part) noexcept;
  int run_part(int part) const noexcept;

  Budget& budget_;
  int granted_ = 0;
  uint32_t step_ = 0;

  kernels::Run kernel_ = nullptr;
  const kernels::Args* args_ = nullptr;
  int64_t units_ = 0;
  int parts_ = 0;
  size_t scratch_stride_ = 0;

  alignas(64) std::atomic<uint64_t> ticket_{0};
  alignas(64) std::atomic<int> finished_{0};  // parts that helpers have run
  std::atomic<int> code_{kernels::kOk};
  alignas(64) std::atomic<int> wanted_{0};  // helpers, while a run goes on
  std::atomic<uint32_t> runs_{0};           // grows when helpers should wake
  std::atomic<bool> stop_{false};
  std::vector<std::thread> helpers_;
};

}  // namespace mote::runtime
