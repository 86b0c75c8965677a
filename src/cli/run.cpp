#include <algorithm>
#include <cmath>

#include "cli/json.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "driver/tensor.h"

namespace mote::cli {
namespace {

Json port_json(const driver::RunPort& port) {
  return tensor_json(port.port.name, port.port.type, port.array.shape);
}

std::string as_json(const driver::RunReport& report) {
  Json json{{"inputs", Json::array()}, {"outputs", Json::array()}, {"notes", report.notes}};
  for (const driver::RunPort& input : report.inputs) {
    Json entry = port_json(input);
    entry["source"] = input.random ? "random" : "file";
    entry["file"] = input.random ? Json(nullptr) : Json(input.file);
    json["inputs"].push_back(std::move(entry));
  }
  for (const driver::RunPort& output : report.outputs) {
    Json entry = port_json(output);
    entry["file"] = output.file.empty() ? Json(nullptr) : Json(output.file);
    json["outputs"].push_back(std::move(entry));
  }
  return text_of(json);
}

// The first values, and the range of all.
std::string summary(const driver::RunPort& port) {
  if (port.array.dtype >= DType::string) return "";
  const std::vector<double> values = driver::real_values(port.array, port.port.type.quant);
  if (values.empty()) return "empty";
  std::string text;
  for (size_t i = 0; i < values.size() && i < 5; ++i) {
    text += fmt::format("{}{:.5g}", i ? " " : "", values[i]);
  }
  if (values.size() > 5) {
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    text += fmt::format(" ... (min {:.5g}, max {:.5g} at {})", *low, *high, high - values.begin());
  }
  return text;
}

std::string type_text(const driver::RunPort& port) {
  TensorType type = port.port.type;
  type.shape = port.array.shape;
  return type.str();
}

}  // namespace

int run(const driver::RunOptions& options, Format format) {
  const auto result = driver::run(options);
  if (!result) return report(result.error());
  const driver::RunReport& done = result.value();
  if (format == Format::json) {
    print(as_json(done));
    return finish(kSuccess);
  }
  notes(done.notes);
  Table table({"", "name", "type", "values", "file"});
  for (const driver::RunPort& input : done.inputs) {
    table.row({"input", input.port.name, type_text(input), summary(input),
               input.random ? "random" : input.file});
  }
  for (const driver::RunPort& output : done.outputs) {
    table.row({"output", output.port.name, type_text(output), summary(output),
               output.file.empty() ? "-" : output.file});
  }
  print(table.text());
  if (options.output_dir.empty()) print("(--output-dir DIR writes the outputs as .npy)\n");
  return finish(kSuccess);
}

}  // namespace mote::cli
