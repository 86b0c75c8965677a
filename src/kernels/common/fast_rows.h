// Rows of many families in one list: a file that is compiled for a processor has one, and the
// families that come as a table take theirs from it.
#pragma once

#include <list>
#include <span>
#include <vector>

#include "kernels/kernel.h"

// "add_f32" -> "add_f32__avx2"
#define MOTE_STRING_OF(x) #x
#define MOTE_STRING(x) MOTE_STRING_OF(x)
#define MOTE_ROW_NAME(family) family "__" MOTE_STRING(MOTE_ISA)

namespace mote::kernels {

struct FamilyTable {
  std::vector<Family> families;
  std::list<ProcessorRows> rows;  // what the families point to
};

// The families, with the rows of each list (best processor first) whose names start with theirs and
// "__" in front. Rows of one family are neighbours.
FamilyTable with_fast_rows(std::span<const Family> families,
                           std::initializer_list<ProcessorRows> lists);

}  // namespace mote::kernels
