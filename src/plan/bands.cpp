// Steps that write over their input while they read it: cut into bands of output rows, each a step
// of its own. When a band is written the input's rows before it are dead, so the output may start
// below the input (bands from the first to the last) or end above it (from the last to the first).
// Kernels see nothing of this: a band is the same operator on a part of the image.
#include "plan/bands.h"

#include <algorithm>
#include <cstring>

#include "kernels/kernel.h"
#include "plan/bodies.h"
#include "plan/function.h"

namespace mote::plan {
namespace {

// The axis that is cut: the height, or the width of an image of one row.
struct Axis {
  int32_t in, out, filter, stride, dilation, pad;
};

Axis axis_of(const MoteWindow& g) {
  if (is_line(g)) return {g.in_w, g.out_w, g.filter_w, g.stride_w, g.dilation_w, g.pad_left};
  return {g.in_h, g.out_h, g.filter_h, g.stride_h, g.dilation_h, g.pad_top};
}

// Bands are no smaller than this, so that a band costs far more than the call of its kernel, unless
// memory is all that counts.
constexpr int64_t kBandWork = 250'000;
// Rows of a band are a multiple of this where the image has many, as tiles of kernels may be.
int64_t grain_of(int64_t rows) { return rows >= 16 ? 4 : rows >= 8 ? 2 : 1; }

}  // namespace

bool is_line(const MoteWindow& g) { return g.in_h == 1 && g.out_h == 1; }
int64_t rows_out(const MoteWindow& g) { return is_line(g) ? g.out_w : g.out_h; }

Band band_of(const MoteWindow& g, int64_t begin, int64_t end) {
  const Axis a = axis_of(g);
  const int64_t first_tap = begin * a.stride - a.pad;
  const int64_t end_tap = (end - 1) * a.stride - a.pad + int64_t{a.filter - 1} * a.dilation + 1;
  Band band{begin, end, 0, 0, g};
  band.in_begin = std::clamp<int64_t>(first_tap, 0, a.in - 1);
  band.in_end = std::clamp<int64_t>(end_tap, band.in_begin + 1, a.in);
  const auto in = static_cast<int32_t>(band.in_end - band.in_begin);
  const auto out = static_cast<int32_t>(end - begin);
  const auto pad = static_cast<int32_t>(band.in_begin - first_tap);
  if (is_line(g)) {
    band.window.in_w = in, band.window.out_w = out, band.window.pad_left = pad;
  } else {
    band.window.in_h = in, band.window.out_h = out, band.window.pad_top = pad;
  }
  return band;
}

std::vector<Band> bands_of(const MoteWindow& g, int64_t rows) {
  std::vector<Band> bands;
  const int64_t out = axis_of(g).out;
  for (int64_t begin = 0; begin < out; begin += rows)
    bands.push_back(band_of(g, begin, std::min(begin + rows, out)));
  return bands;
}

MoteWindow FunctionBuilder::window_of(const PendingStep& pending) const {
  MoteWindow window;
  std::memcpy(&window, shared_.program.params.data() + pending.step.params_offset, sizeof window);
  return window;
}

std::vector<std::byte> FunctionBuilder::band_params(const PendingStep& pending,
                                                    const Band& band) const {
  const auto begin =
      shared_.program.params.begin() + static_cast<std::ptrdiff_t>(pending.step.params_offset);
  std::vector<std::byte> params(begin, begin + static_cast<std::ptrdiff_t>(pending.params_bytes));
  std::memcpy(params.data(), &band.window, sizeof band.window);
  return params;
}

const Buffer* FunctionBuilder::packed_weights(const PendingStep& pending) const {
  const int input = pending.step.kernel->pack_input;
  if (input < 0) return nullptr;
  const int tensor = pending.inputs[static_cast<size_t>(input)];
  return &shared_.program.constants[function_.tensors[static_cast<size_t>(tensor)].offset];
}

// Whether the step's own kernel computes each band, all with these packed weights (null: it packs
// none).
bool FunctionBuilder::kernel_takes(const PendingStep& pending, const std::vector<Band>& bands,
                                   const Buffer* weights) const {
  const kernels::Kernel& row = *pending.step.kernel;
  const auto threads = static_cast<size_t>(pending.step.units > 1 ? shared_.options.threads : 1);
  std::vector<std::byte> packed;
  std::vector<std::byte> last;
  for (const Band& band : bands) {
    const std::vector<std::byte> params = band_params(pending, band);
    if (params == last) continue;
    last = params;
    const bool padded = band.window.pad_top >= 0 && band.window.pad_left >= 0;
    if (!padded || (row.declines && row.declines(params.data()))) return false;
    const size_t scratch_bytes = row.scratch_bytes ? row.scratch_bytes(params.data()) : 0;
    if (scratch_bytes * threads > pending.step.scratch_bytes) return false;
    // Scratch is laid out for one thread where the step has one unit.
    if (pending.step.units == 1 && row.units && row.units(params.data()) > 1) return false;
    if (!weights) continue;
    if (row.packed_bytes(params.data()) != weights->size()) return false;
    packed.assign(weights->size(), std::byte{});
    row.pack(params.data(), pending.weights.data(), packed.data());
    const size_t from = row.packed_image_bytes;
    if (std::memcmp(packed.data() + from, weights->data() + from, weights->size() - from) != 0)
      return false;
  }
  return true;
}

// For bands of so many rows, with the weights as they are packed. Packing them again to see takes
// time, so what was found is kept.
bool FunctionBuilder::kernel_takes(const PendingStep& pending, int64_t rows) {
  const auto [known, is_new] = takes_.try_emplace({pending.step.params_offset, rows}, false);
  if (is_new)
    known->second =
        kernel_takes(pending, bands_of(window_of(pending), rows), packed_weights(pending));
  return known->second;
}

Overlap FunctionBuilder::band_overlap(const PendingStep& pending,
                                      const std::vector<Band>& bands) const {
  const auto [in_row, out_row] = row_bytes(pending);
  Overlap overlap{static_cast<size_t>(pending.inputs[0]), static_cast<size_t>(pending.outputs[0]),
                  PTRDIFF_MIN, PTRDIFF_MIN};
  for (const Band& band : bands) {
    overlap.up = std::max(overlap.up, band.end * out_row - band.in_begin * in_row);
    overlap.down = std::max(overlap.down, band.in_end * in_row - band.begin * out_row);
  }
  return overlap;
}

std::pair<std::ptrdiff_t, std::ptrdiff_t> FunctionBuilder::row_bytes(
    const PendingStep& pending) const {
  const Axis axis = axis_of(window_of(pending));
  const auto bytes = [&](int tensor) {
    return static_cast<std::ptrdiff_t>(function_.tensors[static_cast<size_t>(tensor)].size_bytes);
  };
  return {bytes(pending.inputs[0]) / axis.in, bytes(pending.outputs[0]) / axis.out};
}

// Multiply-accumulates, or what is as much work.
int64_t FunctionBuilder::work_of(const PendingStep& pending) const {
  const MoteWindow g = window_of(pending);
  const StepLabel& label = shared_.program.labels[static_cast<size_t>(pending.step.label)];
  return std::max(label.macs, int64_t{g.out_h} * g.out_w * g.out_c * g.filter_h * g.filter_w);
}

// The step for one band, between the two tensors that hold its rows.
FunctionBuilder::PendingStep FunctionBuilder::band_step(const PendingStep& pending,
                                                        const Band& band, int input, int output) {
  PendingStep step = pending;
  const std::vector<std::byte> params = band_params(pending, band);
  step.step.params_offset = add_params(params);
  step.step.units = step.step.kernel->units ? step.step.kernel->units(params.data()) : 1;
  step.inputs[0] = input;
  step.outputs[0] = output;
  return step;
}

// What a band reads and writes of whole images in the arena, as tensors.
int FunctionBuilder::input_rows(const PendingStep& pending, const Band& band) {
  const MoteWindow& g = band.window;
  return part_of(pending.inputs[0], row_bytes(pending).first, band.in_begin, band.in_end,
                 {1, g.in_h, g.in_w});
}

int FunctionBuilder::output_rows(const PendingStep& pending, const Band& band) {
  const MoteWindow& g = band.window;
  return part_of(pending.outputs[0], row_bytes(pending).second, band.begin, band.end,
                 {1, g.out_h, g.out_w});
}

int FunctionBuilder::part_of(int image, std::ptrdiff_t row_bytes, int64_t begin, int64_t end,
                             Shape shape) {
  ProgramTensor made = function_.tensors[static_cast<size_t>(image)];
  made.offset += static_cast<size_t>(begin * row_bytes);
  made.size_bytes = static_cast<size_t>((end - begin) * row_bytes);
  shape.push_back(made.shape[made.shape.rank() - 1]);
  made.shape = shape;
  function_.tensors.push_back(made);
  return static_cast<int>(function_.tensors.size()) - 1;
}

bool FunctionBuilder::may_overwrite(size_t step) const {
  const PendingStep& pending = steps_[step];
  if (!pending.by_rows || pending.dropped) return false;
  const MoteWindow window = window_of(pending);
  if (window.batches != 1 || axis_of(window).out < 4) return false;
  const Place& output = places_[static_cast<size_t>(pending.outputs[0])];
  return dies_at(pending.inputs[0], step) && output.body >= 0 &&
         output.body != places_[static_cast<size_t>(pending.inputs[0])].body;
}

// The ways to cut the step, few bands first.
std::vector<FunctionBuilder::Cut> FunctionBuilder::cuts_of(size_t step) {
  std::vector<Cut> cuts;
  if (!may_overwrite(step)) return cuts;
  const PendingStep& pending = steps_[step];
  const MoteWindow window = window_of(pending);
  const int64_t out = axis_of(window).out, grain = grain_of(out);
  const int64_t work = work_of(pending);
  const int64_t least = shared_.options.min_memory ? 0 : kBandWork * shared_.options.threads;
  const Distance in_bytes =
      static_cast<Distance>(function_.tensors[static_cast<size_t>(pending.inputs[0])].size_bytes);
  const Distance out_bytes =
      static_cast<Distance>(function_.tensors[static_cast<size_t>(pending.outputs[0])].size_bytes);
  for (int64_t count = 2; count <= (shared_.options.min_memory ? 64 : 16); count *= 2) {
    const int64_t rows = ((out + count - 1) / count + grain - 1) / grain * grain;
    if (work / out * rows < least) break;
    if (rows >= out || (!cuts.empty() && cuts.back().rows == rows)) continue;
    const Overlap overlap = band_overlap(pending, bands_of(window, rows));
    const Distance saved = in_bytes + out_bytes - joint_bytes(overlap, in_bytes, out_bytes);
    if (saved > 0) cuts.push_back({step, rows, saved, overlap});
  }
  // What a kernel takes depends little on how many rows: ask for the finest cut alone.
  while (!cuts.empty() && !kernel_takes(pending, cuts.back().rows)) cuts.pop_back();
  return cuts;
}

// The fewest bands that bring every step below what the steps that can't be cut need anyway.
std::vector<FunctionBuilder::Cut> FunctionBuilder::choose_cuts(
    const std::vector<std::ptrdiff_t>& live) {
  std::vector<std::vector<Cut>> cuts(steps_.size());
  Distance target = 0;
  for (size_t t = 0; t < live.size(); ++t) {
    const bool is_step = t > 0 && t <= steps_.size();
    // Steps far below the peak need no cut; asking what their kernels take costs time.
    Distance saved = 0;
    if (is_step && live[t] > target) {
      cuts[t - 1] = cuts_of(t - 1);
      for (const Cut& cut : cuts[t - 1]) saved = std::max(saved, cut.saved);
    }
    target = std::max(target, live[t] - saved);
  }
  std::vector<Cut> chosen;
  for (size_t s = 0; s < steps_.size(); ++s) {
    if (live[s + 1] <= target) continue;
    const auto cut = std::find_if(cuts[s].begin(), cuts[s].end(),
                                  [&](const Cut& c) { return live[s + 1] - c.saved <= target; });
    if (cut != cuts[s].end() && kernel_takes(steps_[s], cut->rows)) chosen.push_back(*cut);
  }
  return chosen;
}

// The step, or its bands if the layout made use of the cut.
std::vector<FunctionBuilder::PendingStep> FunctionBuilder::cut_step(const PendingStep& pending,
                                                                    const Cut& cut) {
  const auto input = static_cast<size_t>(pending.inputs[0]);
  const auto output = static_cast<size_t>(pending.outputs[0]);
  const auto at = [&](size_t tensor) {
    return static_cast<std::ptrdiff_t>(function_.tensors[tensor].offset);
  };
  const auto bytes = [&](size_t tensor) {
    return static_cast<std::ptrdiff_t>(function_.tensors[tensor].size_bytes);
  };
  if (at(input) + bytes(input) <= at(output) || at(output) + bytes(output) <= at(input))
    return {pending};
  std::vector<PendingStep> steps;
  for (const Band& band : bands_of(window_of(pending), cut.rows))
    steps.push_back(
        band_step(pending, band, input_rows(pending, band), output_rows(pending, band)));
  if (at(input) - at(output) < cut.overlap.up) std::reverse(steps.begin(), steps.end());
  return steps;
}

void FunctionBuilder::cut_steps(const std::vector<Cut>& cuts) {
  if (cuts.empty()) return;
  std::vector<PendingStep> steps;
  auto next = cuts.begin();  // in the order of the steps
  for (size_t s = 0; s < steps_.size(); ++s) {
    if (next != cuts.end() && next->step == s) {
      for (PendingStep& step : cut_step(steps_[s], *next)) steps.push_back(std::move(step));
      ++next;
    } else {
      steps.push_back(std::move(steps_[s]));
    }
  }
  steps_ = std::move(steps);
}

}  // namespace mote::plan
