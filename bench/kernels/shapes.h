// The shapes that models spend their time in, one call of a family each.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/kernel.h"

namespace mote::bench {

// A tensor's bytes, 64-byte aligned.
class Tensor {
 public:
  explicit Tensor(size_t size_bytes) : words_(size_bytes / 64 + 1) {}
  template <class T>
  T* as() {
    return reinterpret_cast<T*>(words_.data());
  }

 private:
  struct alignas(64) Line {
    unsigned char bytes[64];
  };
  std::vector<Line> words_;
};

struct Shape {
  std::string name;  // "conv2d_i8 64->64 25x5, 7-bit weights"
  const kernels::Family* family = nullptr;
  std::vector<uint64_t> params;  // the family's struct
  std::vector<Tensor> in, out;
  std::vector<bool> absent;  // of `in`
  double work = 0;           // multiply-accumulates, or elements of the output
  const char* unit = "MAC";  // or "element"
  double limit = 0;          // units a cycle that AVX2 can reach (research page); 0: not known
};

std::vector<Shape> all_shapes();

}  // namespace mote::bench
