// The one interface of every kernel: raw pointers, no heap, no exceptions, no knowledge of graphs.
//
// A family is a folder:
//   <family>/<family>.h       parameter structs (plain C99, no pointers, 4- and 8-byte fields)
//   <family>/ref.h            plain C99, `static inline`: what the operator means. Judge of every
//                             other row, fallback at run time, and the text that generated C ships
//   <family>/<family>.cpp     the rows: adaptors from Args to ref.h and to faster bodies, in order
//                             of preference
//   <family>/generic-inl.h    faster portable bodies, where there are any
//   <family>/avx2.cpp, ...    rows for one processor, compiled for it
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "simd/cpu.h"

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
  // So many of the packed bytes, at their start, depend on the image that the parameters describe;
  // the row finds out for itself when it runs on another one with the same weights.
  size_t packed_image_bytes = 0;
  // Its rounding errors may exceed those of sums in any order (Winograd); users can turn such rows
  // off.
  bool approximate = false;
};

// Rows that need a processor's instructions. They come from a translation unit that is compiled for
// it (<family>/avx2.cpp and so on), whose list is empty where the compiler has another target.
struct ProcessorRows {
  simd::Isa isa;
  std::span<const Kernel> rows;
};

// Rows in order of preference: first those of `fast` that this processor can run, then the portable
// ones. The last is the reference, which declines nothing.
struct Family {
  const char* name;
  std::span<const Kernel> rows;
  std::array<const ProcessorRows*, 8> fast = {};  // best first; null past the end

  const Kernel& reference() const { return rows.back(); }
  bool is_reference(const Kernel& row) const { return !rows.empty() && &row == &rows.back(); }

  // Calls visit(row, isa) for every row, in order of preference, until it returns true.
  template <class Visit>
  void visit_rows(const Visit& visit) const {
    for (const ProcessorRows* list : fast) {
      if (!list) break;
      for (const Kernel& row : list->rows) {
        if (visit(row, list->isa)) return;
      }
    }
    for (const Kernel& row : rows) {
      if (visit(row, simd::Isa::portable)) return;
    }
  }

  // Calls test(row) for every row that this processor can run with the parameters.
  template <class Test>
  void each_usable(const void* params, const Test& test) const {
    visit_rows([&](const Kernel& row, simd::Isa isa) {
      if (simd::has(isa) && !(row.declines && row.declines(params))) test(row);
      return false;
    });
  }
};

}  // namespace mote::kernels
