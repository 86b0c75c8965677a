#include "driver/bench.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "driver/runner.h"

namespace mote::driver {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMaxProfiledRuns = 1000;  // every time of each is kept

double us_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begin).count();
}

// The arena reuses the inputs' memory, so they are written before every run; that is not timed.
double timed_run(Runner& runner, std::span<const Array> inputs) {
  runner.set_inputs(inputs);
  const auto begin = Clock::now();
  const runtime::RunStatus status = runner.session().run();
  const double took = us_since(begin);
  require_ok(status);
  return took;
}

// The steps of an operator follow each other: where each operator's begin, and the end.
std::vector<int> operators_of(const runtime::Session& session) {
  std::vector<int> begins;
  for (int s = 0; s < session.steps(); ++s) {
    if (s == 0 || &session.step_label(s) != &session.step_label(s - 1)) begins.push_back(s);
  }
  begins.push_back(session.steps());
  return begins;
}

// Medians over runs: one run that was interrupted must not make a step look slow.
std::vector<StepProfile> profile(Runner& runner, std::span<const Array> inputs, int runs) {
  runtime::Session& session = runner.session();
  const std::vector<int> begins = operators_of(session);
  const size_t count = begins.size() - 1;
  std::vector<std::vector<int64_t>> samples;  // [run][operator], ns
  std::vector<int64_t> of_steps(static_cast<size_t>(session.steps()));
  for (int i = 0; i < std::min(runs, kMaxProfiledRuns); ++i) {
    runner.set_inputs(inputs);
    std::fill(of_steps.begin(), of_steps.end(), 0);
    require_ok(session.run_profiled(of_steps));
    samples.emplace_back();
    for (size_t o = 0; o < count; ++o) {
      samples.back().push_back(std::accumulate(of_steps.begin() + begins[o],
                                               of_steps.begin() + begins[o + 1], int64_t{0}));
    }
  }
  const auto total = [](const std::vector<int64_t>& run) {
    return std::accumulate(run.begin(), run.end(), int64_t{0});
  };
  std::sort(samples.begin(), samples.end(),
            [&](const auto& a, const auto& b) { return total(a) < total(b); });
  const std::vector<int64_t>& typical = samples[(samples.size() - 1) / 2];
  std::vector<StepProfile> steps;
  double start_us = 0;
  for (size_t s = 0; s < count; ++s) {
    std::vector<double> times_us;
    for (const auto& run : samples) times_us.push_back(static_cast<double>(run[s]) / 1000);
    std::sort(times_us.begin(), times_us.end());
    const StepLabel& label = session.step_label(begins[s]);
    const double run_us = static_cast<double>(typical[s]) / 1000;
    steps.push_back({label.op, label.layer, label.kernel, label.macs, percentile(times_us, 0.5),
                     start_us, run_us});
    start_us += run_us;
  }
  return steps;
}

std::vector<StepChoice> choices(const Program& program) {
  std::vector<StepChoice> list;
  for (const StepLabel& label : program.labels) {
    if (!label.kernel.empty()) list.push_back({label.op, label.layer, label.kernel, label.refused});
  }
  return list;
}

BenchReport bench_checked(const BenchOptions& options) {
  if (options.runs < 1) fail_user("--runs must be at least 1");
  Model model = load_model(options.model);
  if (!options.reference) optimize(model);
  return with_context(options.model, [&] {
    const auto begin = Clock::now();
    const std::vector<PortInfo> ports = inputs_of(model.graph);
    const std::vector<Shape> shapes = input_shapes(ports, options.shapes);
    RunningPlan plan(options);
    plan.options.lowering.explain = options.explain;
    Runner runner(model.graph, plan.options);
    runner.prepare(shapes);
    BenchReport report;
    report.load_ms = model.load_ms + us_since(begin) / 1000;

    std::vector<Array> inputs;
    for (size_t i = 0; i < ports.size(); ++i) {
      inputs.push_back(random_array(ports[i].type, shapes[i], options.seed + i));
    }
    report.first_run_us = timed_run(runner, inputs);
    for (int i = 0; i < options.warmup; ++i) timed_run(runner, inputs);
    std::vector<double> times;
    for (int i = 0; i < options.runs; ++i) times.push_back(timed_run(runner, inputs));
    std::sort(times.begin(), times.end());
    report.latency_us = {times.front(), percentile(times, 0.5), percentile(times, 0.9),
                         percentile(times, 0.99)};
    report.mean_us = std::accumulate(times.begin(), times.end(), 0.0) / options.runs;
    report.runs = options.runs;
    report.threads = options.threads;

    const Program& program = runner.program();
    report.arena_bytes = program.main().arena_bytes;
    report.arena_lower_bound_bytes = program.main().arena_lower_bound_bytes;
    report.state_bytes = program.state_bytes;
    report.weight_bytes = program.weight_bytes();
    const std::vector<int> begins = operators_of(runner.session());
    for (size_t o = 0; o + 1 < begins.size(); ++o)
      report.macs += runner.session().step_label(begins[o]).macs;
    if (options.explain) report.choices = choices(program);
    if (plan.tuner()) {
      report.tuned_measured = plan.tuner()->measured();
      report.tuned_remembered = plan.tuner()->remembered();
    }
    if (options.profile) report.steps = profile(runner, inputs, options.runs);
    return report;
  });
}

}  // namespace

double percentile(const std::vector<double>& sorted, double q) {
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(sorted.size())));
  return sorted[std::clamp<size_t>(rank, 1, sorted.size()) - 1];
}

Result<BenchReport> bench(const BenchOptions& options) {
  return capture([&] { return bench_checked(options); });
}

}  // namespace mote::driver
