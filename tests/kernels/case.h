// One call of a family: parameters and tensors, and how near to the reference its outputs must be.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kernels/kernel.h"
#include "random.h"

namespace mote::kernels::shapes {

struct Input {
  Bytes bytes;
  size_t element_bytes = 1;
  bool absent = false;  // an optional input that is not there
};

// What an element may differ by. `none`: not at all (floats: equal, or both not a number).
struct Output {
  size_t size_bytes = 0;
  size_t element_bytes = 1;
  bool is_float = false;
  // State is read before it is written; other outputs start as garbage.
  std::optional<Bytes> state = std::nullopt;
  // Absolute differences that are allowed, one an element; empty: none.
  std::vector<double> bound = {};
  // What a Winograd row may differ by anywhere; below 0: not compared.
  double winograd_bound = -1;
  bool absent = false;  // an optional output that is not wanted
};

struct Case {
  const Family* family = nullptr;
  std::vector<uint64_t> params;  // the family's struct; aligned
  std::vector<Input> in;
  std::vector<Output> out;
  // The input whose memory output 0 may take; -1: none.
  int may_reuse = -1;
  // Bounds that depend on what the reference computed: called with its outputs.
  std::function<void(Case&, const std::vector<Bytes>&)> set_bounds;
  std::string text;  // what a reader wants to know of the shape

  const void* params_data() const { return params.data(); }

  template <class Params>
  void set_params(const Params& p) {
    params.assign((sizeof(Params) + 7) / 8, 0);
    std::memcpy(params.data(), &p, sizeof p);
  }
  void add(Bytes bytes, size_t element_bytes) { in.push_back({std::move(bytes), element_bytes}); }
  void add_absent() { in.push_back({{}, 1, true}); }
  void add_absent_output() { out.push_back({.absent = true}); }
  void add_output(int64_t elements, size_t element_bytes, bool is_float = false) {
    out.push_back({static_cast<size_t>(elements) * element_bytes, element_bytes, is_float});
  }
};

// The reference's outputs, computed in one piece.
std::vector<Bytes> run_reference(const Case& c);

// u = 2^-24. n roundings in a row change a number by at most gamma(n) of its size (Higham,
// "Accuracy and Stability of Numerical Algorithms", 3.1).
inline double gamma(int64_t n) {
  const double nu = static_cast<double>(n) * 0x1p-24;
  return nu < 0.5 ? nu / (1 - nu) : 1e30;
}

// For output 0 = float sums of `terms` products (bias included): twice gamma(terms + 1) of the sum
// of the products' sizes, because the row and the reference both err, and what underflows. The
// sizes are what the reference computes from the inputs' absolute values under `open_params`, which
// do not clamp. `inputs`: which of the inputs are float, or halves if they have two bytes.
template <class Params>
void bound_by_sizes(Case& c, const Params& open_params, std::initializer_list<size_t> inputs,
                    int64_t terms) {
  Case sizes;
  sizes.family = c.family;
  sizes.set_params(open_params);
  sizes.in = c.in;
  sizes.out.push_back({c.out[0].size_bytes, 4, true});
  for (const size_t i : inputs) {
    if (sizes.in[i].element_bytes == 2) {
      for (size_t k = 1; k < sizes.in[i].bytes.size(); k += 2) sizes.in[i].bytes[k] &= 0x7f;
      continue;
    }
    std::vector<float> values = elements_of<float>(sizes.in[i].bytes);
    for (float& v : values) v = std::fabs(v);
    sizes.in[i].bytes = bytes_of(values);
  }
  for (const float size : elements_of<float>(run_reference(sizes)[0])) {
    c.out[0].bound.push_back(2 * gamma(terms + 1) * static_cast<double>(size) +
                             static_cast<double>(terms + 1) * 0x1p-148);
  }
}

// Output 0 within `ulps` units in the last place of what the reference has, and `least` besides.
inline void bound_by_ulps(Case& c, double ulps, double least = 0) {
  c.set_bounds = [ulps, least](Case& k, const std::vector<Bytes>& want) {
    k.out[0].bound.clear();
    for (const float y : elements_of<float>(want[0])) {
      const double size = std::max(std::fabs(static_cast<double>(y)), 0x1p-126);
      k.out[0].bound.push_back(ulps * size * 0x1p-23 + least);
    }
  };
}

// A family, how often it is drawn, and what draws a case of it.
struct Generator {
  const Family* family;
  int weight;
  std::function<void(Random&, Case&)> draw;
};

void add_mac_generators(std::vector<Generator>& all);
void add_window_generators(std::vector<Generator>& all);
void add_element_generators(std::vector<Generator>& all);
void add_row_generators(std::vector<Generator>& all);
void add_movement_generators(std::vector<Generator>& all);
void add_indexing_generators(std::vector<Generator>& all);
void add_recurrent_generators(std::vector<Generator>& all);
void add_fused_generators(std::vector<Generator>& all);
// Families of rows whose instruction is emulated; after those of the families that they are of.
void add_emulated_generators(std::vector<Generator>& all);

}  // namespace mote::kernels::shapes
