// The plain LSTM by vectors, compiled for each processor that a file is compiled for.
//
// The products of x are hoisted out of the time loop: kBlock steps at once, as one matrix product.
// A step then adds the products of h to them, and the gates of a unit are lanes of four registers.
#pragma once

#include "kernels/common/fast_rows.h"
#include "kernels/common/recurrent_vec-inl.h"
#include "kernels/kernel.h"
#include "kernels/lstm/fused_ref.h"

namespace mote::kernels::MOTE_ISA {
namespace {

constexpr int kGates = 4;
constexpr int64_t kBlock = 12;  // steps

const MoteLstmFused& fused(const void* params) {
  return *static_cast<const MoteLstmFused*>(params);
}

int64_t lstm_units(const void* params) { return fused(params).batch; }

// The sums of a block [kBlock, groups, 4, lanes], then the next h [groups, lanes].
size_t lstm_scratch_bytes(const void* params) {
  const int64_t padded = groups_of(fused(params).cell) * v::kLanes;
  return static_cast<size_t>((kBlock * kGates + 1) * padded) * sizeof(float);
}

// Packed: the weights of x, then those of h.
size_t lstm_packed_bytes(const void* params) {
  const MoteLstmFused& p = fused(params);
  const int64_t weights = groups_of(p.cell) * v::kLanes * kGates * (p.input + p.cell);
  return static_cast<size_t>(weights) * (p.half_weights ? sizeof(uint16_t) : sizeof(float));
}

template <class W>
void pack_lstm(const MoteLstmFused& p, const float* w, W* packed) {
  const int64_t row = p.input + p.cell;
  pack_gates(w, kGates, p.cell, row, 0, p.input, packed);
  pack_gates(w, kGates, p.cell, row, p.input, p.cell,
             packed + groups_of(p.cell) * v::kLanes * kGates * p.input);
}

void lstm_pack(const void* params, const void* weights, void* packed) {
  const MoteLstmFused& p = fused(params);
  const auto* w = static_cast<const float*>(weights);
  if (p.half_weights) {
    pack_lstm(p, w, static_cast<uint16_t*>(packed));
  } else {
    pack_lstm(p, w, static_cast<float*>(packed));
  }
}

// One batch. `sums` and `next` are the scratch.
template <class W>
struct LstmBatch {
  const MoteLstmFused& p;
  const W* x_weights;
  const W* h_weights;
  const float* bias;
  float* h;
  float* c;
  float* sums;
  float* next;

  // The new c and h of n <= kLanes units from their gates' sums.
  void update(const v::F32 (&gate)[kGates], int64_t unit, int64_t n) const {
    const v::F32 kept = v::sigmoid(gate[1]) * v::load_part(c + unit, n);
    v::F32 state = v::fma(v::sigmoid(gate[0]), v::tanh(gate[2]), kept);
    if (p.cell_clip > 0.0f) state = v::held(state, -p.cell_clip, p.cell_clip);
    v::store_part(c + unit, state, n);
    v::store(next + unit, v::sigmoid(gate[3]) * v::tanh(state));
  }

  template <int kGroups>
  void groups(const float* projected, int64_t group) const {
    constexpr int64_t kSize = kGates * v::kLanes;
    v::F32 gates[kGroups][kGates];
    for (int g = 0; g < kGroups; ++g) {
      for (int i = 0; i < kGates; ++i) {
        gates[g][i] = v::load(projected + (group + g) * kSize + i * v::kLanes);
      }
    }
    add_product<kGroups, kGates>(h_weights + group * p.cell * kSize, h, p.cell, gates);
    for (int g = 0; g < kGroups; ++g) {
      const int64_t unit = (group + g) * v::kLanes, left = p.cell - unit;
      update(gates[g], unit, left < v::kLanes ? left : v::kLanes);
    }
  }

  void step(const float* projected, float* y) const {
    const int64_t count = groups_of(p.cell);
    int64_t group = 0;
    for (; group + 2 <= count; group += 2) groups<2>(projected, group);
    if (group < count) groups<1>(projected, group);
    const size_t bytes = static_cast<size_t>(p.cell) * sizeof(float);
    std::memcpy(h, next, bytes);
    std::memcpy(y, next, bytes);
  }

  void run(const float* x, float* y) const {
    const int64_t row = groups_of(p.cell) * kGates * v::kLanes;
    for (int64_t done = 0; done < p.steps; done += kBlock) {
      const int64_t n = p.steps - done < kBlock ? p.steps - done : kBlock;
      // Backwards, the block's first row is its last step.
      const int64_t first = p.backward ? p.steps - done - n : done;
      project<kGates>(x_weights, bias, x + first * p.x_step, p.x_step, n, p.input, p.cell, sums);
      for (int64_t i = 0; i < n; ++i) {
        const int64_t r = p.backward ? n - 1 - i : i;
        step(sums + r * row, y + (first + r) * p.y_step);
      }
    }
  }
};

template <class W>
void run_lstm_batches(const Args& args, int64_t begin, int64_t end) {
  const MoteLstmFused& p = fused(args.params);
  const auto* w = static_cast<const W*>(args.in[1]);
  const int64_t padded = groups_of(p.cell) * v::kLanes;
  auto* sums = static_cast<float*>(args.scratch);
  for (int64_t b = begin; b < end; ++b) {
    const LstmBatch<W> batch{p,
                             w,
                             w + padded * kGates * p.input,
                             static_cast<const float*>(args.in[2]),
                             static_cast<float*>(args.out[1]) + b * p.cell,
                             static_cast<float*>(args.out[2]) + b * p.cell,
                             sums,
                             sums + kBlock * kGates * padded};
    batch.run(static_cast<const float*>(args.in[0]) + b * p.x_batch,
              static_cast<float*>(args.out[0]) + p.y_offset + b * p.y_batch);
  }
}

int run_lstm_fused(const Args& args, int64_t begin, int64_t end) {
  if (fused(args.params).half_weights) {
    run_lstm_batches<uint16_t>(args, begin, end);
  } else {
    run_lstm_batches<float>(args, begin, end);
  }
  return kOk;
}

constexpr Kernel kRows[] = {{.name = MOTE_ROW_NAME("lstm_fused_f32"),
                             .run = run_lstm_fused,
                             .units = lstm_units,
                             .scratch_bytes = lstm_scratch_bytes,
                             .pack_input = 1,
                             .packed_bytes = lstm_packed_bytes,
                             .pack = lstm_pack}};

}  // namespace
}  // namespace mote::kernels::MOTE_ISA
