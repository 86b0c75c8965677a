// A team of threads that share the units of a session's steps. Its helpers spin while a run goes on
// and a little longer, and sleep otherwise; a team of one makes no thread.
//
// The teams of a process never keep more threads busy than there are processors: a run takes
// helpers from what is left (Budget), and as soon as other runs need the processors it goes on
// alone. Nor does a run wait for a helper that has not come: whoever is free takes what is left of
// another's share, so late helpers find nothing to do.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>

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

  int threads() const { return seats_; }

  // What a step's units are cut into: a share for each of `parts` threads, and each share into
  // `pieces`, of which whoever has finished its own takes some.
  struct Cut {
    int parts = 1, pieces = 1;
  };

  // Runs units [0, units) of the kernel, and returns the first code that is not kOk. The thread on
  // seat s (0: the caller) has its scratch at args.scratch + s * scratch_stride. `parts` is at most
  // threads(), and more than 1 only between begin() and end().
  int run(kernels::Run kernel, const kernels::Args& args, int64_t units, Cut cut,
          size_t scratch_stride) noexcept;
  // Around a run of the session. A short run leaves helpers asleep if waking them did not pay of
  // late: runs that rarely come would wake them each time for nothing.
  void begin(bool is_short) noexcept;
  void end() noexcept;

 private:
  // One thread's share of a step, all in the cache line on which its helper spins. The ticket holds
  // the step's number, how many pieces there are, and how many of them are taken; taking one is a
  // compare-and-swap of the whole.
  struct alignas(64) Share {
    std::atomic<uint64_t> ticket{0};
    kernels::Run kernel = nullptr;
    const kernels::Args* args = nullptr;
    int64_t units = 0;
    size_t scratch_stride = 0;
    Cut cut = {};
  };
  static constexpr int kPieceBits = 16;
  static constexpr uint64_t kPieceMask = (uint64_t{1} << kPieceBits) - 1;

  // Pieces that a helper has run, ever.
  struct alignas(64) Finished {
    std::atomic<uint32_t> count{0};
  };

  struct Helper {
    std::thread thread;
    std::atomic<int> id{0};  // the system's; 0: not yet known
  };

  void help(int index) noexcept;
  static bool has_pieces(const Share& share) noexcept;
  static bool take_piece(Share& share, int* piece) noexcept;
  static int run_piece(const Share& share, int of_share, int piece, int seat) noexcept;
  int run_share(int of_share, int seat, uint32_t* count) noexcept;
  void run_shares(int seat) noexcept;
  uint32_t finished() const noexcept;
  int take_code() noexcept;
  bool leaves_helpers_asleep() noexcept;
  void spread() noexcept;

  Budget& budget_;
  int seats_;
  int granted_ = 0;
  uint32_t step_ = 0;
  int skipped_ = 0, skips_ = 1;  // short runs without helpers: in a row, and how many there may be
  int lonely_ = 0, patience_ = 1;  // runs in which no helper came: in a row, and before it is moved
  uint32_t helped_ = 0, helped_before_ = 0;  // pieces that helpers have run, ever; at begin()

  std::unique_ptr<Share[]> shares_;       // by seat
  std::unique_ptr<Finished[]> finished_;  // by helper
  alignas(64) std::atomic<int> code_{kernels::kOk};
  alignas(64) std::atomic<int> wanted_{0};  // helpers, while a run goes on
  std::atomic<int> processor_{-1};          // the caller's
  std::atomic<uint32_t> runs_{0};           // grows when helpers should wake
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<int> asleep_{0};  // helpers
  std::unique_ptr<Helper[]> helpers_;
};

}  // namespace mote::runtime
