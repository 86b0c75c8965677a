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

std::vector<StepProfile> profile(Runner& runner, std::span<const Array> inputs, int runs) {
  runtime::Session& session = runner.session();
  const auto count = static_cast<size_t>(session.steps());
  std::vector<int64_t> total(count);
  std::vector<int64_t> last(count);
  for (int i = 0; i < runs; ++i) {
    runner.set_inputs(inputs);
    std::fill(last.begin(), last.end(), 0);
    require_ok(session.run_profiled(last));
    for (size_t s = 0; s < count; ++s) total[s] += last[s];
  }
  std::vector<StepProfile> steps;
  double start_us = 0;
  for (size_t s = 0; s < count; ++s) {
    const StepLabel& label = session.step_label(static_cast<int>(s));
    const double last_us = static_cast<double>(last[s]) / 1000;
    steps.push_back({label.op, label.layer, label.kernel, label.macs,
                     static_cast<double>(total[s]) / 1000 / runs, start_us, last_us});
    start_us += last_us;
  }
  return steps;
}

BenchReport bench_checked(const BenchOptions& options) {
  if (options.runs < 1) fail_user("--runs must be at least 1");
  Model model = load_model(options.model);
  if (!options.reference) optimize(model);
  return with_context(options.model, [&] {
    const auto begin = Clock::now();
    const std::vector<PortInfo> ports = inputs_of(model.graph);
    const std::vector<Shape> shapes = input_shapes(ports, options.shapes);
    Runner runner(model.graph, {.threads = options.threads, .reference = options.reference});
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
    for (int i = 0; i < runner.session().steps(); ++i) {
      report.macs += runner.session().step_label(i).macs;
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
