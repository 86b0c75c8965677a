// Sparse constants, spelled out. Mote computes with dense weights.
#pragma once

#include "base/buffer.h"
#include "base/shape.h"
#include "formats/tflite_reader.h"

namespace mote::tflite {

// `sparsity` is the tensor's SparsityParameters, `values` its non-zero elements in storage order.
// Returns all elements of `shape`, row-major. Everything is checked.
Buffer densify(const Table& sparsity, DType dtype, const Shape& shape, const Buffer& values);

}  // namespace mote::tflite
