// Array: what the container formats (npy, npz, HDF5) hold: numbers with a type and a shape.
#pragma once

#include "base/buffer.h"
#include "base/dtype.h"
#include "base/shape.h"

namespace mote::formats {

struct Array {
  DType dtype = DType::f32;
  Shape shape;
  Buffer data;  // row-major, little-endian, exactly shape.bytes(dtype) long, aligned for the type
};

}  // namespace mote::formats
