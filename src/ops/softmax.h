// Normalizations along the last axis; y has x's shape and type.
//
//   softmax              exp(beta x) / sum of exp(beta x)
//   log_softmax          x - log(sum of exp(x))
//   l2_normalization     x / sqrt(sum of x^2)
//   local_response_normalization
//                        x / (bias + alpha * sum of x^2 in [c - radius, c + radius))^beta
//   layer_normalization  (x - mean) / sqrt(mean of (x - mean)^2 + epsilon) * gamma + beta; inputs
//   x,
//                        gamma and beta (optional), [x's last extent]
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

struct LayerNormalizationAttrs {
  float epsilon = 1e-3f;
};
inline void fields(AttrVisitor& v, LayerNormalizationAttrs& a) { v("epsilon", a.epsilon); }

}  // namespace mote::ops
