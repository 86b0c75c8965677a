#include "base/file.h"
#include "base/result.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace mote::cli {
namespace {

std::string as_json(const driver::BenchReport& r) {
  Json json{{"latency_us",
             {{"min", r.latency_us.min},
              {"median", r.latency_us.median},
              {"p90", r.latency_us.p90},
              {"p99", r.latency_us.p99},
              {"mean", r.mean_us}}},
            {"runs", r.runs},
            {"threads", r.threads},
            {"arena_bytes", r.arena_bytes},
            {"arena_lower_bound_bytes", r.arena_lower_bound_bytes},
            {"arena_ratio", r.arena_ratio()},
            {"state_bytes", r.state_bytes},
            {"weight_bytes", r.weight_bytes},
            {"macs", r.macs},
            {"load_ms", r.load_ms},
            {"first_run_us", r.first_run_us}};
  if (!r.steps.empty()) {
    json["profile"] = Json::array();
    for (const driver::StepProfile& step : r.steps) {
      json["profile"].push_back({{"op", step.op},
                                 {"layer", step.layer},
                                 {"kernel", step.kernel},
                                 {"macs", step.macs},
                                 {"median_us", step.median_us}});
    }
  }
  if (!r.choices.empty()) {
    json["kernels"] = Json::array();
    for (const driver::StepChoice& choice : r.choices) {
      Json refused = Json::array();
      for (const RowRefusal& row : choice.refused)
        refused.push_back({{"kernel", row.row}, {"reason", row.reason}});
      json["kernels"].push_back({{"op", choice.op},
                                 {"layer", choice.layer},
                                 {"kernel", choice.kernel},
                                 {"refused", std::move(refused)}});
    }
  }
  if (r.tuned_measured + r.tuned_remembered > 0)
    json["tuned"] = {{"measured", r.tuned_measured}, {"remembered", r.tuned_remembered}};
  return text_of(json);
}

// The median profiled run, for chrome://tracing or Perfetto.
std::string as_trace(const driver::BenchReport& r) {
  Json events = Json::array();
  for (const driver::StepProfile& step : r.steps) {
    events.push_back({{"name", step.layer.empty() ? step.op : step.layer},
                      {"cat", step.op},
                      {"ph", "X"},
                      {"ts", step.start_us},
                      {"dur", step.run_us},
                      {"pid", 1},
                      {"tid", 1},
                      {"args", {{"kernel", step.kernel}, {"macs", step.macs}}}});
  }
  return text_of({{"traceEvents", std::move(events)}, {"displayTimeUnit", "ns"}});
}

std::string profile_text(const driver::BenchReport& r) {
  double total_us = 0;
  for (const driver::StepProfile& step : r.steps) total_us += step.median_us;
  Table table({">time", ">%", ">MACs", ">GMAC/s", "operator", "kernel", "layer"});
  for (const driver::StepProfile& step : r.steps) {
    const double share = total_us > 0 ? 100 * step.median_us / total_us : 0;
    const double rate =
        step.median_us > 0 ? static_cast<double>(step.macs) / step.median_us / 1000 : 0;
    table.row({time_text(step.median_us), fmt::format("{:.1f}", share),
               step.macs ? count_text(step.macs) : "", step.macs ? fmt::format("{:.2f}", rate) : "",
               step.op, step.kernel, step.layer});
  }
  return table.text();
}

std::string choices_text(const driver::BenchReport& r) {
  std::string text;
  for (const driver::StepChoice& choice : r.choices) {
    text += fmt::format("{}{}{}: {}\n", choice.op, choice.layer.empty() ? "" : " ", choice.layer,
                        choice.kernel);
    for (const RowRefusal& row : choice.refused)
      text += fmt::format("    not {}: {}\n", row.row, row.reason);
  }
  return text;
}

std::string as_text(const driver::BenchReport& r) {
  std::string text = fmt::format(
      "latency      min {}  median {}  p90 {}  p99 {}   ({} runs, {} thread{})\n",
      time_text(r.latency_us.min), time_text(r.latency_us.median), time_text(r.latency_us.p90),
      time_text(r.latency_us.p99), r.runs, r.threads, r.threads == 1 ? "" : "s");
  text += fmt::format("first run    {}\nload         {}\n", time_text(r.first_run_us),
                      time_text(r.load_ms * 1000));
  text += fmt::format("arena        {} bytes, {:.3f} of the lower bound {}\n", r.arena_bytes,
                      r.arena_ratio(), r.arena_lower_bound_bytes);
  if (r.state_bytes) text += fmt::format("state        {} bytes\n", r.state_bytes);
  text += fmt::format("weights      {} bytes\nwork         {} multiply-accumulates\n",
                      r.weight_bytes, r.macs);
  if (r.tuned_measured + r.tuned_remembered > 0)
    text += fmt::format("tuned        {} operators measured, {} known from the cache\n",
                        r.tuned_measured, r.tuned_remembered);
  if (!r.steps.empty()) text += "\n" + profile_text(r);
  if (!r.choices.empty()) text += "\n" + choices_text(r);
  return text;
}

}  // namespace

int bench(const driver::BenchOptions& options, const std::string& trace, Format format) {
  driver::BenchOptions profiled = options;
  profiled.profile = options.profile || !trace.empty();
  const auto result = driver::bench(profiled);
  if (!result) return report(result.error());
  driver::BenchReport done = result.value();
  if (!trace.empty()) {
    const std::string text = as_trace(done);
    const auto written = capture([&] { write_file(trace, std::as_bytes(std::span(text))); });
    if (!written) return report(written.error());
  }
  if (!options.profile) done.steps.clear();
  print(format == Format::json ? as_json(done) : as_text(done));
  return finish(kSuccess);
}

}  // namespace mote::cli
