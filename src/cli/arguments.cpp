#include "cli/arguments.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>

#include "base/result.h"
#include "cli/output.h"
#include "cli/verbs.h"

namespace mote::cli {
namespace {

constexpr const char* kVersion = "mote " MOTE_VERSION;

// What a verb's flags fill. `go` runs the verb; it may throw a user Error for a malformed argument,
// which is a usage error.
struct Verb {
  CLI::App* app;
  std::function<int()> go;
};

Format format_of(bool json) { return json ? Format::json : Format::text; }

// "NAME=FILE" or "FILE" (input 0).
std::pair<std::string, std::string> parse_input(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return {"0", text};
  // Names may hold "=" and files rarely do: split at the last one.
  const size_t last = text.rfind('=');
  if (last + 1 == text.size() || last == 0) fail_user("'{}' is not NAME=FILE.npy", text);
  return {text.substr(0, last), text.substr(last + 1)};
}

std::vector<driver::NamedShape> parse_shapes(const std::vector<std::string>& texts) {
  std::vector<driver::NamedShape> shapes;
  for (const std::string& text : texts) shapes.push_back(driver::parse_named_shape(text));
  return shapes;
}

// Flags that several verbs have.
struct Shared {
  std::vector<std::string> shapes;
  bool json = false;
  driver::Running running;
};

void add_json(CLI::App* app, Shared* shared) {
  app->add_flag("--json", shared->json, "Print a report for programs instead of text");
}

void add_shapes(CLI::App* app, Shared* shared) {
  app->add_option(
         "--input-shape", shared->shapes,
         "Shape of an input, NAME=1,49,10,1 (may repeat); without it unknown extents are 1")
      ->allow_extra_args(false)
      ->option_text("NAME=...");
}

void add_running(CLI::App* app, Shared* shared) {
  driver::Running& running = shared->running;
  app->add_option("--threads", running.threads, "Threads that run the model (default 1)")
      ->check(CLI::Range(1, 256))
      ->option_text("N");
  app->add_flag("--reference", running.reference,
                "Only reference kernels, and the graph as it is in the file");
  app->add_flag("!--no-winograd", running.winograd,
                "Only kernels that add up products directly, in whatever order");
  app->add_flag("--min-memory", running.min_memory,
                "The least memory, even where that takes longer: layers run band after band");
  app->add_flag("--tune", running.tune,
                "Measure each layer's kernels on this machine and take the fastest");
  app->add_option("--tune-cache", running.tune_cache,
                  "Where --tune remembers what it measured (default ~/.cache/mote/tune.json)")
      ->option_text("FILE");
}

// What convert's flags hold before they become driver::ConvertOptions.
struct ConvertTexts {
  std::string precision = "none";
  std::string method = "minmax";
  std::string input_type = "float32";
  std::string output_type = "float32";
};

// CLI11 has checked the names.
driver::ConvertOptions with_texts(driver::ConvertOptions options, const ConvertTexts& texts) {
  const bool known = compress::parse_precision(texts.precision, &options.quantize.precision) &&
                     compress::parse_calibration_method(texts.method, &options.quantize.method) &&
                     parse_dtype(texts.input_type, &options.quantize.input_type) &&
                     parse_dtype(texts.output_type, &options.quantize.output_type);
  if (!known) fail_internal("a name that the checks let pass is unknown");
  return options;
}

void add_quantization(CLI::App* verb, driver::ConvertOptions* options, ConvertTexts* texts) {
  compress::QuantizeOptions& quantize = options->quantize;
  const CLI::IsMember types({"float32", "int8", "uint8", "int16"});
  verb->add_option("--quantize", texts->precision,
                   "none, dynamic, float16, int8, int16x8 or int4 (default none)")
      ->check(CLI::IsMember({"none", "dynamic", "float16", "int8", "int16x8", "int4"}))
      ->option_text("PRECISION");
  verb->add_option("--calibrate", options->calibrate,
                   "Samples (.npz or .npy) that int8 and int16x8 take activations' ranges from")
      ->option_text("FILE");
  verb->add_option("--calibrate-method", texts->method,
                   "minmax, moving_average, percentile, entropy or mse (default minmax)")
      ->check(CLI::IsMember({"minmax", "moving_average", "percentile", "entropy", "mse"}))
      ->option_text("METHOD");
  verb->add_option("--percentile", quantize.percentile,
                   "How many percent of an activation's values the method percentile covers "
                   "(default 99.99)")
      ->check(CLI::Range(50.0, 100.0))
      ->option_text("X");
  verb->add_option("--calibrate-samples", options->calibrate_samples,
                   "Use only the first N samples (default all)")
      ->check(CLI::PositiveNumber)
      ->option_text("N");
  verb->add_option("--input-type", texts->input_type,
                   "Of the model's float inputs: float32, int8, uint8 or int16 (default float32)")
      ->check(types)
      ->option_text("TYPE");
  verb->add_option("--output-type", texts->output_type, "Of its float outputs, likewise")
      ->check(types)
      ->option_text("TYPE");
  verb->add_option("--min-weights", quantize.min_weight_elements,
                   "dynamic and int4: tensors with fewer weights stay float (default 1024)")
      ->check(CLI::NonNegativeNumber)
      ->option_text("N");
  verb->add_flag("--bias-correction", quantize.bias_correction,
                 "Move the mean error that quantized weights cause into the biases");
  verb->add_flag("--equalize", quantize.cross_layer_equalization,
                 "Even out the ranges of channels across layers before quantizing");
}

Verb add_convert(CLI::App& app) {
  auto* verb = app.add_subcommand("convert", "Write a model as .tflite, smaller");
  auto options = std::make_shared<driver::ConvertOptions>();
  auto texts = std::make_shared<ConvertTexts>();
  auto shared = std::make_shared<Shared>();
  verb->add_option("MODEL", options->model, "A .keras, .h5 or .tflite file")
      ->required()
      ->type_name("FILE");
  verb->add_option("-o,--output", options->output, "The .tflite file to write")
      ->required()
      ->type_name("FILE");
  add_quantization(verb, options.get(), texts.get());
  auto dump_ir = std::make_shared<bool>(false);
  verb->add_flag("--dump-ir", *dump_ir,
                 "Print the graph on standard error after every pass that changed it");
  add_shapes(verb, shared.get());
  add_json(verb, shared.get());
  verb->footer(
      "Examples:\n"
      "  mote convert model.keras -o model.tflite\n"
      "  mote convert model.keras -o model_int8.tflite --quantize int8 --calibrate train.npz "
      "--input-type int8 --output-type int8");
  return {verb, [options, texts, shared, dump_ir] {
            driver::ConvertOptions complete = with_texts(*options, *texts);
            complete.shapes = parse_shapes(shared->shapes);
            return convert(complete, *dump_ir, format_of(shared->json));
          }};
}

Verb add_run(CLI::App& app) {
  auto* verb = app.add_subcommand("run", "Run a model once");
  auto options = std::make_shared<driver::RunOptions>();
  auto shared = std::make_shared<Shared>();
  auto inputs = std::make_shared<std::vector<std::string>>();
  verb->add_option("MODEL", options->model, "A .keras, .h5 or .tflite file")
      ->required()
      ->type_name("FILE");
  verb->add_option(
          "-i,--input", *inputs,
          "Data of an input, NAME=X.npy or 0=X.npy (may repeat); random where none is given")
      ->allow_extra_args(false)
      ->option_text("NAME=...");
  verb->add_option("--output-dir", options->output_dir,
                   "Write each output as a .npy file into this folder")
      ->option_text("DIR");
  verb->add_option("--seed", options->seed, "Of random inputs (default 0)")->option_text("N");
  add_shapes(verb, shared.get());
  add_running(verb, shared.get());
  add_json(verb, shared.get());
  verb->footer("Example:\n  mote run model.tflite --input image=cat.npy --output-dir out");
  return {verb, [options, shared, inputs] {
            for (const std::string& text : *inputs) options->inputs.push_back(parse_input(text));
            options->shapes = parse_shapes(shared->shapes);
            static_cast<driver::Running&>(*options) = shared->running;
            return run(*options, format_of(shared->json));
          }};
}

Verb add_verify(CLI::App& app) {
  auto* verb = app.add_subcommand("verify", "Compare a model with its reference, on data");
  auto options = std::make_shared<driver::VerifyOptions>();
  auto shared = std::make_shared<Shared>();
  verb->add_option("REFERENCE", options->reference, "The model that is right")
      ->required()
      ->type_name("FILE");
  verb->add_option("CANDIDATE", options->candidate, "The model to check")
      ->required()
      ->type_name("FILE");
  verb->add_option("--data", options->data,
                   "Samples (.npz or .npy) for the reference's inputs; random without it")
      ->option_text("FILE");
  verb->add_option("--samples", options->max_samples, "Use only the first N samples of the data")
      ->check(CLI::PositiveNumber)
      ->option_text("N");
  verb->add_option("--random-samples", options->random_samples,
                   "How many random samples without --data (default 16)")
      ->check(CLI::PositiveNumber)
      ->option_text("N");
  verb->add_option("--seed", options->seed, "Of random samples (default 0)")->option_text("N");
  verb->add_flag("--layers", options->layers, "Also compare each layer, matched by name");
  verb->add_option("--tolerance", options->tolerance,
                   "Fail if an output's absolute error is larger")
      ->check(CLI::NonNegativeNumber)
      ->option_text("X");
  verb->add_option("--min-sqnr", options->min_sqnr_db,
                   "Fail if an output's signal-to-noise ratio in dB is smaller")
      ->option_text("X");
  verb->add_option("--min-top1", options->min_top1,
                   "Fail if the fraction of equal top-1 classes is smaller")
      ->check(CLI::Range(0.0, 1.0))
      ->option_text("X");
  add_shapes(verb, shared.get());
  verb->add_option("--threads", shared->running.threads, "Threads that run the models (default 1)")
      ->check(CLI::Range(1, 256))
      ->option_text("N");
  add_json(verb, shared.get());
  verb->footer(
      "Example:\n  mote verify model.keras model_int8.tflite --data test.npz --layers "
      "--tolerance 0.05");
  return {verb, [options, shared] {
            options->shapes = parse_shapes(shared->shapes);
            options->threads = shared->running.threads;
            return verify(*options, format_of(shared->json));
          }};
}

Verb add_evaluate(CLI::App& app) {
  auto* verb = app.add_subcommand("evaluate", "Measure how good a model is on labelled data");
  auto options = std::make_shared<driver::EvaluateOptions>();
  auto shared = std::make_shared<Shared>();
  auto metric = std::make_shared<std::string>();
  verb->add_option("MODEL", options->model, "A .keras, .h5 or .tflite file")
      ->required()
      ->type_name("FILE");
  verb->add_option("--data", options->data,
                   "An .npz with arrays x (or the inputs' names) and y, the true values")
      ->required()
      ->option_text("FILE");
  verb->add_option("--metric", *metric,
                   "accuracy, auc, mae, mse or f1 (default: accuracy for classes, mse for targets)")
      ->check(CLI::IsMember({"accuracy", "auc", "mae", "mse", "f1"}))
      ->option_text("METRIC");
  verb->add_option("--output", options->output, "The output to judge, by name or position")
      ->option_text("NAME");
  verb->add_option("--samples", options->max_samples, "Use only the first N samples")
      ->check(CLI::PositiveNumber)
      ->option_text("N");
  add_shapes(verb, shared.get());
  add_running(verb, shared.get());
  add_json(verb, shared.get());
  verb->footer("Example:\n  mote evaluate model.tflite --data test.npz --metric accuracy");
  return {verb, [options, shared, metric] {
            if (!metric->empty()) options->metric = driver::parse_metric(*metric);
            options->shapes = parse_shapes(shared->shapes);
            static_cast<driver::Running&>(*options) = shared->running;
            return evaluate(*options, format_of(shared->json));
          }};
}

Verb add_bench(CLI::App& app) {
  auto* verb = app.add_subcommand("bench", "Measure latency and memory");
  auto options = std::make_shared<driver::BenchOptions>();
  auto shared = std::make_shared<Shared>();
  auto trace = std::make_shared<std::string>();
  verb->add_option("MODEL", options->model, "A .keras, .h5 or .tflite file")
      ->required()
      ->type_name("FILE");
  verb->add_option("--runs", options->runs, "Timed runs (default 50)")
      ->check(CLI::Range(1, 1000000))
      ->option_text("N");
  verb->add_option("--warmup", options->warmup, "Runs before those (default 5)")
      ->check(CLI::Range(0, 1000000))
      ->option_text("N");
  verb->add_option("--seed", options->seed, "Of the random input (default 0)")->option_text("N");
  verb->add_flag("--profile", options->profile, "Also the time of each operator");
  verb->add_flag("--explain", options->explain,
                 "Also which kernel each operator got, and why not the others");
  verb->add_option("--trace", *trace, "Write one run as a Chrome trace (.json)")
      ->option_text("FILE");
  add_shapes(verb, shared.get());
  add_running(verb, shared.get());
  add_json(verb, shared.get());
  verb->footer("Example:\n  mote bench model.tflite --threads 2 --profile --explain");
  return {verb, [options, shared, trace] {
            options->shapes = parse_shapes(shared->shapes);
            static_cast<driver::Running&>(*options) = shared->running;
            return bench(*options, *trace, format_of(shared->json));
          }};
}

Verb add_inspect(CLI::App& app) {
  auto* verb = app.add_subcommand("inspect", "Show what a model holds");
  auto model = std::make_shared<std::string>();
  auto shared = std::make_shared<Shared>();
  auto dot = std::make_shared<bool>(false);
  auto graph = std::make_shared<bool>(false);
  verb->add_option("MODEL", *model, "A .keras, .h5 or .tflite file")->required()->type_name("FILE");
  add_shapes(verb, shared.get());
  add_json(verb, shared.get());
  auto* json_flag = verb->get_option("--json");
  auto* dot_flag =
      verb->add_flag("--dot", *dot, "The main graph for Graphviz")->excludes(json_flag);
  verb->add_flag("--graph", *graph, "The whole graph as text, as Mote's tests read it")
      ->excludes(json_flag)
      ->excludes(dot_flag);
  verb->footer(
      "Example:\n  mote inspect model.tflite\n  mote inspect model.keras --dot | dot -Tsvg");
  return {
      verb, [model, shared, dot, graph] {
        const Format format = *dot ? Format::dot : *graph ? Format::graph : format_of(shared->json);
        return inspect(*model, parse_shapes(shared->shapes), format);
      }};
}

Verb add_ops(CLI::App& app) {
  auto* verb = app.add_subcommand("ops", "List the operators that Mote has");
  auto shared = std::make_shared<Shared>();
  auto markdown = std::make_shared<bool>(false);
  add_json(verb, shared.get());
  verb->add_flag("--markdown", *markdown, "As docs/operators.md")
      ->excludes(verb->get_option("--json"));
  verb->footer("Example:\n  mote ops --json");
  return {verb, [shared, markdown] {
            return ops(*markdown ? Format::markdown : format_of(shared->json));
          }};
}

constexpr std::pair<std::string_view, Verb (*)(CLI::App&)> kVerbs[] = {
    {"convert", add_convert}, {"run", add_run},
    {"verify", add_verify},   {"evaluate", add_evaluate},
    {"bench", add_bench},     {"inspect", add_inspect},
    {"ops", add_ops}};

int usage(const std::string& message, const std::string& verb) {
  report({Blame::user,
          fmt::format("{}; see 'mote {}--help'", message, verb.empty() ? "" : verb + " ")});
  return kUsage;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app{
      "Mote makes a trained model small and fast, proves that it still behaves, and runs it."};
  app.name("mote");
  app.set_version_flag("--version", kVersion);
  app.get_formatter()->column_width(28);
  app.require_subcommand(1);
  app.footer("Example:\n  mote convert model.keras -o model.tflite --quantize dynamic");
  // Only the verb that is called gets its flags, since making them takes longer than a small model
  // does; help has all of them.
  std::vector<Verb> verbs;
  const bool names_verb = argc > 1 && argv[1][0] != '-';
  for (const auto& [name, add] : kVerbs) {
    if (names_verb && std::string_view(argv[1]) == name) verbs.push_back(add(app));
  }
  if (verbs.empty()) {
    if (names_verb) return usage(fmt::format("there is no verb '{}'", argv[1]), "");
    for (const auto& [name, add] : kVerbs) verbs.push_back(add(app));
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print(app.help());
    return finish(kSuccess);
  } catch (const CLI::CallForAllHelp&) {
    print(app.help("", CLI::AppFormatMode::All));
    return finish(kSuccess);
  } catch (const CLI::CallForVersion&) {
    print(std::string(kVersion) + "\n");
    return finish(kSuccess);
  } catch (const CLI::ParseError& error) {
    std::string verb;
    for (const CLI::App* sub : app.get_subcommands()) verb = sub->get_name();
    return usage(error.what(), verb);
  }
  for (const Verb& verb : verbs) {
    if (!verb.app->parsed()) continue;
    // What a verb does reports its own errors; only malformed arguments are thrown.
    const auto result = capture(verb.go);
    if (result) return result.value();
    if (result.error().blame == Blame::internal) return report(result.error());
    return usage(result.error().message, verb.app->get_name());
  }
  return usage("no verb", "");
}

}  // namespace mote::cli
