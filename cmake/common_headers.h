// Precompiled for every layer: the standard headers and fmt take longer to read than most of our sources.
// Sources still include what they use; the CI builds them without this file too.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>
