// The GRU by vectors, compiled for each processor that a file is compiled for.
//
// The products of x are hoisted out of the time loop: kBlock steps at once, as one matrix product.
// A step then makes the products of h, and the gates of a unit are lanes of three registers.
#pragma once

#include "kernels/common/fast_rows.h"
#include "kernels/common/recurrent_vec-inl.h"
#include "kernels/gru/gru.h"
#include "kernels/kernel.h"

namespace mote::kernels::MOTE_ISA {
namespace {

constexpr int kGates = 3;
constexpr int64_t kBlock = 12;  // steps
constexpr int64_t kGroupSize = kGates * v::kLanes;

const MoteGru& gru(const void* params) { return *static_cast<const MoteGru*>(params); }

int64_t gru_units(const void* params) { return gru(params).batch; }

// The sums of a block [kBlock, groups, 3, lanes], the bias of h [groups, 3, lanes], then the next h
// [groups, lanes].
size_t gru_scratch_bytes(const void* params) {
  const int64_t groups = groups_of(gru(params).units);
  return static_cast<size_t>(groups * ((kBlock + 1) * kGroupSize + v::kLanes)) * sizeof(float);
}

// Packed: the weights of x, then those of h.
size_t gru_packed_bytes(const void* params) {
  const MoteGru& p = gru(params);
  const int64_t weights = groups_of(p.units) * kGroupSize * (p.input + p.units);
  return static_cast<size_t>(weights) * (p.half_weights ? sizeof(uint16_t) : sizeof(float));
}

template <class W>
void pack_gru(const MoteGru& p, const float* w, W* packed) {
  const int64_t row = p.input + p.units;
  pack_gates(w, kGates, p.units, row, 0, p.input, packed);
  pack_gates(w, kGates, p.units, row, p.input, p.units,
             packed + groups_of(p.units) * kGroupSize * p.input);
}

void gru_pack(const void* params, const void* weights, void* packed) {
  const MoteGru& p = gru(params);
  const auto* w = static_cast<const float*>(weights);
  if (p.half_weights) {
    pack_gru(p, w, static_cast<uint16_t*>(packed));
  } else {
    pack_gru(p, w, static_cast<float*>(packed));
  }
}

// [gates, units] to [groups, gates, lanes].
void regroup(const float* from, int64_t units, float* to) {
  for (int64_t unit = 0; unit < units; unit += v::kLanes) {
    const int64_t n = units - unit < v::kLanes ? units - unit : v::kLanes;
    for (int gate = 0; gate < kGates; ++gate, to += v::kLanes) {
      v::store(to, v::load_part(from + gate * units + unit, n));
    }
  }
}

template <class W>
struct GruBatch {
  const MoteGru& p;
  const W* x_weights;
  const W* h_weights;
  const float* bias_x;
  float* h;
  float* sums;    // of x
  float* bias_h;  // regrouped
  float* next;

  void update(const v::F32 (&from_x)[kGates], const v::F32 (&from_h)[kGates], int64_t unit,
              int64_t n) const {
    const v::F32 z = v::sigmoid(from_x[0] + from_h[0]);
    const v::F32 reset = v::sigmoid(from_x[1] + from_h[1]);
    const v::F32 candidate = v::tanh(v::fma(reset, from_h[2], from_x[2]));
    v::store(next + unit, v::fma(z, v::load_part(h + unit, n) - candidate, candidate));
  }

  template <int kGroups>
  void groups(const float* projected, int64_t group) const {
    v::F32 from_h[kGroups][kGates];
    for (int g = 0; g < kGroups; ++g) {
      for (int i = 0; i < kGates; ++i) {
        from_h[g][i] = v::load(bias_h + (group + g) * kGroupSize + i * v::kLanes);
      }
    }
    add_product<kGroups, kGates>(h_weights + group * p.units * kGroupSize, h, p.units, from_h);
    for (int g = 0; g < kGroups; ++g) {
      v::F32 from_x[kGates];
      for (int i = 0; i < kGates; ++i) {
        from_x[i] = v::load(projected + (group + g) * kGroupSize + i * v::kLanes);
      }
      const int64_t unit = (group + g) * v::kLanes, left = p.units - unit;
      update(from_x, from_h[g], unit, left < v::kLanes ? left : v::kLanes);
    }
  }

  void step(const float* projected, float* y) const {
    const int64_t count = groups_of(p.units);
    int64_t group = 0;
    for (; group + 3 <= count; group += 3) groups<3>(projected, group);
    if (count - group == 2) groups<2>(projected, group);
    if (count - group == 1) groups<1>(projected, group);
    const size_t bytes = static_cast<size_t>(p.units) * sizeof(float);
    std::memcpy(h, next, bytes);
    if (y) std::memcpy(y, next, bytes);
  }

  void run(const float* x, float* y) const {
    const int64_t row = groups_of(p.units) * kGroupSize;
    for (int64_t done = 0; done < p.steps; done += kBlock) {
      const int64_t n = p.steps - done < kBlock ? p.steps - done : kBlock;
      const float* from = x + done * p.x_step;
      if (p.input > 0) {
        project<kGates>(x_weights, bias_x, from, p.x_step, n, p.input, p.units, sums);
      } else {
        for (int64_t i = 0; i < n; ++i) regroup(from + i * p.x_step, p.units, sums + i * row);
      }
      for (int64_t i = 0; i < n; ++i) step(sums + i * row, y ? y + (done + i) * p.y_step : nullptr);
    }
  }
};

template <class W>
void run_gru_batches(const Args& args, int64_t begin, int64_t end) {
  const MoteGru& p = gru(args.params);
  const int64_t row = groups_of(p.units) * kGroupSize;
  const auto* w = static_cast<const W*>(args.in[1]);
  const auto* bias_h = static_cast<const float*>(args.in[3]);
  auto* sums = static_cast<float*>(args.scratch);
  float* regrouped = sums + kBlock * row;
  if (bias_h) {
    regroup(bias_h, p.units, regrouped);
  } else {
    std::memset(regrouped, 0, static_cast<size_t>(row) * sizeof(float));
  }
  auto* y = static_cast<float*>(args.out[1]);
  for (int64_t b = begin; b < end; ++b) {
    float* h = static_cast<float*>(args.out[0]) + b * p.units;
    const float* first = static_cast<const float*>(args.in[4]) + b * p.units;
    if (h != first) std::memcpy(h, first, static_cast<size_t>(p.units) * sizeof(float));
    const GruBatch<W> batch{p, w,    w + row * p.input, static_cast<const float*>(args.in[2]),
                            h, sums, regrouped,         regrouped + row};
    batch.run(static_cast<const float*>(args.in[0]) + b * p.x_batch,
              y ? y + b * p.y_batch : nullptr);
  }
}

// With input = 0, bias_x belongs to x.
const char* gru_declines(const void* params) {
  return gru(params).units > 0 ? nullptr : "there are no units";
}

int run_gru(const Args& args, int64_t begin, int64_t end) {
  if (gru(args.params).half_weights) {
    run_gru_batches<uint16_t>(args, begin, end);
  } else {
    run_gru_batches<float>(args, begin, end);
  }
  return kOk;
}

constexpr Kernel kRows[] = {{.name = MOTE_ROW_NAME("gru_f32"),
                             .run = run_gru,
                             .declines = gru_declines,
                             .units = gru_units,
                             .scratch_bytes = gru_scratch_bytes,
                             .pack_input = 1,
                             .packed_bytes = gru_packed_bytes,
                             .pack = gru_pack}};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA
