// Attention by matrix products and softmax.
#include <cmath>

#include "import/einsum.h"
#include "import/keras/importers.h"

namespace mote::keras {
namespace {

// ---- masks: true where a query may look --------------------------------------------------------

ValueId both(GraphBuilder& b, ValueId a, ValueId other) {
  if (a == kNoValue) return other;
  return other == kNoValue ? a : b.binary("logical_and", a, other);
}

// [1, queries, keys]: a constant, as far as both lengths are known.
ValueId position_mask(GraphBuilder& b, int64_t queries, int64_t keys, bool causal, int64_t window) {
  if (queries == kDynamic || keys == kDynamic) {
    fail_unsupported("a causal mask over sequences of unknown length; give Input a shape");
  }
  if (queries * keys > 1 << 24) fail_unsupported("a causal mask of {} x {}", queries, keys);
  std::vector<uint8_t> allowed;
  for (int64_t q = 0; q < queries; ++q) {
    for (int64_t k = 0; k < keys; ++k) {
      const bool near = window <= 0 || std::abs(q - k) < window;
      allowed.push_back((!causal || q >= k) && near);
    }
  }
  return b.constant(DType::boolean, Shape{1, queries, keys}, Buffer::of(allowed));
}

// Scores where the mask is false become so low that they vanish in the softmax. A constant mask is
// a constant bias.
ValueId hide(GraphBuilder& b, ValueId scores, ValueId mask, float low) {
  if (mask == kNoValue) return scores;
  if (b.is_constant(mask)) {
    const std::span<const uint8_t> allowed = b.current().value(mask).data.as<uint8_t>();
    std::vector<float> bias;
    for (const uint8_t a : allowed) bias.push_back(a != 0 ? 0.0f : low);
    return b.add(scores, b.constant(bias, b.shape(mask)));
  }
  return b.select(mask, scores, b.scalar(low));
}

// ---- projections ------------------------------------------------------------------------------

struct Projection {
  const char* role;
  const char* path;
};

void add_projection(Layer& layer, const Projection& p) {
  const std::string role = p.role, path = p.path;
  add_slot(layer, role + "/kernel", path + "/vars/0");
  if (layer.config.flag("use_bias", true)) add_slot(layer, role + "/bias", path + "/vars/1");
}

void head_slots(Layer& layer) {
  add_projection(layer, {"query", "query_dense"});
  add_projection(layer, {"key", "key_dense"});
  if (layer.config.flag("use_gate", false)) add_projection(layer, {"gate", "gate_dense"});
  add_projection(layer, {"value", "value_dense"});
  add_projection(layer, {"output", "output_dense"});
}

// A kernel [features.., heads, size] as a fully connected layer, with the heads apart afterwards:
// [batch, time, heads, size].
ValueId project(Call& c, ValueId x, const std::string& role, double scale = 1) {
  Shape shape;
  std::vector<float> kernel = c.elements(role + "/kernel", &shape);
  if (shape.rank() != 3) fail_user("weight '{}/kernel' has shape {}", role, shape.str());
  const int64_t heads = shape[1], size = shape[2], features = shape[0];
  kernel = permute(kernel, &shape, {1, 2, 0});
  for (float& w : kernel) w *= static_cast<float>(scale);
  ValueId bias = kNoValue;
  if (c.layer.has_weight(role + "/bias")) {
    std::vector<float> values = c.elements(role + "/bias");
    for (float& v : values) v *= static_cast<float>(scale);
    bias = c.b.floats(values);
  }
  const ValueId y =
      c.b.fully_connected(x, c.b.constant(kernel, Shape{heads * size, features}), bias);
  std::vector<Extent> out = c.b.extents(y);
  out.back() = Extent(heads);
  out.push_back(Extent(size));
  return c.b.reshape(y, out);
}

// [batch, time, heads, size] back to features.
ValueId join_heads(Call& c, ValueId x) {
  Shape shape;
  std::vector<float> kernel = c.elements("output/kernel", &shape);
  if (shape.rank() < 3) fail_user("weight 'output/kernel' has shape {}", shape.str());
  const int64_t in = shape[0] * shape[1], out = shape.elements(2, shape.rank());
  Shape flat{in, out};
  kernel = permute(kernel, &flat, {1, 0});
  std::vector<Extent> joined = c.b.extents(x);
  joined.pop_back();
  joined.back() = Extent(in);
  const ValueId bias =
      c.layer.has_weight("output/bias") ? c.b.floats(c.elements("output/bias")) : kNoValue;
  ValueId y = c.b.fully_connected(c.b.reshape(x, joined), c.b.constant(kernel, flat), bias);
  if (shape.rank() == 3) return y;
  joined.pop_back();
  for (int axis = 2; axis < shape.rank(); ++axis) joined.push_back(Extent(shape[axis]));
  return c.b.reshape(y, joined);
}

// ---- MultiHeadAttention, GroupQueryAttention ---------------------------------------------------

// Every mask that applies, [batch or 1, queries or 1, keys].
ValueId combined_mask(Call& c, const Tensor& query, const Tensor& value, const Tensor& key,
                      bool key_given) {
  GraphBuilder& b = c.b;
  const auto mask_of = [&](size_t position, const char* keyword, const Tensor& tensor) {
    const Tensor given = c.optional_tensor(position, keyword);
    return given.id != kNoValue ? given.id : tensor.mask;
  };
  const ValueId query_mask = mask_of(3, "query_mask", query);
  const ValueId value_mask = mask_of(4, "value_mask", value);
  const ValueId key_mask = key_given ? mask_of(5, "key_mask", key) : kNoValue;
  ValueId mask = kNoValue;
  if (query_mask != kNoValue) mask = b.expand(query_mask, -1);
  if (value_mask != kNoValue) mask = both(b, mask, b.expand(value_mask, -2));
  if (key_mask != kNoValue && key_mask != value_mask) {
    mask = both(b, mask, b.expand(key_mask, -2));
  }
  const Arg* causal = c.find(99, "use_causal_mask");
  const bool is_causal =
      causal != nullptr && !causal->is_none() && causal->value.as_flag("use_causal_mask");
  const int64_t window = c.config.integer("sliding_window", 0);
  if (is_causal || window > 0) {
    mask = both(b, mask,
                position_mask(b, b.shape(query.id)[1], b.shape(value.id)[1], is_causal, window));
  }
  const Tensor given = c.optional_tensor(6, "attention_mask");
  if (given.id != kNoValue) mask = both(b, mask, b.cast(given.id, DType::boolean));
  return mask;
}

bool wants_scores(const Call& c) {
  const Arg* arg = c.find(99, "return_attention_scores");
  return arg != nullptr && !arg->is_none() && arg->value.as_flag("return_attention_scores");
}

// Keys and values of a group serve several query heads.
ValueId repeat_heads(GraphBuilder& b, ValueId x, int64_t times) {
  if (times == 1) return x;
  std::vector<Extent> shape = b.extents(x);  // [batch, time, heads, size]
  const int64_t heads = shape[2].size;
  const ValueId tiled = b.tile(b.expand(x, 3), {1, 1, 1, times, 1});
  shape[2] = Extent(heads * times);
  return b.reshape(tiled, shape);
}

Arg heads(Call& c, int64_t size, int64_t repeats) {
  GraphBuilder& b = c.b;
  const Tensor query = c.tensor(0, "query"), value = c.tensor(1, "value");
  const Tensor given_key = c.optional_tensor(2, "key");
  const Tensor key = given_key.id != kNoValue ? given_key : value;
  if (b.rank(query.id) != 3 || b.rank(value.id) != 3) {
    fail_unsupported("attention over inputs of {} and {}; [batch, time, features] is supported",
                     b.shape(query.id).str(), b.shape(value.id).str());
  }
  const ValueId mask = combined_mask(c, query, value, key, given_key.id != kNoValue);
  // [batch, heads, time, size]
  const auto by_head = [&](ValueId x) { return b.transpose(x, {0, 2, 1, 3}); };
  const ValueId q =
      by_head(project(c, query.id, "query", 1 / std::sqrt(static_cast<double>(size))));
  const ValueId k = by_head(repeat_heads(b, project(c, key.id, "key"), repeats));
  const ValueId v = by_head(repeat_heads(b, project(c, value.id, "value"), repeats));
  ValueId scores = b.batch_matmul(q, k, false, true);
  scores = hide(b, scores, mask == kNoValue ? mask : b.expand(mask, 1), -1e9f);
  scores = b.softmax(scores);
  ValueId y = b.transpose(b.batch_matmul(scores, v), {0, 2, 1, 3});
  if (c.config.flag("use_gate", false)) {
    y = b.mul(y, b.unary("logistic", project(c, query.id, "gate")));
  }
  const Arg out = Arg(Tensor{join_heads(c, y), query.mask});
  return wants_scores(c) ? Arg::list(std::vector<Arg>{out, Arg(scores)}) : out;
}

Arg multi_head_attention(Call& c) { return heads(c, c.config.integer("key_dim"), 1); }

Arg group_query_attention(Call& c) {
  const int64_t queries = c.config.integer("num_query_heads");
  const int64_t groups = c.config.integer("num_key_value_heads");
  if (groups < 1 || queries % groups != 0) fail_user("{} heads in {} groups", queries, groups);
  return heads(c, c.config.integer("head_dim"), queries / groups);
}

// ---- Attention, AdditiveAttention --------------------------------------------------------------

void attention_slots(Layer& layer) {
  int index = 0;
  const auto next = [&] { return fmt::format("vars/{}", index++); };
  if (layer.config.flag("use_scale", layer.class_name == "AdditiveAttention")) {
    add_slot(layer, "scale", next());
  }
  if (layer.config.text("score_mode", "dot") == "concat") add_slot(layer, "concat", next());
}

ValueId dot_scores(Call& c, ValueId q, ValueId k) {
  const ValueId scores = c.b.batch_matmul(q, k, false, true);
  return c.has_weight("scale") ? c.b.mul(scores, c.weight("scale")) : scores;
}

ValueId concat_scores(Call& c, ValueId q, ValueId k) {
  ValueId sum = c.b.add(c.b.expand(q, -2), c.b.expand(k, -3));
  if (c.has_weight("scale")) sum = c.b.mul(sum, c.weight("scale"));
  return c.b.mul(c.b.reduce("sum", c.b.unary("tanh", sum), {-1}, false), c.weight("concat"));
}

ValueId additive_scores(Call& c, ValueId q, ValueId k) {
  const ValueId t = c.b.unary("tanh", c.b.add(c.b.expand(q, -2), c.b.expand(k, -3)));
  return c.b.reduce("sum", c.has_weight("scale") ? c.b.mul(t, c.weight("scale")) : t, {-1}, false);
}

Arg attend(Call& c, ValueId (*score)(Call&, ValueId, ValueId)) {
  GraphBuilder& b = c.b;
  const std::vector<Tensor> inputs = c.tensors();
  if (inputs.size() < 2 || inputs.size() > 3) fail_user("needs 2 or 3 inputs");
  const Tensor query = inputs[0], value = inputs[1];
  const Tensor key = inputs.size() > 2 ? inputs[2] : value;
  std::vector<Tensor> masks = c.tensors(1, "mask");
  const ValueId query_mask = !masks.empty() ? masks[0].id : query.mask;
  const ValueId value_mask = masks.size() > 1 ? masks[1].id : value.mask;
  ValueId scores = score(c, query.id, key.id);
  ValueId mask = value_mask == kNoValue ? kNoValue : b.expand(value_mask, -2);
  const Arg* causal = c.find(99, "use_causal_mask");
  if ((causal != nullptr && !causal->is_none() && causal->value.as_flag("use_causal_mask")) ||
      c.config.flag("causal", false)) {
    mask = both(b, mask, position_mask(b, b.shape(scores)[1], b.shape(scores)[2], true, 0));
  }
  scores = b.softmax(hide(b, scores, mask, -1e9f));
  ValueId y = b.batch_matmul(scores, value.id);
  if (query_mask != kNoValue) {
    y = b.mul(y, b.cast(b.expand(query_mask, -1), DType::f32));
  }
  const Arg out = Arg(Tensor{y, query_mask});
  return wants_scores(c) ? Arg::list(std::vector<Arg>{out, Arg(scores)}) : out;
}

Arg attention(Call& c) {
  const bool concat = c.config.text("score_mode", "dot") == "concat";
  return attend(c, concat ? concat_scores : dot_scores);
}
Arg additive_attention(Call& c) { return attend(c, additive_scores); }

constexpr Importer kTable[] = {
    {"MultiHeadAttention", multi_head_attention, head_slots},
    {"GroupQueryAttention", group_query_attention, head_slots},
    {"GroupedQueryAttention", group_query_attention, head_slots},
    {"Attention", attention, attention_slots},
    {"AdditiveAttention", additive_attention, attention_slots},
};

}  // namespace

std::span<const Importer> attention_layers() { return kTable; }

}  // namespace mote::keras
