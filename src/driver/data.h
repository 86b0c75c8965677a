// The user's data: arrays by name from .npz or .npy files, matched to a model's inputs and cut into
// samples.
#pragma once

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "driver/model.h"
#include "driver/tensor.h"
#include "formats/npy.h"

namespace mote::driver {

using formats::NamedArrays;

// Every array of an .npz file, or the one of an .npy file under the name "x". Throws an Error that
// names the file.
NamedArrays load_data(const std::string& path);

// Arrays for each input of a model, with samples along axis 0.
class Samples {
 public:
  // An input's array is the one with its name, its tensor's name or its position ("0"), or "x" for
  // the only input. Axis 0 counts samples: an array of shape [n, ...] for an input [batch, ...], or
  // one axis more than the input has. A scalar array for a scalar input is the same in every
  // sample. Floats must be finite. Throws a user Error that names the input and both shapes where
  // that does not fit.
  Samples(std::span<const PortInfo> inputs, const NamedArrays& data);
  // `count` seeded random samples; see random_array. Quantized inputs, or those of `candidate` (the
  // same inputs of another model), say which range floats are drawn from.
  static Samples random(std::span<const PortInfo> inputs, std::span<const PortInfo> candidate,
                        int64_t count, uint64_t seed);

  int64_t count() const { return count_; }
  // Uses only the first `count` samples.
  void limit(int64_t count) { count_ = std::min(count_, count); }
  // Axis 0 of inputs (and so of outputs) counts samples.
  bool has_batch_axis() const { return has_batch_axis_; }
  // How many runs of the model cover all samples, and how many samples a run takes.
  int64_t runs() const { return (count_ + batch_ - 1) / batch_; }
  int64_t batch() const { return batch_; }
  // Samples of run i that are not padding.
  int64_t valid(int64_t run) const {
    return count_ - run * batch_ < batch_ ? count_ - run * batch_ : batch_;
  }
  // What the inputs' shapes are in every run.
  const std::vector<Shape>& shapes() const { return shapes_; }
  // The inputs of run i, in the model's types, and how they were converted.
  std::vector<Array> inputs(int64_t run) const;
  // "input 'x': float32 data quantized to int8", for each input that needs it.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  enum class Layout : uint8_t { rows, stacked, constant };
  struct Source {
    PortInfo port;
    Array array;
    Layout layout = Layout::rows;
  };
  Samples() = default;
  void place(const PortInfo& port, const Array& array);

  std::vector<Source> sources_;
  std::vector<Shape> shapes_;
  std::vector<std::string> notes_;
  int64_t count_ = -1;
  int64_t batch_ = 1;
  bool has_batch_axis_ = false;
};

// The array of an .npz that holds the true outputs: "y", or the output's name; null if neither is
// there.
const Array* find_truth(const NamedArrays& data, std::span<const PortInfo> outputs, size_t output);

}  // namespace mote::driver
