// One function a verb: does the work through the driver and prints its report. Each returns the
// exit code.
#pragma once

#include <string>
#include <vector>

#include "driver/bench.h"
#include "driver/convert.h"
#include "driver/evaluate.h"
#include "driver/run.h"
#include "driver/verify.h"

namespace mote::cli {

enum class Format { text, json, dot, graph, markdown };

// `dump_ir`: the graph on standard error after every pass that changed it.
int convert(const driver::ConvertOptions& options, bool dump_ir, Format format);
int run(const driver::RunOptions& options, Format format);
int verify(const driver::VerifyOptions& options, Format format);
int evaluate(const driver::EvaluateOptions& options, Format format);
// `trace`: where the Chrome trace goes; empty: none.
int bench(const driver::BenchOptions& options, const std::string& trace, Format format);
int inspect(const std::string& model, const std::vector<driver::NamedShape>& shapes, Format format);
int ops(Format format);

}  // namespace mote::cli
