// Spectrograms.
#include <cmath>
#include <numbers>

#include "import/einsum.h"
#include "import/keras/importers.h"

namespace mote::keras {
namespace {

// ---- STFTSpectrogram: its window and its sines are weights, so it is a convolution --------------

void stft_slots(Layer& layer) {
  const std::string mode = layer.config.text("mode", "log");
  int index = 0;
  if (mode != "imag") add_slot(layer, "real", fmt::format("vars/{}", index++));
  if (mode != "real") add_slot(layer, "imag", fmt::format("vars/{}", index++));
}

// x [batch, 1, time, 1] to [batch, 1, frames, frequencies], for one of the two kernels.
ValueId transform(Call& c, ValueId x, const char* role) {
  Shape shape;
  std::vector<float> kernel = c.elements(role, &shape);
  if (shape.rank() != 3) fail_user("a kernel of shape {}", shape.str());
  shape.insert(0, 1);
  kernel = permute(kernel, &shape, {3, 0, 1, 2});
  Window w;
  w.padding = c.config.text("padding", "valid") == "same" ? Padding::same : Padding::valid;
  const int64_t length = c.config.integer("frame_length", 256);
  w.stride_w = c.config.integer("frame_step", length / 2);
  w.stride_h = w.stride_w;  // one row: it does not matter, and equal strides are always supported
  return c.b.conv_2d(x, c.b.constant(kernel, shape), kNoValue, w);
}

ValueId log_of_at_least(GraphBuilder& b, ValueId x, float least) {
  return b.unary("log", b.binary("maximum", x, b.scalar(least)));
}

// Twice the power but for the first and the last frequency.
ValueId power_density(GraphBuilder& b, ValueId power) {
  const int64_t bins = b.shape(power).back();
  std::vector<float> weight(static_cast<size_t>(bins), 2.0f);
  weight.front() = weight.back() = 1.0f;
  return b.mul(power, b.floats(weight));
}

ValueId signal_of(Call& c, ValueId x, const std::string& mode) {
  GraphBuilder& b = c.b;
  if (mode == "real" || mode == "imag") return transform(c, x, mode == "real" ? "real" : "imag");
  const ValueId real = transform(c, x, "real"), imag = transform(c, x, "imag");
  if (mode == "stft") return b.concat({real, imag}, -1);
  if (mode == "angle") fail_unsupported("mode 'angle'; use 'real' and 'imag'");
  const ValueId power = b.add(b.unary("square", real), b.unary("square", imag));
  if (mode == "psd") return power_density(b, power);
  const ValueId magnitude = b.unary("sqrt", b.binary("maximum", power, b.scalar(1e-7f)));
  if (mode == "magnitude") return magnitude;
  if (mode != "log") fail_user("mode '{}' is not known", mode);
  return log_of_at_least(b, magnitude, 1e-7f);
}

Arg stft_spectrogram(Call& c) {
  GraphBuilder& b = c.b;
  const std::string mode = c.config.text("mode", "log");
  const bool first = c.config.text("data_format", "channels_last") == "channels_first";
  ValueId x = c.input();
  if (b.rank(x) != 3) fail_user("needs an input of rank 3, and gets {}", b.shape(x).str());
  if (!first) x = b.transpose(x, {0, 2, 1});  // [batch, channels, time]
  const int64_t channels = b.shape(x)[1];
  if (channels == kDynamic) fail_unsupported("an unknown number of channels");
  const Extent batch = b.extent(x, 0);
  // Channels are transformed one by one, as samples of their own.
  x = b.reshape(x, {batch.of == kNoValue ? Extent(batch.size * channels) : Extent(kDynamic),
                    Extent(1), b.extent(x, 2), Extent(1)});
  ValueId y = signal_of(c, x, mode);
  const Extent frames = b.extent(y, 2), bins = b.extent(y, 3);
  y = b.reshape(y, {batch, Extent(channels), frames, bins});
  if (c.config.flag("expand_dims", false)) {
    return Arg(first ? y : b.transpose(y, {0, 2, 3, 1}));
  }
  y = b.transpose(y, {0, 2, 1, 3});  // [batch, frames, channels, frequencies]
  y = b.reshape(y, {batch, frames, Extent(channels * bins.size)});
  return Arg(first ? b.transpose(y, {0, 2, 1}) : y);
}

// ---- MelSpectrogram ---------------------------------------------------------------------------

struct Mel {
  int64_t fft, stride, length, bins;
  double rate, low, high;
};

Mel mel_of(const Config& config) {
  Mel m{};
  m.fft = config.integer("fft_length", 2048);
  m.stride = config.integer("sequence_stride", 512);
  m.length = config.integer("sequence_length", m.fft);
  m.bins = config.integer("num_mel_bins", 128);
  m.rate = config.number("sampling_rate", 16000);
  m.low = config.number("min_freq", 20);
  m.high = config.number("max_freq", std::floor(m.rate / 2));
  constexpr int64_t kLargest = 1 << 16;
  if (m.fft < 2 || m.fft > kLargest || m.stride < 1 || m.length < 1 || m.length > m.fft ||
      m.bins < 1 || m.bins > kLargest) {
    fail_user("impossible lengths");
  }
  return m;
}

// The window, centered in a frame of fft samples.
std::vector<double> window_of(const Config& config, const Mel& m) {
  std::vector<double> window(static_cast<size_t>(m.fft), 0.0);
  const Config& given = config["window"];
  const auto first = static_cast<size_t>((m.fft - m.length) / 2);
  for (int64_t i = 0; i < m.length; ++i) {
    const double angle =
        2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(m.length);
    double value = 1;
    if (given.is_string()) {
      const std::string name = given.as_text("window");
      if (name == "hann") {
        value = 0.5 - 0.5 * std::cos(angle);
      } else if (name == "hamming") {
        value = 0.54 - 0.46 * std::cos(angle);
      } else {
        fail_user("window '{}' is not known", name);
      }
    } else if (given.is_list()) {
      if (given.items().size() != static_cast<size_t>(m.length)) fail_user("'window' is too short");
      value = given.items()[static_cast<size_t>(i)].as_number("window");
    }
    window[first + static_cast<size_t>(i)] = value;
  }
  return window;
}

double to_mel(double hertz) { return 1127.0 * std::log(1 + hertz / 700); }

// Triangles over the frequencies, [bins, fft / 2 + 1].
std::vector<float> mel_matrix(const Mel& m) {
  const int64_t frequencies = m.fft / 2 + 1;
  std::vector<float> matrix(static_cast<size_t>(m.bins * frequencies), 0.0f);
  const double low = to_mel(m.low), high = to_mel(m.high);
  const auto edge = [&](int64_t i) {
    return low + (high - low) * static_cast<double>(i) / static_cast<double>(m.bins + 1);
  };
  for (int64_t bin = 0; bin < m.bins; ++bin) {
    for (int64_t f = 1; f < frequencies; ++f) {
      const double mel =
          to_mel(m.rate / 2 * static_cast<double>(f) / static_cast<double>(frequencies - 1));
      const double rising = (mel - edge(bin)) / (edge(bin + 1) - edge(bin));
      const double falling = (edge(bin + 2) - mel) / (edge(bin + 2) - edge(bin + 1));
      matrix[static_cast<size_t>(bin * frequencies + f)] =
          static_cast<float>(std::max(0.0, std::min(rising, falling)));
    }
  }
  return matrix;
}

// Frames of fft samples, every stride samples: [batch, frames, fft].
ValueId frames_of(GraphBuilder& b, ValueId x, const Mel& m) {
  const int64_t samples = b.shape(x)[1];
  if (samples == kDynamic) fail_unsupported("audio of unknown length; give Input a shape");
  const int64_t count = samples < m.fft ? 0 : (samples - m.fft) / m.stride + 1;
  if (count < 1) fail_user("{} samples are fewer than one frame of {}", samples, m.fft);
  if (count * m.fft > 1 << 24) fail_unsupported("{} frames of {} samples", count, m.fft);
  std::vector<int32_t> indices;
  for (int64_t frame = 0; frame < count; ++frame) {
    for (int64_t i = 0; i < m.fft; ++i) {
      indices.push_back(static_cast<int32_t>(frame * m.stride + i));
    }
  }
  return b.gather(x, b.constant(indices, Shape{count, m.fft}), 1);
}

// |FFT| of every frame: [batch, frames, fft / 2 + 1].
ValueId magnitudes(GraphBuilder& b, ValueId frames, int64_t fft) {
  const ValueId image = b.expand(frames, 2);  // the transform is over two axes, one of them 1 long
  const ValueId spectrum = b.op("rfft2d", {image, b.ints({1, static_cast<int32_t>(fft)})});
  return b.squeeze(b.op("complex_abs", {spectrum}), 2);
}

ValueId decibels(Call& c, ValueId x) {
  GraphBuilder& b = c.b;
  const double least = c.config.number("min_power", 1e-10);
  const double reference = std::max(std::abs(c.config.number("ref_power", 1)), least);
  const ValueId logarithm = log_of_at_least(b, x, static_cast<float>(least));
  ValueId y = b.mul(logarithm, b.scalar(static_cast<float>(10 / std::numbers::ln10)));
  if (reference != 1) y = b.sub(y, b.scalar(static_cast<float>(10 * std::log10(reference))));
  std::vector<int> axes;
  for (int axis = 0; axis < b.rank(y); ++axis) axes.push_back(axis);
  const ValueId peak = b.reduce("reduce_max", y, axes, true);
  const auto range = static_cast<float>(c.config.number("top_db", 80));
  return b.binary("maximum", y, b.sub(peak, b.scalar(range)));
}

Arg mel_spectrogram(Call& c) {
  GraphBuilder& b = c.b;
  const Mel m = mel_of(c.config);
  ValueId x = c.input();
  if (b.rank(x) != 2)
    fail_unsupported("audio of shape {}; [batch, samples] is supported", b.shape(x).str());
  const auto half = static_cast<int32_t>(m.fft / 2);
  x = b.op("mirror_pad", {x, b.constant(std::vector<int32_t>{0, 0, half, half}, Shape{2, 2})},
           {{"mode", Enumerator{0, {}}}});
  std::vector<float> window;
  for (const double w : window_of(c.config, m)) window.push_back(static_cast<float>(w));
  x = magnitudes(b, b.mul(frames_of(b, x, m), b.floats(window)), m.fft);
  const double exponent = c.config.number("mag_exp", 2);
  if (exponent == 2) {
    x = b.unary("square", x);
  } else if (exponent != 1) {
    x = b.binary("pow", x, b.scalar(static_cast<float>(exponent)));
  }
  x = b.fully_connected(x, b.constant(mel_matrix(m), Shape{m.bins, m.fft / 2 + 1}), kNoValue);
  if (c.config.flag("power_to_db", true)) x = decibels(c, x);
  return Arg(b.transpose(x, {0, 2, 1}));
}

constexpr Importer kTable[] = {
    {"STFTSpectrogram", stft_spectrogram, stft_slots},
    {"MelSpectrogram", mel_spectrogram},
};

}  // namespace

std::span<const Importer> audio_layers() { return kTable; }

}  // namespace mote::keras
