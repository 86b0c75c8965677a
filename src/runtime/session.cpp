#include "runtime/session.h"

#include <algorithm>
#include <chrono>
#include <cstring>

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

// A step with every pointer resolved: all that a run reads, in the order in which it reads it.
struct Session::ReadyStep {
  kernels::Run run;  // null: not a kernel but what its detail says
  kernels::Args args;
  int64_t units;
  int16_t parts, pieces;  // Team::Cut
  int32_t detail;
  size_t scratch_stride;
};

// What steps have that are no kernels: copies and calls.
struct Session::Detail {
  StepKind kind;
  int callee;
  std::span<const void*> inputs;
  std::span<void*> outputs;
  std::vector<size_t> output_bytes;
  std::unique_ptr<Frame> a;
  std::unique_ptr<Frame> b;
};

// A function at one place of call: its arena lies in the caller's scratch.
struct Session::Frame {
  const Function* function;
  std::byte* arena;
  std::vector<ReadyStep> steps;
  std::vector<Detail> details;
  std::vector<void*> operands;  // by the function's own numbers
  std::vector<const std::byte*> outputs;
};

namespace {

const ProgramTensor& operand(const Function& function, int index) {
  return function.tensors[static_cast<size_t>(function.operands[static_cast<size_t>(index)])];
}

// What a step takes, by the rates of slow kernels on current processors; fast ones need a quarter.
int64_t estimate_ns(const Function& function, const Step& step, int64_t macs) {
  constexpr int64_t kMacsPerNs = 16, kBytesPerNs = 8;
  int64_t written_bytes = 0, read_bytes = 0;
  for (int i = 0; i < step.outputs_count; ++i)
    written_bytes += static_cast<int64_t>(operand(function, step.outputs_begin + i).size_bytes);
  for (int i = 0; i < step.inputs_count; ++i) {
    const ProgramTensor& input = operand(function, step.inputs_begin + i);
    if (input.space == Space::arena) read_bytes += static_cast<int64_t>(input.size_bytes);
  }
  return macs / kMacsPerNs + std::max(written_bytes, read_bytes) / kBytesPerNs;
}

// A part should take several times what handing it over costs (0.1 to 0.5 us), and so should its
// pieces. The parts of a run together should take more than the helpers' caches lose by it
// (kTeamNs); a run that does not take more than waking a helper does (5 to 100 us) is short.
constexpr int64_t kPartNs = 1500, kPieceNs = 20000, kMostPieces = 4;
constexpr int64_t kTeamNs = 60000, kShortNs = 250000;

}  // namespace

Session::Session(std::shared_ptr<const Program> program, int threads)
    : program_(std::move(program)),
      arena_(program_->main().arena_bytes),
      state_(program_->state_bytes),
      called_(program_->functions.size(), false),
      threads_(std::clamp(threads, 1, program_->threads)) {
  reset_state();
  main_ = make_frame(0, arena_.data());
  if (shared_ns_ > kTeamNs) team_ = std::make_unique<Team>(threads_);
}

Session::~Session() = default;

std::byte* Session::address(const ProgramTensor& tensor, std::byte* arena,
                            std::span<void* const> arguments) const {
  switch (tensor.space) {
    case Space::none:
      return nullptr;
    case Space::arena:
      return arena + tensor.offset;
    case Space::state:
      return state_.data() + tensor.offset;
    case Space::argument:
      return static_cast<std::byte*>(arguments[tensor.offset]);
    // Kernels only read constants; one pointer type serves inputs and outputs.
    case Space::constant:
      return const_cast<std::byte*>(program_->constants[tensor.offset].data());
  }
  return nullptr;
}

std::unique_ptr<Session::Frame> Session::make_frame(int index, std::byte* arena,
                                                    std::span<void* const> arguments) {
  const Function& function = program_->functions[static_cast<size_t>(index)];
  auto frame = std::make_unique<Frame>();
  frame->function = &function;
  frame->arena = arena;
  frame->operands.reserve(function.operands.size());
  for (const int t : function.operands)
    frame->operands.push_back(address(function.tensors[static_cast<size_t>(t)], arena, arguments));
  frame->steps.reserve(function.steps.size());
  for (const Step& step : function.steps) make_step(function, step, *frame);
  for (const int t : function.outputs)
    frame->outputs.push_back(address(function.tensors[static_cast<size_t>(t)], arena, arguments));
  return frame;
}

