#include "kernels/common/fast_rows.h"

#include <string_view>

namespace mote::kernels {
namespace {

std::string_view family_of(const Kernel& row) {
  const std::string_view name = row.name;
  return name.substr(0, name.find("__"));
}

}  // namespace

FamilyTable with_fast_rows(std::span<const Family> families,
                           std::initializer_list<ProcessorRows> lists) {
  FamilyTable table;
  table.families.assign(families.begin(), families.end());
  for (Family& family : table.families) {
    size_t used = 0;
    for (const ProcessorRows& list : lists) {
      size_t first = 0, count = 0;
      for (size_t i = 0; i < list.rows.size(); ++i) {
        if (family_of(list.rows[i]) != family.name) continue;
        if (count++ == 0) first = i;
      }
      if (count == 0) continue;
      family.fast.at(used++) =
          &table.rows.emplace_back(ProcessorRows{list.isa, list.rows.subspan(first, count)});
    }
  }
  return table;
}

}  // namespace mote::kernels
