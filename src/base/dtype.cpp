#include "base/dtype.h"

#include <array>

namespace mote {
namespace {

struct Row {
  std::string_view name;
  int bits;
};
constexpr std::array<Row, kDTypeCount> kRows = {{{"float32", 32},
                                                 {"float16", 16},
                                                 {"float64", 64},
                                                 {"bfloat16", 16},
                                                 {"int4", 4},
                                                 {"int8", 8},
                                                 {"int16", 16},
                                                 {"int32", 32},
                                                 {"int64", 64},
                                                 {"uint8", 8},
                                                 {"uint16", 16},
                                                 {"uint32", 32},
                                                 {"uint64", 64},
                                                 {"bool", 8},
                                                 {"complex64", 64},
                                                 {"complex128", 128},
                                                 {"string", 0},
                                                 {"resource", 0},
                                                 {"variant", 0}}};
static_assert(static_cast<int>(DType::variant) == kDTypeCount - 1);

}  // namespace

int bits_of(DType dtype) { return kRows[static_cast<size_t>(dtype)].bits; }

size_t bytes_of(DType dtype, int64_t count) {
  const auto bits = static_cast<size_t>(bits_of(dtype));
  const auto n = static_cast<size_t>(count);
  return bits >= 8 ? n * (bits / 8) : (n * bits + 7) / 8;
}

std::string_view name_of(DType dtype) { return kRows[static_cast<size_t>(dtype)].name; }

bool parse_dtype(std::string_view name, DType* out) {
  for (size_t i = 0; i < kRows.size(); ++i) {
    if (kRows[i].name == name) return *out = static_cast<DType>(i), true;
  }
  return false;
}

}  // namespace mote
