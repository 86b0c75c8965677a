#include "driver/tune.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/result.h"
#include "simd/cpu.h"

namespace mote::driver {
namespace {

using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

constexpr int kVersion = 1;  // of the file
// Time given to one row: long enough that its fastest run is undisturbed, short enough that a model
// of a hundred layers is tuned in seconds.
constexpr auto kBudget = std::chrono::milliseconds(20);
constexpr int kMaxRuns = 200;

// "AMD EPYC 7763 avx2": what makes a measurement worth keeping.
std::string processor() {
  std::string model = "unknown";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(':');
    if (line.starts_with("model name") && colon != std::string::npos) {
      model = line.substr(std::min(line.size(), colon + 2));
      break;
    }
  }
  return fmt::format("{} {}", model, simd::name_of(simd::best()));
}

// FNV-1a, 64 bits.
uint64_t hash(std::span<const std::byte> bytes) {
  uint64_t h = 14695981039346656037u;
  for (const std::byte b : bytes) h = (h ^ static_cast<uint64_t>(b)) * 1099511628211u;
  return h;
}

// The rows' names are part of it: with other rows to choose from, another may be the fastest.
std::string key_of(const RowRequest& request) {
  std::string names;
  for (const kernels::Kernel* row : request.rows) names += std::string(row->name) + ' ';
  return fmt::format("{} {:016x} {:08x}", request.family.name, hash(request.params),
                     hash(std::as_bytes(std::span(names))) & 0xffffffffu);
}

// Small numbers of the type, none of them a denormal; integers of 32 and 64 bits may be indices and
// are 0.
void fill(DType dtype, std::byte* bytes, size_t size_bytes) {
  if (dtype == DType::f32) {
    auto* floats = reinterpret_cast<float*>(bytes);
    for (size_t i = 0; i < size_bytes / sizeof(float); ++i)
      floats[i] = static_cast<float>(i % 13) * 0.125f - 0.75f;
  } else if (dtype == DType::i8 || dtype == DType::u8 || dtype == DType::i16) {
    for (size_t i = 0; i < size_bytes; ++i) bytes[i] = static_cast<std::byte>(i * 37 % 251);
  }
}

// The cache, or an empty one if there is none, or none of this version.
Json read_cache(const std::string& path) {
  const Json empty = {{"version", kVersion}, {"processors", Json::object()}};
  if (!file_exists(path)) return empty;
  const Buffer file = map_file(path);
  const auto* text = reinterpret_cast<const char*>(file.data());
  Json json = Json::parse(text, text + file.size(), nullptr, false);
  const bool current = json.is_object() && json.contains("version") &&
                       json["version"] == kVersion && json.contains("processors") &&
                       json["processors"].is_object();
  return current ? json : empty;
}

// Memory for one row's arguments.
class Bench {
 public:
  explicit Bench(const RowRequest& request) : request_(request) {
    for (const RowArgument& input : request.inputs) {
      inputs_.push_back(input.data ? input.data : made_up(input));
    }
    for (const RowArgument& output : request.outputs) outputs_.push_back(made_up(output));
  }

  // The fastest run in nanoseconds; infinite if the row refuses the data.
  double fastest_ns(const kernels::Kernel& row) {
    const void* params = request_.params.data();
    std::vector<const void*> inputs = inputs_;
    Buffer::Writable packed;
    if (row.pack_input >= 0) {
      const void*& weights = inputs[static_cast<size_t>(row.pack_input)];
      packed = Buffer::allocate(row.packed_bytes(params));
      row.pack(params, weights, packed.bytes);
      weights = packed.bytes;
    }
    const auto scratch = Buffer::allocate(row.scratch_bytes ? row.scratch_bytes(params) : 0);
    const kernels::Args args{params, inputs.data(), outputs_.data(), scratch.bytes};
    const int64_t units = row.units ? row.units(params) : 1;
    double fastest = std::numeric_limits<double>::infinity();
    const auto end = Clock::now() + kBudget;
    for (int run = 0; run < kMaxRuns && (run < 2 || Clock::now() < end); ++run) {
      const auto begin = Clock::now();
      if (row.run(args, 0, units) != kernels::kOk) return fastest;
      const std::chrono::duration<double, std::nano> took = Clock::now() - begin;
      fastest = std::min(fastest, took.count());
    }
    return fastest;
  }

 private:
  std::byte* made_up(const RowArgument& argument) {
    if (argument.size_bytes == 0) return nullptr;
    memory_.push_back(Buffer::allocate(argument.size_bytes));
    fill(argument.dtype, memory_.back().bytes, argument.size_bytes);
    return memory_.back().bytes;
  }

  const RowRequest& request_;
  std::vector<Buffer::Writable> memory_;
  std::vector<const void*> inputs_;
  std::vector<void*> outputs_;
};

}  // namespace

std::string default_tune_cache() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache && *cache) return std::string(cache) + "/mote/tune.json";
  const char* home = std::getenv("HOME");
  return std::string(home && *home ? home : ".") + "/.cache/mote/tune.json";
}

Tuner::Tuner(std::string cache_path) : path_(std::move(cache_path)) {
  const auto read = capture([&] {
    const Json json = read_cache(path_);
    const auto ours = json["processors"].find(processor());
    if (ours == json["processors"].end() || !ours->is_object()) return;
    for (const auto& [key, row] : ours->items()) {
      if (row.is_string()) rows_[key] = row.get<std::string>();
    }
  });
  if (!read) rows_.clear();
}

const kernels::Kernel& Tuner::choose(const RowRequest& request, std::string* why) {
  std::vector<const kernels::Kernel*> rows = request.rows;
  if (rows.size() > 1) std::erase(rows, &request.family.reference());
  if (rows.size() == 1) return *rows.front();
  const std::string key = key_of(request);
  if (const auto found = rows_.find(key); found != rows_.end()) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const kernels::Kernel* candidate) {
      return candidate->name == found->second;
    });
    if (row != rows.end()) {
      ++remembered_;
      *why = "was slower when it was measured";
      return **row;
    }
  }
  Bench bench(request);
  const kernels::Kernel* best = rows.front();
  double best_ns = std::numeric_limits<double>::infinity();
  for (const kernels::Kernel* row : rows) {
    const double ns = bench.fastest_ns(*row);
    if (ns < best_ns) best_ns = ns, best = row;
  }
  rows_[key] = best->name;
  ++measured_;
  *why = fmt::format("is slower than {:.1f} us", best_ns / 1000);
  return *best;
}

void Tuner::save() {
  if (measured_ == 0) return;
  Json json = read_cache(path_);
  json["processors"][processor()] = rows_;
  const std::filesystem::path folder = std::filesystem::path(path_).parent_path();
  std::error_code ignored;
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  const std::string text = json.dump(1) + "\n";
  write_file(path_, std::as_bytes(std::span(text)));
}

}  // namespace mote::driver
