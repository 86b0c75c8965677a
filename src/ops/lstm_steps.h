// What the LSTM operators share: where a cell's tensors are among a node's inputs, the check of
// their shapes, and lowering.
#pragma once

#include "graph/attrs.h"
#include "ops/lower.h"

namespace mote::ops {

// Input numbers of one direction; -1 where the operator has none.
struct LstmLayout {
  int x = 0;
  int weights = 1;  // 17 from here on: W_x, W_h, peepholes, biases, projection
  int h = 18;
  int c = 19;
  int norm = 20;         // four
  int aux = -1;          // second input
  int aux_weights = -1;  // four
};

// How a sequence lies in memory and what is done along it.
struct LstmRun {
  Activation activation = Activation::none;
  float cell_clip = 0;
  float proj_clip = 0;
  bool time_major = false;
  bool asymmetric = false;
  bool backward = false;
  int output = 0;
  int64_t output_offset = 0;  // within the last axis
};

struct LstmSizes {
  int64_t batch, steps, input, aux, cell, output;
};

// Checks every tensor of the cell against the sizes that x and the output gate's weights give.
// Unknown extents of x stay -1.
LstmSizes checked_lstm(const NodeView& c, const LstmLayout& layout, bool time_major);

// One step of a kernel for the plain cell (fused.h of the kernels), if it is one and its weights
// are constant; false if not.
bool lower_lstm_fused(LowerContext& c, const LstmLayout& layout, const LstmRun& run);
void lower_lstm_float(LowerContext& c, const LstmLayout& layout, const LstmRun& run);
// x, h and weights int8, c int16; needs five intermediates.
void lower_lstm_int8(LowerContext& c, const LstmLayout& layout, const LstmRun& run);

}  // namespace mote::ops
