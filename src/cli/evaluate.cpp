#include "cli/json.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace mote::cli {

int evaluate(const driver::EvaluateOptions& options, Format format) {
  driver::EvaluateOptions shown = options;
  shown.progress = progress;
  const auto result = driver::evaluate(shown);
  if (!result) return report(result.error());
  const driver::EvaluateReport& done = result.value();
  if (format == Format::json) {
    print(text_of({{"metric", std::string(name_of(done.metric))},
                   {"value", number(done.value)},
                   {"samples", done.samples},
                   {"output", done.output},
                   {"notes", done.notes}}));
  } else {
    notes(done.notes);
    print(fmt::format("{} {:.6g} on {} samples\n", name_of(done.metric), done.value, done.samples));
  }
  return finish(kSuccess);
}

}  // namespace mote::cli
