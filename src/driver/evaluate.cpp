#include "driver/evaluate.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "driver/data.h"
#include "driver/runner.h"

namespace mote::driver {
namespace {

// Whole numbers that can be classes, or one-hot rows of them: accuracy. Anything else: mse.
Metric default_metric(const Predictions& p) {
  const double classes = static_cast<double>(std::max<int64_t>(p.classes, 2));
  const bool whole = std::all_of(p.truth.begin(), p.truth.end(), [&](double v) {
    return v == std::floor(v) && v >= 0 && v < classes;
  });
  return whole ? Metric::accuracy : Metric::mse;
}

// How many scores belong together: the last extent, unless that is the axis of the samples.
int64_t classes_of(const Shape& shape, const Samples& samples) {
  if (shape.rank() == 0 || (shape.rank() == 1 && samples.has_batch_axis())) return 1;
  return std::max<int64_t>(shape.back(), 1);
}

Predictions predict(const EvaluateOptions& options, const Model& model, const Samples& samples,
                    const PortInfo& output, size_t index) {
  Predictions predictions;
  const RunningPlan plan(options);
  Runner runner(model.graph, plan.options);
  for (int64_t run = 0; run < samples.runs(); ++run) {
    const std::vector<Array> outputs = runner.run(samples.inputs(run));
    std::vector<double> values = real_values(outputs[index], output.type.quant);
    const auto per_sample = values.size() / static_cast<size_t>(samples.batch());
    if (per_sample * static_cast<size_t>(samples.batch()) != values.size()) {
      fail_user("output '{}' of shape {} can't be split into {} samples", output.name,
                outputs[index].shape.str(), samples.batch());
    }
    values.resize(per_sample * static_cast<size_t>(samples.valid(run)));
    predictions.scores.insert(predictions.scores.end(), values.begin(), values.end());
    predictions.classes = classes_of(outputs[index].shape, samples);
    if (options.progress) options.progress("evaluate", run + 1, samples.runs());
  }
  return predictions;
}

std::vector<double> truth_of(const Array& truth, int64_t all_samples, int64_t used) {
  require_finite(truth, "the array of true values");
  std::vector<double> values = real_values(truth);
  const int64_t rows = truth.shape.rank() == 0 ? 1 : truth.shape[0];
  if (rows != all_samples) {
    fail_user("there are {} true values for {} samples", rows, all_samples);
  }
  values.resize(values.size() / static_cast<size_t>(rows) * static_cast<size_t>(used));
  return values;
}

EvaluateReport evaluate_checked(const EvaluateOptions& options) {
  Model model = load_model(options.model);
  if (!options.reference) optimize(model);
  const NamedArrays data = load_data(options.data);
  return with_context(options.model, [&] {
    std::vector<PortInfo> inputs = inputs_of(model.graph);
    const std::vector<PortInfo> outputs = outputs_of(model.graph);
    for (const auto& [name, shape] : options.shapes) {
      inputs[find_port(inputs, name, "input")].type.shape = shape;
    }
    const size_t output = find_port(outputs, options.output, "output");
    const Array* truth = find_truth(data, outputs, output);
    if (!truth) {
      fail_user("{} has no array 'y' with the true values, nor one named '{}'", options.data,
                outputs[output].name);
    }
    Samples samples = with_context(options.data, [&] { return Samples(inputs, data); });
    const int64_t all = samples.count();
    if (options.max_samples > 0) samples.limit(options.max_samples);
    const std::vector<double> true_values =
        with_context(options.data, [&] { return truth_of(*truth, all, samples.count()); });

    EvaluateReport report;
    report.notes = samples.notes();
    Predictions predictions = predict(options, model, samples, outputs[output], output);
    predictions.truth = true_values;
    report.metric = options.metric.value_or(default_metric(predictions));
    report.value = evaluate_metric(report.metric, predictions);
    report.samples = samples.count();
    report.output = outputs[output].name;
    if (outputs.size() > 1 || !options.metric) {
      report.notes.push_back(
          fmt::format("{} of output '{}'", name_of(report.metric), report.output));
    }
    return report;
  });
}

}  // namespace

Result<EvaluateReport> evaluate(const EvaluateOptions& options) {
  return capture([&] { return evaluate_checked(options); });
}

}  // namespace mote::driver
