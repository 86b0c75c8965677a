// Which rows are built: all of them, or, in a library for chosen models (-DMOTE_OPERATORS), those
// that the models take. Families and lists name a table of rows as chosen<kTable>; what is left out
// is then referred to by nothing, and compilers drop it.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "kernels/chosen_rows.h"
#include "kernels/kernel.h"

namespace mote::kernels {

// A row without a name is not there for its types.
constexpr bool is_chosen(const Kernel& row) {
  if (!row.name) return false;
  if (kAllRows) return true;
  return std::ranges::find(kChosenRows, std::string_view(row.name)) != std::end(kChosenRows);
}

template <const auto& kTable>
inline constexpr auto kChosenOf = [] {
  constexpr auto kCount = static_cast<size_t>(std::ranges::count_if(kTable, is_chosen));
  std::array<Kernel, kCount> rows{};
  std::ranges::copy_if(kTable, rows.begin(), is_chosen);
  return rows;
}();

template <const auto& kTable>
constexpr std::span<const Kernel> chosen_of() {
  if constexpr (std::ranges::all_of(kTable, is_chosen)) {
    return kTable;
  } else {
    return kChosenOf<kTable>;
  }
}

template <const auto& kTable>
inline constexpr std::span<const Kernel> chosen = chosen_of<kTable>();

}  // namespace mote::kernels