void Session::make_step(const Function& function, const Step& step, Frame& frame) {
  std::byte* scratch = step.scratch_bytes ? frame.arena + step.scratch_offset : nullptr;
  void** const inputs = frame.operands.data() + step.inputs_begin;
  void** const outputs = frame.operands.data() + step.outputs_begin;
  ReadyStep ready{};
  ready.args = {program_->params.data() + step.params_offset, inputs, outputs, scratch};
  ready.units = step.units;
  ready.parts = ready.pieces = 1;
  if (step.kind == StepKind::kernel && step.units > 1) {
    const int64_t ns =
        estimate_ns(function, step, program_->labels[static_cast<size_t>(step.label)].macs);
    const int64_t parts = std::clamp<int64_t>(std::min(ns / kPartNs, step.units), 1, threads_);
    const int64_t pieces = std::min(ns / kPieceNs, step.units) / parts;
    ready.parts = static_cast<int16_t>(parts);
    ready.pieces = static_cast<int16_t>(std::clamp<int64_t>(pieces, 1, kMostPieces));
    if (parts > 1) shared_ns_ += ns;
  }
  ready.scratch_stride =
      step.scratch_bytes / static_cast<size_t>(step.units > 1 ? program_->threads : 1);
  if (step.kind == StepKind::kernel) {
    ready.run = step.kernel->run;
  } else {
    ready.detail = static_cast<int32_t>(frame.details.size());
    Detail detail{step.kind, step.callee_a, {}, {}, {}, nullptr, nullptr};
    detail.inputs = {const_cast<const void**>(inputs), static_cast<size_t>(step.inputs_count)};
    detail.outputs = {outputs, static_cast<size_t>(step.outputs_count)};
    for (int i = 0; i < step.outputs_count; ++i)
      detail.output_bytes.push_back(operand(function, step.outputs_begin + i).size_bytes);
    // What a callee gets it reads where the caller has it.
    const std::span<void* const> passed =
        step.kind == StepKind::loop
            ? std::span<void* const>(outputs, static_cast<size_t>(step.outputs_count))
            : std::span<void* const>(inputs, static_cast<size_t>(step.inputs_count))
                  .subspan(step.kind == StepKind::branch ? 1 : 0);
    if (step.callee_a >= 0) detail.a = make_frame(step.callee_a, scratch, passed);
    if (step.callee_b >= 0) detail.b = make_frame(step.callee_b, scratch, passed);
    frame.details.push_back(std::move(detail));
  }
  frame.steps.push_back(ready);
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

RunStatus Session::run() noexcept {
  if (team_) team_->begin(shared_ns_ < kShortNs);
  const int code = run_frame(*main_);
  if (team_) team_->end();
  return static_cast<RunStatus>(code);
}

RunStatus Session::run_profiled(std::span<int64_t> nanoseconds) noexcept {
  using Clock = std::chrono::steady_clock;
  if (team_) team_->begin(shared_ns_ < kShortNs);
  int code = kernels::kOk;
  for (size_t i = 0; i < main_->steps.size() && code == kernels::kOk; ++i) {
    const auto start = Clock::now();
    code = run_step(*main_, main_->steps[i]);
    nanoseconds[i] += std::chrono::nanoseconds(Clock::now() - start).count();
  }
  if (team_) team_->end();
  return static_cast<RunStatus>(code);
}

int Session::steps() const { return static_cast<int>(main_->steps.size()); }

const StepLabel& Session::step_label(int step) const {
  return program_
      ->labels[static_cast<size_t>(main_->function->steps[static_cast<size_t>(step)].label)];
}

void Session::reset_state() noexcept {
  if (program_->state_bytes) std::memset(state_.data(), 0, program_->state_bytes);
  for (const StateFill& fill : program_->state_fills)
    std::memset(state_.data() + fill.offset, static_cast<int>(fill.value), fill.size_bytes);
  called_.assign(called_.size(), false);
}

int Session::run_frame(const Frame& frame) noexcept {
  for (const ReadyStep& step : frame.steps) {
    if (const int code = run_step(frame, step)) return code;
  }
  return kernels::kOk;
}

inline int Session::run_step(const Frame& frame, const ReadyStep& step) noexcept {
  if (!step.run) return run_other(frame, step);
  if (step.parts == 1 || !team_) return step.run(step.args, 0, step.units);
  return team_->run(step.run, step.args, step.units, {step.parts, step.pieces},
                    step.scratch_stride);
}

namespace {

void copy(const void* from, void* to, size_t size_bytes) {
  if (size_bytes && from != to) std::memmove(to, from, size_bytes);
}

}  // namespace

int Session::run_other(const Frame& frame, const ReadyStep& ready) noexcept {
  const Detail& detail = frame.details[static_cast<size_t>(ready.detail)];
  const auto pass = [&](const Frame& callee) {
    const int code = run_frame(callee);
    if (code != kernels::kOk || detail.kind == StepKind::call_once) return code;
    for (size_t i = 0; i < detail.outputs.size(); ++i)
      copy(callee.outputs[i], detail.outputs[i], detail.output_bytes[i]);
    return code;
  };
  switch (detail.kind) {
    case StepKind::kernel:
      break;
    case StepKind::copy:
      copy(detail.inputs[0], detail.outputs[0], detail.output_bytes[0]);
      break;
    case StepKind::call:
      return pass(*detail.a);
    case StepKind::call_once: {
      const auto index = static_cast<size_t>(detail.callee);
      if (called_[index]) return kernels::kOk;
      called_[index] = true;
      return pass(*detail.a);
    }
    case StepKind::branch: {
      const bool taken = *static_cast<const uint8_t*>(detail.inputs[0]) != 0;
      return pass(taken ? *detail.a : *detail.b);
    }
    case StepKind::loop:
      return run_loop(detail);
  }
  return kernels::kOk;
}

int Session::run_loop(const Detail& detail) noexcept {
  for (size_t i = 0; i < detail.outputs.size(); ++i)
    copy(detail.inputs[i], detail.outputs[i], detail.output_bytes[i]);
  for (int64_t turn = 0; turn < kMaxLoopTurns; ++turn) {
    if (const int code = run_frame(*detail.a)) return code;
    if (*reinterpret_cast<const uint8_t*>(detail.a->outputs[0]) == 0) return kernels::kOk;
    if (const int code = run_frame(*detail.b)) return code;
    for (size_t i = 0; i < detail.outputs.size(); ++i)
      copy(detail.b->outputs[i], detail.outputs[i], detail.output_bytes[i]);
  }
  return static_cast<int>(RunStatus::endless_loop);
}

}  // namespace mote::runtime
