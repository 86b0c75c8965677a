// cast         y = x in another element type, by value: real numbers are truncated and saturate
// quantize     y = x as an integer with y's scale and zero point; of a quantized x: rescaled
// dequantize   y = the real numbers that quantized (or float16) x stands for
// fake_quant   y = x, quantized to num_bits over [min, max] and dequantized
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct CastAttrs {
  DType in_dtype = DType::f32;
  DType out_dtype = DType::f32;
};
inline void fields(AttrVisitor& v, CastAttrs& a) {
  v("in_dtype", a.in_dtype);
  v("out_dtype", a.out_dtype);
}

struct FakeQuantAttrs {
  float min = 0.0f;
  float max = 0.0f;
  int32_t num_bits = 0;
  bool narrow_range = false;
};
inline void fields(AttrVisitor& v, FakeQuantAttrs& a) {
  v("min", a.min);
  v("max", a.max);
  v("num_bits", a.num_bits);
  v("narrow_range", a.narrow_range);
}

}  // namespace mote::ops
