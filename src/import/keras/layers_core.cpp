// Dense, EinsumDense, Embedding, Masking and their like.
#include <algorithm>

#include "import/einsum.h"
#include "import/keras/activations.h"
#include "import/keras/importers.h"

namespace mote::keras {
namespace {

void refuse_quantized(const Layer& layer) {
  const Config& policy = layer.config["dtype"];
  const bool quantized =
      (policy.is_object() && policy["config"].has("mode")) || layer.config.has("quantization_mode");
  if (quantized) {
    fail_unsupported("was quantized by Keras; save the model before quantize() and let Mote do it");
  }
}

void dense_slots(Layer& layer) {
  refuse_quantized(layer);
  add_slot(layer, "kernel", "vars/0");
  if (layer.config.flag("use_bias", true)) add_slot(layer, "bias", "vars/1");
}

Arg dense(Call& c) {
  Shape shape;
  const std::vector<float> kernel = c.elements("kernel", &shape);
  if (shape.rank() != 2) fail_user("the kernel has shape {}", shape.str());
  const ValueId x = c.input();
  if (c.b.rank(x) < 2) fail_user("input of shape {}", c.b.shape(x).str());
  const int64_t units = c.config.integer("units");
  if (units != shape[1]) {
    fail_user("has {} units, but its kernel has shape {}; save the model again", units,
              shape.str());
  }
  if (c.b.shape(x).back() >= 0 && c.b.shape(x).back() != shape[0]) {
    fail_user("input of shape {} for a kernel of shape {}", c.b.shape(x).str(), shape.str());
  }
  const std::vector<float> matrix = permute(kernel, &shape, {1, 0});
  const ValueId weights = c.b.constant(matrix, shape);
  const ValueId bias = c.has_weight("bias") ? c.weight("bias") : kNoValue;
  return Arg(activate(c, c.config["activation"], c.b.fully_connected(x, weights, bias)));
}

void einsum_dense_slots(Layer& layer) {
  refuse_quantized(layer);
  add_slot(layer, "kernel", "vars/0");
  if (layer.config.has("bias_axes")) add_slot(layer, "bias", "vars/1");
}

Arg einsum_dense(Call& c) {
  ValueId y = einsum(c.b, c.config.text("equation"), c.input(), c.weight("kernel"));
  if (c.has_weight("bias")) y = c.b.add(y, c.weight("bias"));
  return Arg(activate(c, c.config["activation"], y));
}

void embedding_slots(Layer& layer) {
  refuse_quantized(layer);
  add_slot(layer, "embeddings", "vars/0");
}

Arg embedding(Call& c) {
  const ValueId ids = c.input();
  const ValueId indices = c.b.dtype(ids) == DType::i64 ? ids : c.b.cast(ids, DType::i32);
  Tensor out{c.b.gather(c.weight("embeddings"), indices, 0)};
  if (c.config.flag("mask_zero", false)) {
    out.mask = c.b.binary("not_equal", ids, c.b.scalar_like(ids, 0));
  }
  return Arg(out);
}

// Steps whose features all equal mask_value are masked, and set to zero.
Arg masking(Call& c) {
  const ValueId x = c.input();
  const ValueId value = c.b.scalar_like(x, c.config.number("mask_value", 0));
  const ValueId differs = c.b.binary("not_equal", x, value);
  const ValueId real = c.b.reduce("reduce_any", differs, {-1}, true);
  Tensor out{c.b.mul(x, c.b.cast(real, c.b.dtype(x)))};
  out.mask = c.b.squeeze(real, -1);
  return Arg(out);
}

Arg identity(Call& c) { return Arg(c.tensor()); }

void wrapper_inner(Layer& layer) { add_inner(layer, layer.config["layer"], "layer"); }
void spectral_slots(Layer& layer) { add_slot(layer, "vector_u", "vars/0", false, true); }
Arg spectral(Call& c) {
  // The saved kernel is normalized already; at inference the layer only calls the one inside.
  return call_layer(c.layer.inner("layer"), c.b, c.args(), {});
}

constexpr Importer kTable[] = {
    {"InputLayer", identity, nullptr, nullptr, true},
    {"Dense", dense, dense_slots, nullptr, true},
    {"EinsumDense", einsum_dense, einsum_dense_slots},
    {"Embedding", embedding, embedding_slots},
    {"Masking", masking},
    {"SpectralNormalization", spectral, spectral_slots, wrapper_inner},
};

}  // namespace

std::span<const Importer> core_layers() { return kTable; }

}  // namespace mote::keras
