#include "ops/softmax.h"

#include "base/error.h"
#include "kernels/lut/tables.h"
#include "kernels/softmax/families.h"
#include "ops/elementwise.h"

namespace mote::ops {
namespace {

void infer_rows(InferContext& c) {
  if (c.in(0).shape.rank() < 1) fail_user("the input is a scalar, expected at least one axis");
  c.set_out(0, c.declared(0).dtype, c.in(0).shape);
}

// int8 and uint8 may become int16; other types stay.
void infer_softmax(InferContext& c) {
  infer_rows(c);
  const DType x = c.in(0).dtype;
  const bool widens = (x == DType::i8 || x == DType::u8) && c.declared(0).dtype == DType::i16;
  if (!widens) c.set_out(0, x, c.in(0).shape);
}

void infer_one_type(InferContext& c) {
  infer_rows(c);
  c.set_out(0, c.in(0).dtype, c.in(0).shape);
}

MoteRowParams params_of(const LowerContext& c) {
  const Shape& x = c.in(0).shape;
  MoteRowParams p{};
  p.depth = x.back();
  p.outer = x.elements(0, x.rank() - 1);
  return p;
}

bool is_byte(DType dtype) { return dtype == DType::i8 || dtype == DType::u8; }

void add_step(LowerContext& c, std::string_view op, std::string_view type, const MoteRowParams& p,
              int reuse = 0) {
  const auto& family = require_family(kernels::softmax_families(), op, type, c.in(0).str());
  c.step(family, p, {c.in_ref(0)}, {c.out_ref(0)}, reuse);
}

void lower_softmax_16(LowerContext& c, MoteRowParams p, float beta) {
  require_symmetric_16(c.in(0), "the input");
  require_affine(c.out(0), "the output", 1.0f / 32768, 0);
  kernels::prepare_softmax_16(affine_of(c.in(0), "the input").scale, beta, p);
  static const std::vector<int16_t> kExp = kernels::softmax_exp_table();
  static const std::vector<int16_t> kReciprocal = kernels::softmax_reciprocal_table();
  c.step(*kernels::find_family(kernels::softmax_families(), "softmax_qi16_qi16"), p,
         {c.in_ref(0), c.constant(kExp), c.constant(kReciprocal)}, {c.out_ref(0)}, 0);
}

void lower_softmax(LowerContext& c) {
  if (c.in(0).shape.elements() == 0) return;
  const float beta = c.attrs<SoftmaxAttrs>().beta;
  MoteRowParams p = params_of(c);
  p.beta = beta;
  const DType x = c.in(0).dtype;
  const DType y = c.out(0).dtype;
  if (x == DType::i16 && y == DType::i16) return lower_softmax_16(c, p, beta);
  if (!is_byte(x)) return add_step(c, "softmax", short_name(x), p);
  if (!(beta > 0.0f)) fail_unsupported("beta is {}, quantized softmax needs a positive one", beta);
  if (x == DType::i8 && y == DType::i8) require_affine(c.out(0), "the output", 1.0f / 256, -128);
  kernels::prepare_softmax_8(affine_of(c.in(0), "the input").scale, beta, p);
  add_step(c, "softmax", fmt::format("q{}_q{}", short_name(x), short_name(y)), p);
}

void lower_log_softmax(LowerContext& c) {
  if (c.in(0).shape.elements() == 0) return;
  MoteRowParams p = params_of(c);
  const DType x = c.in(0).dtype;
  if (is_byte(x)) {
    require_affine(c.out(0), "the output", 16.0f / 256, x == DType::i8 ? 127 : 255);
    kernels::prepare_log_softmax_8(affine_of(c.in(0), "the input").scale, p);
  }
  add_step(c, "log_softmax", kernel_type(c.in(0)), p);
}

void lower_l2_normalization(LowerContext& c) {
  if (c.attrs<L2NormalizationAttrs>().activation != Activation::none) {
    fail_unsupported("a fused activation; put it in an operator of its own");
  }
  if (c.in(0).shape.elements() == 0) return;
  MoteRowParams p = params_of(c);
  const DType x = c.in(0).dtype;
  if (is_byte(x)) {
    require_affine(c.out(0), "the output", 1.0f / 128, x == DType::i8 ? 0 : 128);
    p.zero_x = affine_of(c.in(0), "the input").zero_point;
  }
  add_step(c, "l2_normalization", kernel_type(c.in(0)), p);
}

void lower_local_response_normalization(LowerContext& c) {
  if (c.in(0).shape.elements() == 0) return;
  const auto& attrs = c.attrs<LocalResponseNormalizationAttrs>();
  if (attrs.radius < 0) fail_user("radius is {}, expected 0 or more", attrs.radius);
  MoteRowParams p = params_of(c);
  p.radius = attrs.radius;
  p.bias = attrs.bias;
  p.alpha = attrs.alpha;
  p.beta = attrs.beta;
  add_step(c, "local_response_normalization", short_name(c.in(0).dtype), p, -1);
}

void infer_layer_normalization(InferContext& c) {
  infer_one_type(c);
  if (c.in(0).dtype != DType::f32) fail_user("the input is {}, expected float32", c.in(0).str());
  for (const int i : {1, 2}) {
    const bool fits = !c.has(i) || (c.in(i).dtype == DType::f32 && c.in(i).shape.rank() == 1 &&
                                    c.in(i).shape[0] == c.in(0).shape.back());
    if (!fits) {
      fail_user("{} is {}, expected float32[{}]", i == 1 ? "gamma" : "beta", c.in(i).str(),
                c.in(0).shape.back());
    }
  }
}

void lower_layer_normalization(LowerContext& c) {
  if (c.in(0).shape.elements() == 0) return;
  MoteRowParams p = params_of(c);
  p.bias = c.attrs<LayerNormalizationAttrs>().epsilon;
  c.step(require_family(kernels::softmax_families(), "layer_normalization", "f32", c.in(0).str()),
         p, {c.in_ref(0), c.in_ref(1), c.in_ref(2)}, {c.out_ref(0)}, 0);
}

int softmax_version(const NodeView& c) {
  const DType x = c.in(0).dtype;
  return x == DType::f16 ? 4 : x == DType::i16 ? 3 : x == DType::i8 ? 2 : 1;
}
int int8_version(const NodeView& c) { return c.in(0).dtype == DType::i8 ? 2 : 1; }

constexpr TfliteField kSoftmaxFields[] = {{0, "beta"}};
constexpr TfliteField kL2Fields[] = {{0, "activation"}};
constexpr TfliteField kResponseFields[] = {{0, "radius"}, {1, "bias"}, {2, "alpha"}, {3, "beta"}};

}  // namespace

extern const OpDef kSoftmax = {
    .name = "softmax",
    .attrs = &attrs_of<SoftmaxAttrs>,
    .infer = infer_softmax,
    .lower = lower_softmax,
    .may_reuse = 0,
    .quant = {.kind = QuantKind::fixed,
              .fixed_scale_i8 = 1.0f / 256,
              .fixed_zero_point_i8 = -128,
              .fixed_scale_i16 = 1.0f / 32768},
    .tflite = {.code = 25, .options = 9, .fields = kSoftmaxFields, .version = softmax_version},
};

extern const OpDef kLogSoftmax = {
    .name = "log_softmax",
    .infer = infer_one_type,
    .lower = lower_log_softmax,
    .may_reuse = 0,
    .quant = {.kind = QuantKind::fixed,
              .int16 = false,
              .fixed_scale_i8 = 16.0f / 256,
              .fixed_zero_point_i8 = 127},
    .tflite = {.code = 50, .options = 36, .version = int8_version},
};

extern const OpDef kL2Normalization = {
    .name = "l2_normalization",
    .attrs = &attrs_of<L2NormalizationAttrs>,
    .infer = infer_one_type,
    .lower = lower_l2_normalization,
    .may_reuse = 0,
    .quant = {.kind = QuantKind::fixed,
              .int16 = false,
              .fixed_scale_i8 = 1.0f / 128,
              .fixed_zero_point_i8 = 0},
    .tflite = {.code = 11, .options = 12, .fields = kL2Fields, .version = int8_version},
};

extern const OpDef kLocalResponseNormalization = {
    .name = "local_response_normalization",
    .attrs = &attrs_of<LocalResponseNormalizationAttrs>,
    .infer = infer_one_type,
    .lower = lower_local_response_normalization,
    .quant = {.why_not = "it has no integer kernel"},
    .tflite = {.code = 13, .options = 13, .fields = kResponseFields},
};

extern const OpDef kLayerNormalization = {
    .name = "layer_normalization",
    .attrs = &attrs_of<LayerNormalizationAttrs>,
    .max_inputs = 3,
    .infer = infer_layer_normalization,
    .lower = lower_layer_normalization,
    .may_reuse = 0,
    .quant = {.why_not = "made from its parts when a model is about to run"},
};

}  // namespace mote::ops
