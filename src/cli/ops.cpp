#include "cli/json.h"
#include "cli/output.h"
#include "cli/verbs.h"
#include "driver/operators.h"

namespace mote::cli {
namespace {

std::string as_json(const std::vector<driver::OperatorReport>& reports) {
  Json list = Json::array();
  for (const driver::OperatorReport& r : reports) {
    list.push_back({{"name", r.name},
                    {"tflite_code", r.tflite_code < 0 ? Json(nullptr) : Json(r.tflite_code)},
                    {"runs", r.runs},
                    {"quantization", r.quantization},
                    {"int8", r.int8},
                    {"int16", r.int16},
                    {"dynamic", r.dynamic},
                    {"int4", r.int4},
                    {"traits", r.traits},
                    {"why_not_quantized", r.why_not}});
  }
  return text_of({{"operators", std::move(list)}});
}

std::string as_text(const std::vector<driver::OperatorReport>& reports) {
  Table table({"operator", ">code", "int8", "int16", "dynamic", "int4", "quantization", "kind"});
  const auto mark = [](bool has) { return std::string(has ? "yes" : ""); };
  for (const driver::OperatorReport& r : reports) {
    table.row({r.name, r.tflite_code < 0 ? "" : fmt::format("{}", r.tflite_code), mark(r.int8),
               mark(r.int16), mark(r.dynamic), mark(r.int4), r.quantization, r.traits});
  }
  return table.text() + fmt::format("\n{} operators\n", reports.size());
}

}  // namespace

int ops(Format format) {
  if (format == Format::markdown) {
    print(driver::operators_markdown());
  } else {
    const std::vector<driver::OperatorReport> reports = driver::operators();
    print(format == Format::json ? as_json(reports) : as_text(reports));
  }
  return finish(kSuccess);
}

}  // namespace mote::cli
