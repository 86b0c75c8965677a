// Tables of quantized functions, built when a model is prepared. docs/numerics/elementwise.md
// defines them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "kernels/common/quantization.h"

namespace mote::kernels {

using Table8 = std::array<uint8_t, 256>;

// What a table is of.
enum class TableOp : uint8_t {
  abs,
  elu,
  exp,
  gelu,
  gelu_tanh,
  hard_swish,
  leaky_relu,  // `alpha` is the slope below 0
  log,
  logistic,
  relu,
  relu6,
  relu_n1_to_1,
  relu_0_to_1,
  rsqrt,
  sqrt,
  tanh,
};

// One byte to one byte: int8 to int8, or uint8 to uint8 where `is_signed` is false.
Table8 table_8(TableOp op, const Affine& x, const Affine& y, bool is_signed, float alpha = 0.0f);

// int16 to int16: 512 intervals and their end. elu, exp, gelu, gelu_tanh, log, rsqrt.
std::vector<int16_t> table_16(TableOp op, const Affine& x, const Affine& y);

// The two tables of the 16-bit softmax: exp over [-10, 0], and 1/(1+x) over [0, 1].
std::vector<int16_t> softmax_exp_table();
std::vector<int16_t> softmax_reciprocal_table();

// sigmoid(i / 24) * 2^16, i in [0, 255), moved by half the error that a straight line to the next
// entry has in the middle, and rounded; the last entry is 65535.
std::vector<uint16_t> sigmoid_table();

}  // namespace mote::kernels
