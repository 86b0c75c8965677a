// Runs a program. Memory is taken and every pointer resolved when the session is made; after that
// run() allocates nothing, throws nothing and knows no graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/block.h"
#include "program/program.h"
#include "runtime/team.h"

namespace mote::runtime {

enum class RunStatus : int {
  ok = 0,
  index_out_of_range = 1,  // an index in the data
  division_by_zero = 2,    // of integers in the data
  endless_loop = 3,        // a loop ran kMaxLoopTurns times
};
const char* describe(RunStatus status);

// A tensor's bytes and what they mean.
struct TensorView {
  DType dtype;
  const Shape* shape;
  std::byte* data;
  size_t size_bytes;
};

class Session {
 public:
  // The program is shared, not copied: many sessions may run one program at the same time, each
  // from one thread. Throws std::bad_alloc if there is not enough memory for the arena.
  explicit Session(std::shared_ptr<const Program> program, int threads = 1);
  ~Session();

  int inputs() const;
  int outputs() const;
  // Write inputs before every run: the arena reuses their memory once they have been read.
  TensorView input(int index) const;
  // Valid until the next run.
  TensorView output(int index) const;
  RunStatus run() noexcept;
  // Recurrent state and variables back to what they are at the start.
  void reset_state() noexcept;

  // The bytes of a value of the graph after a run; the program must have been compiled to be
  // observed.
  TensorView observed(int value) const;

  // Steps of the main function, for profiles.
  int steps() const;
  const StepLabel& step_label(int step) const;
  // Like run(), and adds to nanoseconds[i] the time of step i (there are steps() of them).
  RunStatus run_profiled(std::span<int64_t> nanoseconds) noexcept;

 private:
  struct Frame;
  struct ReadyStep;
  struct Detail;

  // `arguments`: where the caller has what it passes.
  std::unique_ptr<Frame> make_frame(int function, std::byte* arena,
                                    std::span<void* const> arguments = {});
  void make_step(const Function& function, const Step& step, Frame& frame);
  std::byte* address(const ProgramTensor& tensor, std::byte* arena,
                     std::span<void* const> arguments = {}) const;
  TensorView view(const Frame& frame, int tensor) const;
  int run_frame(const Frame& frame) noexcept;
  int run_step(const Frame& frame, const ReadyStep& step) noexcept;
  int run_other(const Frame& frame, const ReadyStep& step) noexcept;
  int run_loop(const Detail& detail) noexcept;

  std::shared_ptr<const Program> program_;
  Block arena_;
  Block state_;
  std::vector<bool> called_;  // call_once functions that have run
  int threads_;
  int64_t shared_ns_ = 0;       // what the steps that are worth more than one thread take
  std::unique_ptr<Team> team_;  // null where that is not worth waking a thread
  std::unique_ptr<Frame> main_;
};

}  // namespace mote::runtime
