// The one interface of every kernel: raw pointers, no heap, no exceptions, no knowledge of graphs.
//
// A family is a folder:
//   <family>/<family>.h    parameter structs (plain C99, no pointers, 4- and 8-byte fields) and the
//   family's kernels <family>/ref.h         plain C99, `static inline`: what the operator means.
//   Judge of every other row, fallback at
//                          run time, and the text that generated C ships
//   <family>/<family>.cpp  the rows: adaptors from Args to ref.h and to faster bodies, in order of
//   preference <family>/generic-inl.h faster portable bodies, where there are any
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace mote::kernels {

// What a kernel's run returns. Only operators that index by data can fail.
enum Code : int {
  kOk = 0,
  kIndexOutOfRange = 1,
  kDivisionByZero = 2,
};

struct Args {
  const void* params;  // the family's parameter struct
  const void* const*
      in;  // inputs, in the order that the family documents; null where optional and absent
  void* const* out;  // outputs; never overlap an input unless the operator's record allows reuse
  void* scratch;     // the row's scratch_bytes, private to this call, 64-byte aligned
};

// Computes units [begin, end) of the step's work. Units are independent of each other, so several
// threads may run disjoint ranges of one step at once; a kernel that can't be split has one unit.
using Run = int (*)(const Args& args, int64_t begin, int64_t end);

struct Kernel {
  const char* name;  // "conv2d_f32__generic"
  Run run;
  // Why this row can't run with these parameters; null if it can. A null function takes everything.
  const char* (*declines)(const void* params) = nullptr;
  // How many units the work has; a null function means one.
  int64_t (*units)(const void* params) = nullptr;
  // Scratch that each concurrent call needs; a null function means none.
  size_t (*scratch_bytes)(const void* params) = nullptr;
  // Rows that read their weights in a layout of their own say how large it is and fill it, once,
  // when the model is prepared. `pack_input` is the input that is replaced.
  int pack_input = -1;
  size_t (*packed_bytes)(const void* params) = nullptr;
  void (*pack)(const void* params, const void* weights, void* packed) = nullptr;
};

// Rows in order of preference. The last is the reference, which declines nothing.
struct Family {
  const char* name;
  std::span<const Kernel> rows;

  // The first row that takes the parameters, or the reference itself.
  const Kernel& choose(const void* params, bool reference = false) const {
    if (!reference) {
      for (const Kernel& row : rows) {
        if (!row.declines || !row.declines(params)) return row;
      }
    }
    return rows.back();
  }
};

}  // namespace mote::kernels
