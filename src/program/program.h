// The frozen result of compilation: a flat list of steps over tensors at fixed places. No names are
// needed to run it, no shape is computed, no memory is asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/buffer.h"
#include "base/dtype.h"
#include "base/shape.h"

namespace mote::kernels {
struct Kernel;
}

namespace mote {

// Every tensor starts at a multiple of this, in the arena and in constants that Mote packs itself.
inline constexpr size_t kTensorAlign = 16;
// The arena itself and every scratch area.
inline constexpr size_t kScratchAlign = 64;

enum class Space : uint8_t {
  none,      // an optional input that is absent
  arena,     // `offset` bytes into the function's arena
  constant,  // Program::constants[offset]
  state,     // `offset` bytes into the session's state, which persists between runs
  argument,  // what the caller passes as input `offset`: read in the caller's memory, never written
};

struct ProgramTensor {
  DType dtype = DType::f32;
  Shape shape;
  Space space = Space::none;
  size_t offset = 0;
  size_t size_bytes = 0;
};

enum class StepKind : uint8_t {
  kernel,     // run `kernel`
  copy,       // output 0 = input 0, byte for byte
  call,       // run function a once
  call_once,  // run function a if it has not run in this session
  branch,     // input 0 is a bool: run function a if true, b if false, on the remaining inputs
  loop,       // outputs = inputs; while function a(outputs) is true, outputs = function b(outputs)
};

struct Step {
  StepKind kind = StepKind::kernel;
  const kernels::Kernel* kernel = nullptr;
  size_t params_offset = 0;  // into Program::params
  int inputs_begin = 0;      // into Function::operands: tensor indices
  int inputs_count = 0;
  int outputs_begin = 0;
  int outputs_count = 0;
  int64_t units = 1;  // of independent work
  size_t scratch_offset =
      0;  // in the arena; holds scratch_bytes for each thread, or the callee's arena
  size_t scratch_bytes = 0;
  int callee_a = -1;
  int callee_b = -1;
  int label = 0;  // Program::labels: the operator and the layer that the step came from
};

struct Function {
  std::vector<ProgramTensor> tensors;
  std::vector<int> operands;
  std::vector<Step> steps;
  std::vector<int> inputs;  // tensor indices
  std::vector<int> outputs;
  size_t arena_bytes = 0;
  // The most bytes that are live at once, whatever the layout: no plan of this step order can be
  // smaller.
  size_t arena_lower_bound_bytes = 0;
};

// A kernel row that was not taken.
struct RowRefusal {
  std::string row;
  std::string reason;
};

struct StepLabel {
  std::string op;
  std::string layer;
  std::string kernel;
  int64_t macs = 0;
  std::vector<RowRefusal> refused = {};  // if asked for when the program was compiled
};

// A loop that runs longer than this is taken for one that never ends.
inline constexpr int64_t kMaxLoopTurns = 1 << 24;

struct Port {
  std::string name;
  float scale = 0;  // 0: not quantized
  int32_t zero_point = 0;
};

// State that does not start as zero bytes.
struct StateFill {
  size_t offset = 0;
  size_t size_bytes = 0;
  std::byte value{};
};

struct Program {
  std::vector<Function> functions;  // [0] is the main one
  std::vector<std::byte> params;
  std::vector<Buffer> constants;
  size_t state_bytes = 0;
  std::vector<StateFill> state_fills;
  int threads = 1;  // the most threads that scratch was planned for
  std::vector<StepLabel> labels;
  std::vector<Port> inputs;  // of the main function, in its order
  std::vector<Port> outputs;
  // The main function's tensor that holds each value of the graph (-1: none), when compiled to be
  // observed.
  std::vector<int> observed;

  const Function& main() const { return functions[0]; }
  size_t weight_bytes() const {
    size_t total = 0;
    for (const Buffer& buffer : constants) total += buffer.size();
    return total;
  }
};

}  // namespace mote
