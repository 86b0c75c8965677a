// Rows for processors that neither this machine nor QEMU is: their own code, but for the one
// instruction, through the shapes that their families have anyway.
#include <list>

#include "case.h"
#include "emulated.h"
#include "kernels/conv2d/families.h"
#include "kernels/fully_connected/families.h"

namespace mote::kernels::shapes {
namespace {

struct Emulated {
  const Family* of;
  Family family;
};

// The portable rows of `of` (its reference among them) below the emulated ones.
Emulated emulated(const char* name, const Family& of, const ProcessorRows& rows) {
  return {&of, {name, of.rows, {&rows}}};
}

const std::list<Emulated>& families() {
  static const std::list<Emulated> all = {
      emulated("conv2d_int_dots", kConv2dInt, kConv2dIntDots),
      emulated("conv2d_hybrid_dots", kConv2dHybrid, kConv2dHybridDots),
      emulated("fully_connected_int_dots", kFullyConnectedInt, kFullyConnectedIntDots),
      emulated("fully_connected_hybrid_dots", kFullyConnectedHybrid, kFullyConnectedHybridDots),
  };
  return all;
}

}  // namespace

void add_emulated_generators(std::vector<Generator>& all) {
  for (const Emulated& e : families()) {
    if (e.family.fast[0]->rows.empty()) continue;
    const size_t count = all.size();
    for (size_t i = 0; i < count; ++i) {
      if (all[i].family != e.of) continue;
      all.push_back({&e.family, all[i].weight / 2, all[i].draw});
    }
  }
}

}  // namespace mote::kernels::shapes
