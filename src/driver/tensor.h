// Arrays of numbers on their way in and out of a model: types converted, quantized and dequantized,
// drawn at random, cut into samples.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/array.h"
#include "graph/type.h"

namespace mote::driver {

using formats::Array;

// The numbers that the array stands for: scale * (stored - zero point) where `quant` is not empty,
// else the stored values. Complex elements give two numbers. Text has none and is an Error.
std::vector<double> real_values(const Array& array, const Quantization& quant = {});

// Numbers as elements of `type`: quantized with its parameters if it has any, else rounded and
// clamped for integers. `values` has one number for each element of `shape`.
Array from_real(const std::vector<double>& values, const TensorType& type, const Shape& shape);

// How an array of the user's becomes an input of the model.
enum class Conversion : uint8_t { none, cast, quantized };
const char* name_of(Conversion conversion);
// An array of exactly `type.dtype`. Of the same type it is taken as it is; numbers of another type
// are cast, or quantized if the input is.
Array to_input(const Array& array, const TensorType& type, Conversion* how = nullptr);

// Seeded random input: floats in [low, high), quantized types over their whole range, integers and
// booleans 0 or 1 (so that they are valid indices).
Array random_array(const TensorType& type, const Shape& shape, uint64_t seed, double low = -1,
                   double high = 1);

// Elements [index * count, (index + 1) * count) of axis 0. The last slice is filled up with copies
// of the last row.
Array slice_rows(const Array& array, int64_t index, int64_t count);

// The first element of a float array that is a NaN.
std::optional<size_t> find_nan(const Array& array);
// Throws a user Error if a float array holds a NaN or an infinity. `what` names the array.
void require_finite(const Array& array, const std::string& what);

}  // namespace mote::driver
