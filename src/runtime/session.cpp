#include "runtime/session.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>

namespace mote::runtime {

const char* describe(RunStatus status) {
  switch (status) {
    case RunStatus::ok:
      return "ok";
    case RunStatus::index_out_of_range:
      return "an index in the data is out of range";
    case RunStatus::division_by_zero:
      return "division by zero in the data";
    case RunStatus::endless_loop:
      return "a loop does not end";
  }
  return "unknown";
}

// A step with every pointer resolved.
struct Session::ReadyStep {
  const Step* step;
  kernels::Args args;
  std::vector<const void*> inputs;
  std::vector<void*> outputs;
  std::vector<size_t> input_bytes;  // copies and control flow only
  std::vector<size_t> output_bytes;
  size_t scratch_stride = 0;
  std::unique_ptr<Frame> a;
  std::unique_ptr<Frame> b;
};

// A function at one place of call: its arena lies in the caller's scratch.
struct Session::Frame {
  const Function* function;
  std::byte* arena;
  std::vector<ReadyStep> steps;
  std::vector<std::byte*> inputs;
  std::vector<const std::byte*> outputs;
};

void Session::AlignedDelete::operator()(std::byte* bytes) const { std::free(bytes); }

Session::Session(std::shared_ptr<const Program> program, int threads)
    : program_(std::move(program)),
      team_(threads < program_->threads ? threads : program_->threads) {
  const auto allocate = [](size_t size_bytes) {
    const size_t rounded = (size_bytes + kScratchAlign) / kScratchAlign * kScratchAlign;
    auto* bytes = static_cast<std::byte*>(std::aligned_alloc(kScratchAlign, rounded));
    if (!bytes) throw std::bad_alloc();
    std::memset(bytes, 0, rounded);
    return AlignedBytes(bytes);
  };
  arena_ = allocate(program_->main().arena_bytes);
  state_ = allocate(program_->state_bytes);
  called_.assign(program_->functions.size(), false);
  reset_state();
  main_ = make_frame(0, arena_.get());
}

Session::~Session() = default;

std::byte* Session::address(const ProgramTensor& tensor, std::byte* arena) const {
  switch (tensor.space) {
    case Space::none:
      return nullptr;
    case Space::arena:
      return arena + tensor.offset;
    case Space::state:
      return state_.get() + tensor.offset;
    // Kernels only read constants; one pointer type serves inputs and outputs.
    case Space::constant:
      return const_cast<std::byte*>(program_->constants[tensor.offset].data());
  }
  return nullptr;
}

std::unique_ptr<Session::Frame> Session::make_frame(int index, std::byte* arena) {
  const Function& function = program_->functions[static_cast<size_t>(index)];
  auto frame = std::make_unique<Frame>(Frame{&function, arena, {}, {}, {}});
  for (const Step& step : function.steps) {
    ReadyStep ready{};
    ready.step = &step;
    for (int i = 0; i < step.inputs_count; ++i) {
      const auto& tensor = function.tensors[static_cast<size_t>(
          function.operands[static_cast<size_t>(step.inputs_begin + i)])];
      ready.inputs.push_back(address(tensor, arena));
      ready.input_bytes.push_back(tensor.size_bytes);
    }
    for (int i = 0; i < step.outputs_count; ++i) {
      const auto& tensor = function.tensors[static_cast<size_t>(
          function.operands[static_cast<size_t>(step.outputs_begin + i)])];
      ready.outputs.push_back(address(tensor, arena));
      ready.output_bytes.push_back(tensor.size_bytes);
    }
    std::byte* scratch = step.scratch_bytes ? arena + step.scratch_offset : nullptr;
    ready.scratch_stride =
        step.scratch_bytes / static_cast<size_t>(step.units > 1 ? program_->threads : 1);
    if (step.callee_a >= 0) ready.a = make_frame(step.callee_a, scratch);
    if (step.callee_b >= 0) ready.b = make_frame(step.callee_b, scratch);
    ready.args = {program_->params.data() + step.params_offset, nullptr, nullptr, scratch};
    frame->steps.push_back(std::move(ready));
  }
  // Only now do the vectors stay where they are.
  for (ReadyStep& ready : frame->steps) {
    ready.args.in = ready.inputs.data();
    ready.args.out = ready.outputs.data();
  }
  for (const int t : function.inputs)
    frame->inputs.push_back(address(function.tensors[static_cast<size_t>(t)], arena));
  for (const int t : function.outputs)
    frame->outputs.push_back(address(function.tensors[static_cast<size_t>(t)], arena));
  return frame;
}

int Session::inputs() const { return static_cast<int>(program_->main().inputs.size()); }
int Session::outputs() const { return static_cast<int>(program_->main().outputs.size()); }

TensorView Session::view(const Frame& frame, int tensor) const {
  const ProgramTensor& t = frame.function->tensors[static_cast<size_t>(tensor)];
  return {t.dtype, &t.shape, address(t, frame.arena), t.size_bytes};
}

TensorView Session::input(int index) const {
  return view(*main_, program_->main().inputs[static_cast<size_t>(index)]);
}
TensorView Session::output(int index) const {
  return view(*main_, program_->main().outputs[static_cast<size_t>(index)]);
}
TensorView Session::observed(int value) const {
  const int tensor = program_->observed[static_cast<size_t>(value)];
  if (tensor < 0) return {DType::f32, nullptr, nullptr, 0};
  return view(*main_, tensor);
}

RunStatus Session::run() noexcept { return static_cast<RunStatus>(run_frame(*main_)); }

RunStatus Session::run_profiled(std::span<int64_t> nanoseconds) noexcept {
  using Clock = std::chrono::steady_clock;
  for (size_t i = 0; i < main_->steps.size(); ++i) {
    const auto start = Clock::now();
    if (const int code = run_step(main_->steps[i])) return static_cast<RunStatus>(code);
    nanoseconds[i] += std::chrono::nanoseconds(Clock::now() - start).count();
  }
  return RunStatus::ok;
}

int Session::steps() const { return static_cast<int>(main_->steps.size()); }

const StepLabel& Session::step_label(int step) const {
  return program_->labels[static_cast<size_t>(main_->steps[static_cast<size_t>(step)].step->label)];
}

void Session::reset_state() noexcept {
  std::memset(state_.get(), 0, program_->state_bytes);
  for (const StateFill& fill : program_->state_fills)
    std::memset(state_.get() + fill.offset, static_cast<int>(fill.value), fill.size_bytes);
  called_.assign(called_.size(), false);
}

int Session::run_frame(Frame& frame) noexcept {
  for (ReadyStep& step : frame.steps) {
    if (const int code = run_step(step)) return code;
  }
  return kernels::kOk;
}

namespace {

void copy(const void* from, void* to, size_t size_bytes) {
  if (size_bytes) std::memmove(to, from, size_bytes);
}

}  // namespace

int Session::run_step(ReadyStep& ready) noexcept {
  const Step& step = *ready.step;
  const auto pass = [&](Frame& callee, size_t first) {
    for (size_t i = first; i < ready.inputs.size(); ++i) {
      copy(ready.inputs[i], callee.inputs[i - first], ready.input_bytes[i]);
    }
    const int code = run_frame(callee);
    if (code != kernels::kOk || step.kind == StepKind::call_once) return code;
    for (size_t i = 0; i < ready.outputs.size(); ++i)
      copy(callee.outputs[i], ready.outputs[i], ready.output_bytes[i]);
    return code;
  };
  switch (step.kind) {
    case StepKind::kernel:
      return step.units > 1
                 ? team_.run(step.kernel->run, ready.args, step.units, ready.scratch_stride)
                 : step.kernel->run(ready.args, 0, step.units);
    case StepKind::copy:
      copy(ready.inputs[0], ready.outputs[0], ready.output_bytes[0]);
      return kernels::kOk;
    case StepKind::call:
      return pass(*ready.a, 0);
    case StepKind::call_once: {
      const auto index = static_cast<size_t>(step.callee_a);
      if (called_[index]) return kernels::kOk;
      called_[index] = true;
      return pass(*ready.a, 0);
    }
    case StepKind::branch: {
      const bool taken = *static_cast<const uint8_t*>(ready.inputs[0]) != 0;
      return pass(taken ? *ready.a : *ready.b, 1);
    }
    case StepKind::loop:
      return run_loop(ready);
  }
  return kernels::kOk;
}

int Session::run_loop(ReadyStep& ready) noexcept {
  for (size_t i = 0; i < ready.outputs.size(); ++i)
    copy(ready.inputs[i], ready.outputs[i], ready.output_bytes[i]);
  for (int64_t turn = 0; turn < kMaxLoopTurns; ++turn) {
    for (size_t i = 0; i < ready.outputs.size(); ++i)
      copy(ready.outputs[i], ready.a->inputs[i], ready.output_bytes[i]);
    if (const int code = run_frame(*ready.a)) return code;
    if (*reinterpret_cast<const uint8_t*>(ready.a->outputs[0]) == 0) return kernels::kOk;
    for (size_t i = 0; i < ready.outputs.size(); ++i)
      copy(ready.outputs[i], ready.b->inputs[i], ready.output_bytes[i]);
    if (const int code = run_frame(*ready.b)) return code;
    for (size_t i = 0; i < ready.outputs.size(); ++i)
      copy(ready.b->outputs[i], ready.outputs[i], ready.output_bytes[i]);
  }
  return static_cast<int>(RunStatus::endless_loop);
}

}  // namespace mote::runtime
