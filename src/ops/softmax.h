// Normalizations along the last axis; y has x's shape and type.
//
//   softmax              exp(beta x) / sum of exp(beta x)
//   log_softmax          x - log(sum of exp(x))
//   l2_normalization     x / sqrt(sum of x^2)
//   local_response_normalization
//                        x / (bias + alpha * sum of x^2 in [c - radius, c + radius))^beta
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct SoftmaxAttrs {
  float beta = 1.0f;
};
inline void fields(AttrVisitor& v, SoftmaxAttrs& a) { v("beta", a.beta); }

struct L2NormalizationAttrs {
  Activation activation = Activation::none;  // only none
};
inline void fields(AttrVisitor& v, L2NormalizationAttrs& a) { v("activation", a.activation); }

struct LocalResponseNormalizationAttrs {
  int32_t radius = 0;
  float bias = 0.0f;
  float alpha = 0.0f;
  float beta = 0.0f;
};
inline void fields(AttrVisitor& v, LocalResponseNormalizationAttrs& a) {
  v("radius", a.radius);
  v("bias", a.bias);
  v("alpha", a.alpha);
  v("beta", a.beta);
}

}  // namespace mote::ops
