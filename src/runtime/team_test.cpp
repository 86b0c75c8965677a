// The team alone and with others, also under the thread sanitizer (preset tsan).
#include "runtime/team.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <numeric>

namespace mote::runtime {
namespace {

constexpr int kMostSeats = 8;

// in[0]: counts of how often a unit was run; scratch: one int a seat, which counts its units.
int run_count(const kernels::Args& args, int64_t begin, int64_t end) {
  auto* counts = static_cast<int*>(args.out[0]);
  for (int64_t i = begin; i < end; ++i) ++counts[i];
  *static_cast<int*>(args.scratch) += static_cast<int>(end - begin);
  return kernels::kOk;
}

// Refuses unit 0.
int run_refuse(const kernels::Args&, int64_t begin, int64_t) {
  return begin == 0 ? kernels::kIndexOutOfRange : kernels::kOk;
}

int threads_of_process() {
  int threads = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    threads += entry.is_directory();
  }
  return threads;
}

struct Counting {
  explicit Counting(int64_t units) : counts(static_cast<size_t>(units)) {}
  kernels::Args args() { return {nullptr, nullptr, outputs, &scratch}; }

  std::vector<int> counts;
  void* outputs[1] = {counts.data()};
  int scratch[kMostSeats] = {};
};

void run_steps(Team& team, int steps) {
  for (int step = 1; step <= steps; ++step) {
    const int64_t units = 1 + step % 37;
    Counting counting(units);
    const int code = team.run(run_count, counting.args(), units,
                              {1 + step % team.threads(), 1 + step / 7 % 3}, sizeof(int));
    ASSERT_EQ(code, kernels::kOk);
    ASSERT_EQ(counting.counts, std::vector<int>(static_cast<size_t>(units), 1));
    ASSERT_EQ(std::accumulate(counting.scratch, counting.scratch + kMostSeats, 0), units);
  }
}

TEST(Team, EveryUnitRunsOnce) {
  Budget budget(4);
  Team team(4, budget);
  ASSERT_EQ(team.threads(), 4);
  for (int run = 0; run < 50; ++run) {
    team.begin(run % 3 == 0);
    run_steps(team, 100);
    team.end();
    // Sometimes long enough for the helpers to fall asleep.
    if (run % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

TEST(Team, ReturnsACodeFromAnyThread) {
  Budget budget(3);
  Team team(3, budget);
  team.begin(false);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_EQ(team.run(run_refuse, {}, 9, {3, 1 + i % 3}, 0), kernels::kIndexOutOfRange);
    Counting counting(9);
    ASSERT_EQ(team.run(run_count, counting.args(), 9, {3, 1}, sizeof(int)), kernels::kOk);
  }
  team.end();
}

TEST(Team, OfOneMakesNoThread) {
  const int before = threads_of_process();
  Budget budget(4);
  Team team(1, budget);
  team.begin(false);
  run_steps(team, 10);
  team.end();
  EXPECT_EQ(threads_of_process(), before);
}

TEST(Team, TakesNoMoreThanTheBudgetHas) {
  Budget budget(2);
  Team team(7, budget);
  EXPECT_EQ(team.threads(), 2);

  Budget wide(4);
  EXPECT_EQ(wide.enter(2), 2);  // 3 busy
  EXPECT_EQ(wide.enter(2), 0);  // 4: the run itself always goes on
  EXPECT_FALSE(wide.is_exceeded());
  EXPECT_EQ(wide.enter(3), 0);  // 5
  EXPECT_TRUE(wide.is_exceeded());
  wide.leave(0);
  wide.leave(0);
  EXPECT_EQ(wide.enter(3), 0);  // 4 again
  wide.leave(0);
  wide.leave(2);
  EXPECT_EQ(wide.enter(5), 3);
}

TEST(Team, SeveralShareTheProcessors) {
  Budget budget(3);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 3; ++caller) {
    callers.emplace_back([&budget] {
      Team team(3, budget);
      for (int run = 0; run < 100; ++run) {
        team.begin(false);
        run_steps(team, 50);
        team.end();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(budget.enter(9), 2);  // all were given back
}

TEST(Team, CanBeLeftWhileItsHelpersSpin) {
  Budget budget(4);
  for (int i = 0; i < 200; ++i) {
    Team team(4, budget);
    team.begin(false);
    if (i % 2) run_steps(team, 3);
    team.end();
  }
}

}  // namespace
}  // namespace mote::runtime
