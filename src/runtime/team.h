// A team of threads that split one step's units between them. Workers spin briefly between steps of
// a run and sleep otherwise; a team of one makes no thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "kernels/kernel.h"

namespace mote::runtime {

class Team {
 public:
  explicit Team(int threads);
  ~Team();
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }
  // Runs units [0, units) of the kernel, each thread a contiguous part, and returns the first code
  // that is not kOk. Thread t's scratch starts at args.scratch + t * scratch_stride.
  int run(kernels::Run kernel, const kernels::Args& args, int64_t units,
          size_t scratch_stride) noexcept;

 private:
  void work(int index) noexcept;
  int run_part(int index) const noexcept;

  kernels::Run kernel_ = nullptr;
  const kernels::Args* args_ = nullptr;
  int64_t units_ = 0;
  size_t scratch_stride_ = 0;
  std::atomic<uint32_t> turn_{0};  // a new job each time it grows
  std::atomic<int> running_{0};    // workers that have not finished the job
  std::atomic<int> code_{kernels::kOk};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace mote::runtime
