#include "compress/quantize/calibrate.h"

#include <algorithm>
#include <bit>
#include <charconv>

#include "base/error.h"
#include "compress/quantize/histogram.h"
#include "eval/evaluator.h"
#include "passes/specialize.h"

namespace mote::compress {
namespace {

constexpr double kMomentum = 0.9;  // of the moving average

// Bits of a float as an integer of the same order, so that minima and maxima are integer ones,
// which compilers vectorise.
int32_t ordered(float value) {
  const auto bits = std::bit_cast<int32_t>(value);
  return bits ^ ((bits >> 31) & INT32_MAX);
}
float from_ordered(int32_t key) { return std::bit_cast<float>(key ^ ((key >> 31) & INT32_MAX)); }

struct Extremes {
  float min = 0;
  float max = 0;
  bool finite = true;
};

Extremes extremes_of(std::span<const float> values) {
  if (values.empty()) return {};
  int32_t low = INT32_MAX;
  int32_t high = INT32_MIN;
  uint32_t largest = 0;
  for (const float v : values) {
    const int32_t key = ordered(v);
    low = std::min(low, key);
    high = std::max(high, key);
    largest = std::max(largest, std::bit_cast<uint32_t>(v) & 0x7fffffffu);
  }
  return {from_ordered(low), from_ordered(high), largest < 0x7f800000u};
}

struct Watched {
  ValueId id;       // in the caller's graph
  ValueId running;  // in the specialised one
  Range range = {};
  bool seen = false;
  Histogram histogram = {};
  bool wants_mean = false;
  std::vector<double> sum = {};
};

class Calibrator {
 public:
  Calibrator(const Graph& graph, const QuantizeOptions& options, const CalibrationData& data,
             const std::vector<ValueId>& values, const std::vector<ValueId>& means)
      : graph_(graph), options_(options), data_(data), running_(graph) {
    check();
    // Names carry the numbers through specialisation, which renumbers.
    for (size_t v = 0; v < running_.main().values.size(); ++v) {
      running_.main().values[v].name = fmt::format("#{}", v);
    }
    passes::specialize(running_, data.shapes);
    std::map<ValueId, ValueId> now;
    for (size_t v = 0; v < running_.main().values.size(); ++v) {
      const std::string& name = running_.main().values[v].name;
      int32_t before = 0;
      if (!name.starts_with('#')) continue;
      std::from_chars(name.data() + 1, name.data() + name.size(), before);
      now[before] = static_cast<ValueId>(v);
    }
    for (const ValueId id : values) {
      const auto found = now.find(id);
      if (found == now.end()) continue;
      Watched w{.id = id, .running = found->second};
      w.wants_mean = std::find(means.begin(), means.end(), id) != means.end();
      watched_.push_back(std::move(w));
    }
  }

  Calibration run() {
    const bool histograms = options_.method == CalibrationMethod::percentile ||
                            options_.method == CalibrationMethod::entropy ||
                            options_.method == CalibrationMethod::mse;
    runs_ = static_cast<int64_t>(data_.samples.size()) * (histograms ? 2 : 1);
    each_sample([&](size_t sample) {
      for (Watched& w : watched_) observe(w, sample);
    });
    if (histograms) {
      for (Watched& w : watched_) w.histogram = Histogram(w.range);
      each_sample([&](size_t) {
        for (Watched& w : watched_) w.histogram.add(floats(w.running));
      });
    }
    Calibration result;
    for (Watched& w : watched_) {
      result.ranges[w.id] = chosen(w);
      if (!w.wants_mean) continue;
      result.shapes[w.id] = running_.main().value(w.running).type.shape;
      std::vector<float>& mean = result.means[w.id];
      for (const double s : w.sum) {
        mean.push_back(static_cast<float>(s / static_cast<double>(data_.samples.size())));
      }
    }
    return result;
  }

