#include "driver/layers.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "graph/op.h"
#include "passes/pipeline.h"

namespace mote::driver {
namespace {

// The values of one form of the reference by what they are called.
class Names {
 public:
  explicit Names(const Subgraph& subgraph) : subgraph_(subgraph) {
    for (const Node& node : subgraph.nodes) {
      for (const ValueId id : node.outputs) by_tensor_.emplace(subgraph.value(id).name, id);
      // The last value that a layer makes is what it gives to others.
      if (!node.layer.empty() && !node.outputs.empty()) by_layer_[node.layer] = node.outputs[0];
    }
  }

  ValueId tensor(const std::string& name, const Value& like) const {
    return checked(by_tensor_, name, like);
  }
  ValueId layer(const std::string& name, const Value& like) const {
    return checked(by_layer_, name, like);
  }
  // The first part between slashes and semicolons that is a layer, the innermost first.
  ValueId part(std::string_view names, const Value& like) const {
    for (size_t begin = 0; begin <= names.size();) {
      const size_t end = std::min(names.find(';', begin), names.size());
      std::string_view name = names.substr(begin, end - begin);
      while (!name.empty()) {
        const size_t slash = name.rfind('/');
        const bool last = slash == std::string_view::npos;
        const ValueId id = layer(std::string(last ? name : name.substr(slash + 1)), like);
        if (id != kNoValue) return id;
        name = last ? std::string_view{} : name.substr(0, slash);
      }
      begin = end + 1;
    }
    return kNoValue;
  }

 private:
  using Map = std::map<std::string, ValueId>;

  // Only a value with as many elements can be compared.
  ValueId checked(const Map& map, const std::string& name, const Value& like) const {
    const auto found = map.find(name);
    if (found == map.end()) return kNoValue;
    const TensorType& a = subgraph_.value(found->second).type;
    const TensorType& b = like.type;
    const bool fits = a.shape.is_static() && b.shape.is_static() && a.dtype < DType::string &&
                      b.dtype < DType::string && a.shape.elements() == b.shape.elements();
    return fits ? found->second : kNoValue;
  }

  const Subgraph& subgraph_;
  Map by_tensor_;
  Map by_layer_;
};

struct Match {
  bool optimized = false;
  ValueId value = kNoValue;
};

Match find(const Names& optimized, const Names& original, const Value& value,
           const std::string& layer) {
  ValueId id = optimized.tensor(value.name, value);
  if (id == kNoValue && !layer.empty()) id = optimized.layer(layer, value);
  if (id == kNoValue) id = optimized.part(value.name, value);
  if (id != kNoValue) return {true, id};
  id = original.tensor(value.name, value);
  if (id == kNoValue && !layer.empty()) id = original.layer(layer, value);
  if (id == kNoValue) id = original.part(value.name, value);
  return {false, id};
}

}  // namespace

std::vector<double> valid_values(const Array& array, const Quantization& quant,
                                 const Samples& samples, int64_t run) {
  std::vector<double> values = real_values(array, quant);
  const int64_t valid = samples.valid(run);
  if (valid < samples.batch() && array.shape.rank() > 0 && array.shape[0] == samples.batch()) {
    values.resize(values.size() / static_cast<size_t>(samples.batch()) *
                  static_cast<size_t>(valid));
  }
  return values;
}

int64_t row_length(const Array& array) { return array.shape.rank() == 0 ? 1 : array.shape.back(); }

LayerComparison::LayerComparison(const Model& reference, int threads)
    : optimized_graph_(reference.graph) {
  with_context(reference.path, [&] { passes::optimize(optimized_graph_).value(); });
  optimized_ = std::make_unique<Runner>(optimized_graph_,
                                        plan::Options{.threads = threads, .observe = true});
}

void LayerComparison::match(const Graph& reference, const Graph& candidate, VerifyReport* report) {
  const Names original(reference.main());
  const Names optimized(optimized_->graph().main());
  const Subgraph& to = candidate.main();
  std::map<std::string, size_t> last_of_layer;
  for (size_t i = 0; i < to.nodes.size(); ++i) last_of_layer[to.nodes[i].layer] = i;
  std::set<std::string> layers;
  std::set<std::string> matched;
  std::set<std::pair<bool, ValueId>> taken;
  for (size_t i = 0; i < to.nodes.size(); ++i) {
    const Node& node = to.nodes[i];
    if (!node.layer.empty()) layers.insert(node.layer);
    for (const ValueId id : node.outputs) {
      const Value& value = to.value(id);
      // Before the last node of a layer only the tensor's own name tells.
      const bool is_last = last_of_layer[node.layer] == i;
      const Match found = is_last ? find(optimized, original, value, node.layer)
                                  : Match{true, optimized.tensor(value.name, value)};
      if (found.value == kNoValue) continue;
      if (!taken.insert({found.optimized, found.value}).second) continue;
      matched.insert(node.layer);
      pairs_.push_back({found.optimized, found.value, id});
      const std::string& layer = node.layer.empty() ? value.name : node.layer;
      report->layers.push_back({layer, value.name, node.op->name, value.type, {}});
    }
  }
  for (const std::string& layer : layers) report->unmatched_layers += !matched.contains(layer);
}

void LayerComparison::add(Runner& reference, const Runner& candidate, const Samples& samples,
                          int64_t run, VerifyReport* report) {
  optimized_->run(samples.inputs(run));
  if (!matched_) match(reference.graph(), candidate.graph(), report);
  matched_ = true;
  for (size_t i = 0; i < pairs_.size(); ++i) {
    const Pair& pair = pairs_[i];
    const Runner& source = pair.optimized ? *optimized_ : reference;
    const auto a = source.observed(pair.reference);
    const auto b = candidate.observed(pair.candidate);
    if (!a || !b || a->shape.elements() != b->shape.elements()) continue;
    const Quantization& quant_a = source.graph().main().value(pair.reference).type.quant;
    const Quantization& quant_b = candidate.graph().main().value(pair.candidate).type.quant;
    report->layers[i].difference.add(valid_values(*a, quant_a, samples, run),
                                     valid_values(*b, quant_b, samples, run), row_length(*a));
  }
}

}  // namespace mote::driver
