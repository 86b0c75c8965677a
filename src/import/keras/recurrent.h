// Recurrent cells run over a sequence, by the operator that does it whole where there is one,
// unrolled where the sequence is short, and as a loop otherwise.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "import/keras/importers.h"

namespace mote::keras {

enum class CellKind : uint8_t { lstm, gru, simple };

struct Cell {
  CellKind kind = CellKind::lstm;
  int64_t units = 0;
  Config activation, recurrent_activation;
  bool reset_after = true;       // GRU
  std::vector<float> kernel;     // [input, gates * units]
  std::vector<float> recurrent;  // [units, gates * units]
  std::vector<float> bias;       // [gates * units], twice for GRU with reset_after; empty: none
  int64_t input = 0;

  int64_t gates() const { return kind == CellKind::lstm ? 4 : kind == CellKind::gru ? 3 : 1; }
  size_t states() const { return kind == CellKind::lstm ? 2 : 1; }
};

// From a cell layer, or a recurrent layer whose configuration is its cell's as well.
Cell read_cell(const Layer& layer, CellKind kind);

struct Sequence {
  ValueId x = kNoValue;            // [batch, time, input]
  ValueId mask = kNoValue;         // [batch, time]
  std::vector<ValueId> initial;    // states; empty: zeros
  bool backwards = false;          // from the last step to the first
  bool zero_where_masked = false;  // outputs of masked steps are zero, not the last one's
  bool all_outputs = false;        // the output of every step
  bool want_states = false;
};

struct SequenceResult {
  ValueId output = kNoValue;    // [batch, time, units] in the order of the steps, or [batch, units]
  std::vector<ValueId> states;  // if wanted
};

SequenceResult run_cell(Call& call, const Cell& cell, const Sequence& sequence);

}  // namespace mote::keras
