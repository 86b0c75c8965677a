#include "driver/model.h"

#include <charconv>
#include <chrono>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/file.h"
#include "base/result.h"
#include "import/keras/keras.h"
#include "import/tflite/tflite.h"
#include "ops/ops.h"
#include "passes/pipeline.h"
#include "passes/specialize.h"

namespace mote::driver {
namespace {

bool starts_with(const Buffer& bytes, size_t at, std::string_view magic) {
  if (bytes.size() < at + magic.size()) return false;
  return std::string_view(reinterpret_cast<const char*>(bytes.data()) + at, magic.size()) == magic;
}

// By the content; by the name where a damaged file no longer says what it was.
std::string format_of(const Buffer& bytes, const std::string& path) {
  if (starts_with(bytes, 4, "TFL3")) return "tflite";
  if (starts_with(bytes, 0, "PK\x03\x04")) return "keras";
  if (starts_with(bytes, 0, "\x89HDF\r\n\x1a\n")) return "h5";
  const std::string extension = file_extension(path);
  if (extension == ".tflite") return "tflite";
  if (extension == ".keras") return "keras";
  if (extension == ".h5" || extension == ".hdf5") return "h5";
  fail_user("not a model that Mote reads (.tflite, .keras, .h5); its first bytes fit none of them");
}

std::vector<PortInfo> ports_of(const Graph& graph, bool inputs) {
  const Subgraph& main = graph.main();
  const Signature* signature = nullptr;
  for (const Signature& candidate : graph.signatures) {
    if (candidate.subgraph == 0 && !signature) signature = &candidate;
  }
  std::vector<PortInfo> ports;
  for (const ValueId id : inputs ? main.inputs : main.outputs) {
    const Value& value = main.value(id);
    PortInfo port{value.name, value.name, id, value.type};
    if (signature) {
      for (const auto& [name, named] : inputs ? signature->inputs : signature->outputs) {
        if (named == id) {
          port.name = name;
          break;
        }
      }
    }
    ports.push_back(std::move(port));
  }
  return ports;
}

std::optional<int64_t> parse_int(std::string_view text) {
  int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Extents that follow only when shape arithmetic is computed, taken by name from a copy where it
// was.
void fill_unknown(Graph& graph, std::span<const Shape> shapes) {
  Graph folded = graph;
  if (!capture([&] { passes::specialize(folded, shapes); })) return;
  std::map<std::string, const Value*> by_name;
  for (const Value& value : folded.main().values) {
    const auto [entry, is_new] = by_name.emplace(value.name, &value);
    if (!is_new) entry->second = nullptr;  // a name that does not tell
  }
  for (Value& value : graph.main().values) {
    if (value.type.shape.is_static()) continue;
    const auto found = by_name.find(value.name);
    if (found == by_name.end() || !found->second) continue;
    value.type.shape = found->second->type.shape;
  }
}

}  // namespace

Model load_model(const std::string& path) {
  const auto begin = std::chrono::steady_clock::now();
  Model model;
  model.path = path;
  Buffer bytes;
  if (std::filesystem::is_directory(path)) {  // an unzipped .keras
    model.format = "keras";
  } else {
    bytes = map_file(path);
    model.file_bytes = bytes.size();
    model.format = with_context(path, [&] { return format_of(bytes, path); });
  }
  Result<Graph> graph =
      model.format == "tflite" ? import_tflite(bytes, file_name(path)) : import_keras(path);
  if (!graph) {
    const bool named = graph.error().message.find(file_name(path)) != std::string::npos;
    throw named ? graph.error() : Error(graph.error()).in(path);
  }
  model.graph = std::move(graph).value();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
  model.load_ms = took.count();
  return model;
}

void optimize(Model& model, const passes::Observer& observer) {
  with_context(model.path, [&] { passes::optimize(model.graph, observer).value(); });
}

std::vector<PortInfo> inputs_of(const Graph& graph) { return ports_of(graph, true); }
std::vector<PortInfo> outputs_of(const Graph& graph) { return ports_of(graph, false); }

size_t find_port(std::span<const PortInfo> ports, std::string_view key, std::string_view what) {
  for (size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].name == key) return i;
  }
  for (size_t i = 0; i < ports.size(); ++i) {
    if (ports[i].tensor == key) return i;
  }
  if (const auto position = parse_int(key)) {
    if (*position >= 0 && *position < static_cast<int64_t>(ports.size())) {
      return static_cast<size_t>(*position);
    }
  }
  std::string names;
  for (size_t i = 0; i < ports.size() && i < 20; ++i) {
    names += fmt::format("{}{} '{}'", i ? ", " : "", i, ports[i].name);
  }
  fail_user("the model has no {} '{}'; it has {}", what, key, ports.empty() ? "none" : names);
}

NamedShape parse_named_shape(std::string_view text) {
  // Names may hold "=", a shape can't.
  const size_t equals = text.rfind('=');
  const std::string name(equals == std::string_view::npos ? "0" : text.substr(0, equals));
  std::string_view rest = equals == std::string_view::npos ? text : text.substr(equals + 1);
  std::vector<int64_t> dims;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const auto extent = parse_int(rest.substr(0, comma));
    if (!extent || *extent < 0 || (comma != std::string_view::npos && comma + 1 == rest.size())) {
      fail_user("'{}' is not NAME=1,49,10,1: extents are whole numbers >= 0 with commas between",
                text);
    }
    dims.push_back(*extent);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  }
  const auto shape = Shape::checked(dims);
  if (!shape) fail_user("the shape in '{}' is too large", text);
  return {name, *shape};
}

std::vector<Shape> input_shapes(std::span<const PortInfo> inputs,
                                std::span<const NamedShape> given) {
  std::vector<Shape> shapes;
  for (const PortInfo& input : inputs) {
    Shape shape = input.type.shape;
    for (int i = 0; i < shape.rank(); ++i) {
      if (shape[i] < 0) shape[i] = 1;
    }
    shapes.push_back(shape);
  }
  for (const auto& [name, shape] : given) {
    const size_t i = find_port(inputs, name, "input");
    if (shape.rank() != inputs[i].type.shape.rank()) {
      fail_user("input '{}' has shape {}; {} has another rank", inputs[i].name,
                inputs[i].type.shape.str(), shape.str());
    }
    shapes[i] = shape;
  }
  return shapes;
}

std::optional<Graph> with_shapes(const Graph& graph, std::span<const Shape> shapes) {
  Graph shaped = graph;
  Subgraph& main = shaped.main();
  for (size_t i = 0; i < main.inputs.size() && i < shapes.size(); ++i) {
    main.value(main.inputs[i]).type.shape = shapes[i];
  }
  if (!capture([&] { infer_types(shaped); })) return std::nullopt;
  fill_unknown(shaped, shapes);
  return shaped;
}

}  // namespace mote::driver
