#include "driver/run.h"

#include <chrono>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "driver/runner.h"
#include "formats/npy.h"

namespace mote::driver {
namespace {

// The data's shape as the input's: equal where that is known. A missing batch axis is added.
Shape fit_shape(const PortInfo& port, const Shape& given, std::vector<std::string>* notes) {
  const Shape& wanted = port.type.shape;
  Shape shape = given;
  if (given.rank() + 1 == wanted.rank() && (wanted[0] == 1 || wanted[0] == kDynamic)) {
    shape.insert(0, 1);
  }
  bool fits = shape.rank() == wanted.rank();
  for (int i = 0; fits && i < shape.rank(); ++i) {
    fits = wanted[i] == kDynamic || wanted[i] == shape[i];
  }
  if (!fits) {
    fail_user(
        "input '{}' has shape {}, the data has {}; if the model should run with another shape, say "
        "--input-shape",
        port.name, wanted.str(), given.str());
  }
  if (shape.rank() != given.rank()) {
    notes->push_back(fmt::format("input '{}': data of shape {} taken as {}", port.name, given.str(),
                                 shape.str()));
  }
  return shape;
}

RunPort read_input(const PortInfo& port, const std::string& file, std::vector<std::string>* notes) {
  Array array = formats::load_npy(file);
  return with_context(file, [&] {
    array.shape = fit_shape(port, array.shape, notes);
    Conversion how = Conversion::none;
    const DType given = array.dtype;
    array = to_input(array, port.type, &how);
    if (how != Conversion::none) {
      notes->push_back(fmt::format("input '{}': {} data {} to {}", port.name, mote::name_of(given),
                                   name_of(how), mote::name_of(port.type.dtype)));
    }
    return RunPort{port, std::move(array), false, file};
  });
}

// A file name made of the output's name, unlike those before.
std::string output_file(const std::string& dir, const std::string& name, size_t index,
                        std::set<std::string>* taken) {
  std::string stem;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-' || (c == '.' && !stem.empty());
    stem += plain ? c : '_';
  }
  if (stem.empty() || stem.size() > 100) stem = "output";
  if (!taken->insert(stem).second) {
    stem += fmt::format("_{}", index);
    taken->insert(stem);
  }
  return (std::filesystem::path(dir) / (stem + ".npy")).string();
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) fail_user("{}: can't make this folder: {}", path, error.message());
}

void prepare_inputs(const RunOptions& options, const Graph& graph, RunReport* report) {
  std::vector<PortInfo> inputs = inputs_of(graph);
  const std::vector<Shape> shapes = input_shapes(inputs, options.shapes);
  std::vector<std::string> files(inputs.size());
  for (const auto& [key, file] : options.inputs) {
    const size_t i = find_port(inputs, key, "input");
    if (!files[i].empty()) fail_user("input '{}' is given twice", inputs[i].name);
    files[i] = file;
  }
  for (const auto& [name, shape] : options.shapes) {
    inputs[find_port(inputs, name, "input")].type.shape = shape;
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (files[i].empty()) {
      Array array = random_array(inputs[i].type, shapes[i], options.seed + i);
      report->inputs.push_back({inputs[i], std::move(array), true, ""});
      report->notes.push_back(
          fmt::format("input '{}': random data (seed {})", inputs[i].name, options.seed + i));
    } else {
      report->inputs.push_back(read_input(inputs[i], files[i], &report->notes));
    }
  }
}

RunReport run_checked(const RunOptions& options) {
  Model model = load_model(options.model);
  if (!options.reference) optimize(model);
  RunReport report;
  return with_context(options.model, [&] {
    prepare_inputs(options, model.graph, &report);
    std::vector<Array> arrays;
    std::vector<Shape> shapes;
    for (const RunPort& input : report.inputs) {
      arrays.push_back(input.array);
      shapes.push_back(input.array.shape);
    }
    const RunningPlan plan(options);
    Runner runner(model.graph, plan.options);
    runner.prepare(shapes);
    const auto begin = std::chrono::steady_clock::now();
    std::vector<Array> results = runner.run(arrays);
    const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - begin;
    report.run_us = took.count();

    const std::vector<PortInfo> outputs = outputs_of(model.graph);
    std::set<std::string> taken;
    if (!options.output_dir.empty()) make_folder(options.output_dir);
    for (size_t i = 0; i < results.size(); ++i) {
      std::string file;
      if (!options.output_dir.empty()) {
        file = output_file(options.output_dir, outputs[i].name, i, &taken);
        formats::save_npy(file, results[i]);
      }
      report.outputs.push_back({outputs[i], std::move(results[i]), false, std::move(file)});
    }
    return std::move(report);
  });
}

}  // namespace

Result<RunReport> run(const RunOptions& options) {
  return capture([&] { return run_checked(options); });
}

}  // namespace mote::driver
