#include "driver/verify.h"

#include <algorithm>

#include "base/error.h"
#include "driver/data.h"
#include "driver/layers.h"
#include "driver/runner.h"

namespace mote::driver {
namespace {

// Which port of `others` stands for each of `ports`: by name where all names fit, else by position.
std::vector<size_t> pair_ports(std::span<const PortInfo> ports, std::span<const PortInfo> others,
                               const char* what) {
  if (ports.size() != others.size()) {
    fail_user("the reference has {} {}, the candidate {}", ports.size(), what, others.size());
  }
  std::vector<size_t> by_name;
  std::vector<size_t> by_position;
  for (size_t i = 0; i < ports.size(); ++i) {
    by_position.push_back(i);
    for (size_t k = 0; k < others.size(); ++k) {
      if (ports[i].name == others[k].name &&
          std::find(by_name.begin(), by_name.end(), k) == by_name.end()) {
        by_name.push_back(k);
        break;
      }
    }
  }
  return by_name.size() == ports.size() ? by_name : by_position;
}

class Side {
 public:
  Side(const std::string& path, const VerifyOptions& options)
      : model(load_model(path)),
        inputs(inputs_of(model.graph)),
        outputs(outputs_of(model.graph)),
        runner(model.graph, {.threads = options.threads, .observe = options.layers}) {}

  Model model;
  std::vector<PortInfo> inputs;
  std::vector<PortInfo> outputs;
  Runner runner;

  std::vector<Array> run(std::span<const Array> arrays) {
    return with_context(model.path, [&] { return runner.run(arrays); });
  }
};

// Says whether each output keeps to the limits, and which one it breaks.
void judge(const VerifyOptions& options, VerifyReport* report) {
  report->limited = options.tolerance || options.min_sqnr_db || options.min_top1;
  for (OutputDifference& output : report->outputs) {
    const Difference& d = output.difference;
    if (d.non_finite() > 0) {
      output.why = fmt::format("{} elements are NaN or infinite on one side", d.non_finite());
    } else if (options.tolerance && d.max_abs_error() > *options.tolerance) {
      output.why = fmt::format("maximum absolute error {:.6g} is over the tolerance {:.6g}",
                               d.max_abs_error(), *options.tolerance);
    } else if (options.min_sqnr_db &&
               d.sqnr_db().value_or(*options.min_sqnr_db) < *options.min_sqnr_db) {
      output.why =
          fmt::format("SQNR {:.2f} dB is under {:.2f} dB", *d.sqnr_db(), *options.min_sqnr_db);
    } else if (options.min_top1 && d.top1_agreement().value_or(1) < *options.min_top1) {
      output.why = fmt::format("top-1 agreement {:.4f} is under {:.4f}", *d.top1_agreement(),
                               *options.min_top1);
    }
    output.pass = output.why.empty();
    report->pass = report->pass && output.pass;
  }
}

// The reference's ports with the shapes that the user or the candidate fix.
std::vector<PortInfo> fixed_inputs(const Side& reference, const Side& candidate,
                                   const std::vector<size_t>& pairs,
                                   const std::vector<NamedShape>& shapes) {
  std::vector<PortInfo> inputs = reference.inputs;
  for (const auto& [name, shape] : shapes) {
    inputs[find_port(reference.inputs, name, "input")].type.shape = shape;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    Shape& shape = inputs[i].type.shape;
    const Shape& other = candidate.inputs[pairs[i]].type.shape;
    if (shape.rank() != other.rank()) {
      fail_user("input '{}' has shape {} in the reference and {} in the candidate", inputs[i].name,
                shape.str(), other.str());
    }
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] < 0) shape[axis] = other[axis];
      if (other[axis] >= 0 && shape[axis] != other[axis] && shapes.empty()) {
        fail_user("input '{}' has shape {} in the reference and {} in the candidate",
                  inputs[i].name, shape.str(), other.str());
      }
    }
  }
  return inputs;
}

// The same real values as the candidate's type.
Array for_candidate(const Array& array, const TensorType& from, const TensorType& to) {
  if (from.dtype == to.dtype && from.quant == to.quant) return array;
  return from_real(real_values(array, from.quant), to, array.shape);
}

VerifyReport verify_checked(const VerifyOptions& options) {
  Side reference(options.reference, options);
  Side candidate(options.candidate, options);
  const auto input_pairs = pair_ports(reference.inputs, candidate.inputs, "inputs");
  const auto output_pairs = pair_ports(reference.outputs, candidate.outputs, "outputs");
  const std::vector<PortInfo> inputs =
      fixed_inputs(reference, candidate, input_pairs, options.shapes);

  VerifyReport report;
  report.random = options.data.empty();
  std::vector<PortInfo> candidate_inputs;
  for (const size_t k : input_pairs) candidate_inputs.push_back(candidate.inputs[k]);
  Samples samples =
      report.random
          ? Samples::random(inputs, candidate_inputs, options.random_samples, options.seed)
          : with_context(options.data, [&] { return Samples(inputs, load_data(options.data)); });
  if (options.max_samples > 0) samples.limit(options.max_samples);
  report.samples = samples.count();
  report.notes = samples.notes();
  if (report.random) {
    report.notes.push_back(
        fmt::format("random input (seed {}); give --data for what the model is "
                    "for",
                    options.seed));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorType& to = candidate_inputs[i].type;
    if (to.quant.empty() || to.quant == inputs[i].type.quant) continue;
    report.notes.push_back(fmt::format("input '{}': quantized to {} for the candidate",
                                       inputs[i].name, name_of(to.dtype)));
  }
  for (const PortInfo& output : reference.outputs) {
    report.outputs.push_back({output.name, {}, true, ""});
  }

  std::optional<LayerComparison> layers;
  for (int64_t run = 0; run < samples.runs(); ++run) {
    const std::vector<Array> arrays = samples.inputs(run);
    std::vector<Array> other(arrays.size());
    for (size_t i = 0; i < arrays.size(); ++i) {
      other[input_pairs[i]] = for_candidate(arrays[i], inputs[i].type, candidate_inputs[i].type);
    }
    const std::vector<Array> wanted = reference.run(arrays);
    const std::vector<Array> got = candidate.run(other);
    for (size_t i = 0; i < wanted.size(); ++i) {
      const size_t k = output_pairs[i];
      if (wanted[i].shape.elements() != got[k].shape.elements()) {
        fail_user("output '{}' has shape {} in the reference and {} in the candidate",
                  reference.outputs[i].name, wanted[i].shape.str(), got[k].shape.str());
      }
      report.outputs[i].difference.add(
          valid_values(wanted[i], reference.outputs[i].type.quant, samples, run),
          valid_values(got[k], candidate.outputs[k].type.quant, samples, run),
          row_length(wanted[i]));
    }
    if (options.layers) {
      if (!layers) layers.emplace(reference.model, options.threads);
      layers->add(reference.runner, candidate.runner, samples, run, &report);
    }
    if (options.progress) options.progress("verify", run + 1, samples.runs());
  }
  judge(options, &report);
  return report;
}

}  // namespace

Result<VerifyReport> verify(const VerifyOptions& options) {
  return capture([&] { return verify_checked(options); });
}

}  // namespace mote::driver
