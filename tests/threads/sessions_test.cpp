// Sessions that run at the same time, each with helpers. The program is made by hand, so that what
// the thread sanitizer has to see is small.
#include <gtest/gtest.h>

#include <thread>

#include "runtime/session.h"

namespace mote::runtime {
namespace {

constexpr int64_t kCount = 40000;  // large enough for steps to be worth a second thread
constexpr int kSteps = 6;

int run_add_one(const kernels::Args& args, int64_t begin, int64_t end) {
  const auto* x = static_cast<const float*>(args.in[0]);
  auto* y = static_cast<float*>(args.out[0]);
  for (int64_t i = begin; i < end; ++i) y[i] = x[i] + 1;
  return kernels::kOk;
}

constexpr kernels::Kernel kAddOne = {.name = "add_one", .run = run_add_one};

// y = x + kSteps, by way of two buffers in turn.
std::shared_ptr<const Program> chain() {
  auto program = std::make_shared<Program>();
  program->threads = 2;
  program->labels.push_back({"add_one", "layer", "add_one", 0});
  Function main;
  constexpr size_t kBytes = kCount * sizeof(float);
  for (const size_t offset : {size_t{0}, kBytes}) {
    main.tensors.push_back({DType::f32, Shape{kCount}, Space::arena, offset, kBytes});
  }
  for (int s = 0; s < kSteps; ++s) {
    Step step;
    step.kernel = &kAddOne;
    step.units = kCount;
    step.inputs_begin = 2 * s;
    step.outputs_begin = 2 * s + 1;
    step.inputs_count = step.outputs_count = 1;
    main.operands.insert(main.operands.end(), {s % 2, (s + 1) % 2});
    main.steps.push_back(step);
  }
  main.inputs = main.outputs = {0};
  main.arena_bytes = 2 * kBytes;
  program->functions.push_back(std::move(main));
  return program;
}

TEST(Sessions, OfOneProgramRunAtOnce) {
  const auto program = chain();
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&program, caller] {
      Session session(program, 2);
      auto* x = reinterpret_cast<float*>(session.input(0).data);
      for (int round = 0; round < 50; ++round) {
        std::fill(x, x + kCount, static_cast<float>(caller));
        ASSERT_EQ(session.run(), RunStatus::ok);
        for (int64_t i = 0; i < kCount; ++i) ASSERT_EQ(x[i], static_cast<float>(caller + kSteps));
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
}

}  // namespace
}  // namespace mote::runtime
