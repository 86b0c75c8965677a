#include "cli/json.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace mote::cli {
namespace {

void add_difference(Json* json, const driver::Difference& d) {
  (*json)["max_abs_error"] = d.max_abs_error();
  (*json)["rmse"] = d.rmse();
  (*json)["sqnr_db"] = number(d.sqnr_db());
  (*json)["top1_agreement"] = number(d.top1_agreement());
  (*json)["elements"] = d.elements();
  (*json)["equal_elements"] = d.equal();
  (*json)["non_finite"] = d.non_finite();
}

std::string as_json(const driver::VerifyReport& report, bool layers) {
  Json json{{"outputs", Json::array()}};
  for (const driver::OutputDifference& output : report.outputs) {
    Json entry{{"name", output.name}};
    add_difference(&entry, output.difference);
    entry["pass"] = output.pass;
    if (!output.pass) entry["why"] = output.why;
    json["outputs"].push_back(std::move(entry));
  }
  if (layers) {
    json["layers"] = Json::array();
    for (const driver::LayerDifference& layer : report.layers) {
      Json entry{{"layer", layer.layer},
                 {"tensor", layer.tensor},
                 {"op", layer.op},
                 {"dtype", std::string(name_of(layer.type.dtype))}};
      add_difference(&entry, layer.difference);
      json["layers"].push_back(std::move(entry));
    }
    json["unmatched_layers"] = report.unmatched_layers;
  }
  json["samples"] = report.samples;
  json["data"] = report.random ? "random" : "file";
  json["notes"] = report.notes;
  json["pass"] = report.pass;
  return text_of(json);
}

std::vector<std::string> difference_cells(const driver::Difference& d) {
  const auto sqnr = d.sqnr_db();
  const auto top1 = d.top1_agreement();
  return {fmt::format("{:.6g}", d.max_abs_error()), fmt::format("{:.6g}", d.rmse()),
          sqnr ? fmt::format("{:.2f}", *sqnr) : (d.rmse() == 0 ? "exact" : "-"),
          top1 ? fmt::format("{:.2f}%", 100 * *top1) : "-"};
}

std::string as_text(const driver::VerifyReport& report, bool layers) {
  std::string text;
  if (layers) {
    Table table({"layer", "operator", "type", ">max error", ">RMSE", ">SQNR dB", ">top-1"});
    for (const driver::LayerDifference& layer : report.layers) {
      std::vector<std::string> row{layer.layer, layer.op, layer.type.str()};
      for (std::string& cell : difference_cells(layer.difference)) row.push_back(std::move(cell));
      table.row(std::move(row));
    }
    text = table.text();
    if (report.unmatched_layers) {
      text += fmt::format("({} layers of the candidate have no counterpart)\n",
                          report.unmatched_layers);
    }
    text += "\n";
  }
  Table table({"output", ">max error", ">RMSE", ">SQNR dB", ">top-1", "result"});
  for (const driver::OutputDifference& output : report.outputs) {
    std::vector<std::string> row{output.name};
    for (std::string& cell : difference_cells(output.difference)) row.push_back(std::move(cell));
    row.push_back(!output.pass ? output.why : report.limited ? "within limits" : "no limit given");
    table.row(std::move(row));
  }
  text += table.text();
  return text + fmt::format("{} on {} {}sample{}\n", report.pass ? "passed" : "FAILED",
                            report.samples, report.random ? "random " : "",
                            report.samples == 1 ? "" : "s");
}

}  // namespace

int verify(const driver::VerifyOptions& options, Format format) {
  driver::VerifyOptions shown = options;
  shown.progress = progress;
  const auto result = driver::verify(shown);
  if (!result) return report(result.error());
  const driver::VerifyReport& done = result.value();
  if (format == Format::json) {
    print(as_json(done, options.layers));
  } else {
    notes(done.notes);
    print(as_text(done, options.layers));
  }
  return finish(done.pass ? kSuccess : kFailure);
}

}  // namespace mote::cli