 private:
  void check() const {
    const Subgraph& main = graph_.main();
    if (data_.samples.empty()) {
      fail_user(
          "{} quantization needs calibration data: samples of what the model's inputs will be",
          name_of(options_.precision));
    }
    for (size_t s = 0; s < data_.samples.size(); ++s) {
      if (data_.samples[s].size() != main.inputs.size()) {
        fail_user("calibration sample {} has {} inputs, the model has {}", s,
                  data_.samples[s].size(), main.inputs.size());
      }
      for (size_t i = 0; i < main.inputs.size(); ++i) {
        const Value& input = main.value(main.inputs[i]);
        const Buffer& buffer = data_.samples[s][i];
        if (i < data_.shapes.size()) {
          const auto wanted = data_.shapes[i].bytes(input.type.dtype);
          if (wanted && *wanted != buffer.size()) {
            fail_user("calibration sample {}: input '{}' of shape {} takes {} bytes, got {}", s,
                      input.name, data_.shapes[i].str(), *wanted, buffer.size());
          }
        }
        if (input.type.dtype != DType::f32) continue;
        if (extremes_of(buffer.as<float>()).finite) continue;
        const auto values = buffer.as<float>();
        const auto bad =
            std::find_if(values.begin(), values.end(), [](float v) { return !(v - v == 0); });
        fail_user("calibration sample {}: input '{}' is {} at element {}", s, input.name, *bad,
                  bad - values.begin());
      }
    }
  }

  template <class Look>
  void each_sample(Look look) {
    eval::Evaluator evaluator(running_, false);
    evaluator_ = &evaluator;
    for (size_t s = 0; s < data_.samples.size(); ++s) {
      evaluator.reset_state();
      with_context(fmt::format("calibration sample {}", s), [&] {
        for (size_t i = 0; i < data_.samples[s].size(); ++i) {
          evaluator.set_input(static_cast<int>(i), data_.samples[s][i].bytes());
        }
        evaluator.run();
      });
      look(s);
      if (options_.progress) options_.progress(++done_, runs_);
    }
    evaluator_ = nullptr;
  }

  std::span<const float> floats(ValueId id) const {
    const auto bytes = evaluator_->value(id);
    return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
  }

  void observe(Watched& w, size_t sample) {
    const std::span<const float> values = floats(w.running);
    const Extremes e = extremes_of(values);
    if (!e.finite) {
      fail_user(
          "calibration sample {} makes '{}' a NaN or infinite: the model can't be quantized with "
          "it",
          sample, graph_.main().value(w.id).name);
    }
    const Range now = {static_cast<double>(e.min), static_cast<double>(e.max)};
    if (!w.seen) {
      w.range = now;
    } else if (options_.method == CalibrationMethod::moving_average) {
      w.range.min = kMomentum * w.range.min + (1 - kMomentum) * now.min;
      w.range.max = kMomentum * w.range.max + (1 - kMomentum) * now.max;
    } else {
      w.range.include(now);
    }
    w.seen = true;
    if (!w.wants_mean) return;
    w.sum.resize(values.size(), 0.0);
    for (size_t i = 0; i < values.size(); ++i) w.sum[i] += static_cast<double>(values[i]);
  }

  Range chosen(const Watched& w) const {
    const int levels = options_.precision == Precision::int16x8 ? 65536 : 256;
    Range r = w.range;
    switch (options_.method) {
      case CalibrationMethod::minmax:
      case CalibrationMethod::moving_average:
        break;
      case CalibrationMethod::percentile:
        r = w.histogram.percentile(options_.percentile);
        break;
      case CalibrationMethod::entropy:
        r = w.histogram.least_divergence(levels);
        break;
      case CalibrationMethod::mse:
        r = w.histogram.least_squared_error(levels);
        break;
    }
    r.include(0);
    return r;
  }

  const Graph& graph_;
  const QuantizeOptions& options_;
  const CalibrationData& data_;
  Graph running_;
  std::vector<Watched> watched_;
  eval::Evaluator* evaluator_ = nullptr;
  int64_t done_ = 0;
  int64_t runs_ = 0;
};

}  // namespace

Calibration calibrate(const Graph& graph, const QuantizeOptions& options,
                      const CalibrationData& data, const std::vector<ValueId>& values,
                      const std::vector<ValueId>& means) {
  return Calibrator(graph, options, data, values, means).run();
}

}  // namespace mote::compress
