// Whether src/base/fmt.cpp has all of {fmt} that programs link.
#include <fmt/format.h>

int main() { return static_cast<int>(fmt::format("{} {:.3} {}", 1.5, 2.5f, "text").size()); }
