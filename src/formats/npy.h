// NumPy's .npy files (format versions 1 to 3) and .npz archives, stored or deflated.
//
// Big-endian and Fortran-ordered arrays are converted; text, objects and records are refused.
// Failures throw an Error that names the file, the array and what to do.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "formats/array.h"

namespace mote::formats {

using NamedArrays = std::vector<std::pair<std::string, Array>>;

// `label` names the bytes in messages.
Array parse_npy(const Buffer& bytes, const std::string& label);
std::vector<std::byte> format_npy(const Array& array);

Array load_npy(const std::string& path);
void save_npy(const std::string& path, const Array& array);

// In the archive's order, names without ".npy".
NamedArrays load_npz(const std::string& path);
void save_npz(const std::string& path, const NamedArrays& arrays, bool deflate = true);

}  // namespace mote::formats
