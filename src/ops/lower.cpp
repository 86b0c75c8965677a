#include "ops/lower.h"

#include "base/error.h"
#include "base/file.h"
#include "ops/ops.h"

namespace mote {

std::vector<Ref> LowerContext::in_refs() const {
  std::vector<Ref> refs;
  for (int i = 0; i < inputs(); ++i) refs.push_back(in_ref(i));
  return refs;
}

std::vector<Ref> LowerContext::out_refs() const {
  std::vector<Ref> refs;
  for (int i = 0; i < outputs(); ++i) refs.push_back(out_ref(i));
  return refs;
}

Ref LowerContext::temp(DType dtype, const Shape& shape) {
  lowered_.temps.push_back({dtype, shape, {}, {}});
  return {Ref::temp, static_cast<int>(lowered_.temps.size()) - 1};
}

Ref LowerContext::constant(DType dtype, const Shape& shape, Buffer data) {
  lowered_.constants.push_back({dtype, shape, std::move(data), {}});
  return {Ref::constant, static_cast<int>(lowered_.constants.size()) - 1};
}

Ref LowerContext::state(const std::string& key, DType dtype, const Shape& shape) {
  lowered_.states.push_back({dtype, shape, {}, key});
  return {Ref::state, static_cast<int>(lowered_.states.size()) - 1};
}

bool LowerContext::is_packable(const Ref& ref) const {
  return ref.kind == Ref::constant ||
         (ref.kind == Ref::value && subgraph().value(ref.index).is_constant);
}

Buffer LowerContext::bytes_of_ref(const Ref& ref) const {
  return ref.kind == Ref::constant ? lowered_.constants[static_cast<size_t>(ref.index)].data
                                   : subgraph().value(ref.index).data;
}

// Null if the row can run the step.
const char* LowerContext::refusal(const kernels::Kernel& row, simd::Isa isa, const void* params,
                                  std::span<const Ref> inputs) const {
  if (!simd::has(isa)) return "this processor lacks its instructions";
  if (options_.reference) return "only the reference was asked for";
  if (row.approximate && !options_.approximate) return "approximate kernels are off";
  if (row.pack_input >= 0 && !is_packable(inputs[static_cast<size_t>(row.pack_input)]))
    return "the weights that it packs change at run time";
  return row.declines ? row.declines(params) : nullptr;
}

RowArgument LowerContext::argument(const Ref& ref) const {
  const auto i = static_cast<size_t>(ref.index);
  const auto sized = [](DType dtype, const Shape& shape, const Buffer& data) {
    return RowArgument{dtype, shape.bytes(dtype).value_or(0), data.data()};
  };
  switch (ref.kind) {
    case Ref::value: {
      const Value& value = subgraph().value(ref.index);
      return sized(value.type.dtype, value.type.shape, value.data);
    }
    case Ref::constant:
      return sized(lowered_.constants[i].dtype, lowered_.constants[i].shape,
                   lowered_.constants[i].data);
    case Ref::temp:
      return sized(lowered_.temps[i].dtype, lowered_.temps[i].shape, {});
    case Ref::state:
      return sized(lowered_.states[i].dtype, lowered_.states[i].shape, {});
    case Ref::none:
      break;
  }
  return {};
}

const kernels::Kernel& LowerContext::choose_row(const kernels::Family& family,
                                                std::span<const std::byte> params,
                                                std::span<const Ref> inputs,
                                                std::span<const Ref> outputs,
                                                std::vector<RowRefusal>* refused) const {
  std::vector<const kernels::Kernel*> usable;
  const bool all = options_.chooser || options_.explain;
  family.visit_rows([&](const kernels::Kernel& row, simd::Isa isa) {
    const bool last = family.is_reference(row);
    const char* reason = last ? nullptr : refusal(row, isa, params.data(), inputs);
    if (!reason) {
      usable.push_back(&row);
    } else if (options_.explain) {
      refused->push_back({row.name, reason});
    }
    return !usable.empty() && !all;
  });
  if (usable.empty()) {
    fail_unsupported(
        "this library has no kernel {}: it was built for the operators and types of other models "
        "(-DMOTE_OPERATORS=MODEL.tflite;... chooses them)",
        family.name);
  }
  const kernels::Kernel* chosen = usable.front();
  std::string why = "a row before it takes the step";
  if (options_.chooser) {
    RowRequest request{family, params, usable, {}, {}};
    for (const Ref& ref : inputs) request.inputs.push_back(argument(ref));
    for (const Ref& ref : outputs) request.outputs.push_back(argument(ref));
    chosen = &options_.chooser->choose(request, &why);
  }
  if (options_.explain) {
    for (const kernels::Kernel* row : usable) {
      if (row != chosen) refused->push_back({row->name, why});
    }
  }
  return *chosen;
}

void LowerContext::add_step(const kernels::Family& family, std::vector<std::byte> params,
                            std::vector<Ref> inputs, std::vector<Ref> outputs, int reuse_input) {
  LoweredStep step;
  const kernels::Kernel* row = &choose_row(family, params, inputs, outputs, &step.refused);
  if (row->pack_input >= 0) {
    Ref& weights = inputs[static_cast<size_t>(row->pack_input)];
    const size_t size_bytes = row->packed_bytes(params.data());
    auto [buffer, bytes] = Buffer::allocate(size_bytes);
    step.weights = bytes_of_ref(weights);
    row->pack(params.data(), step.weights.data(), bytes);
    release_mapped(step.weights.bytes());
    weights = constant(DType::u8, Shape{static_cast<int64_t>(size_bytes)}, buffer);
  }
  step.kernel = row;
  step.units = row->units ? row->units(params.data()) : 1;
  step.scratch_bytes = row->scratch_bytes ? row->scratch_bytes(params.data()) : 0;
  step.params = std::move(params);
  step.inputs = std::move(inputs);
  step.outputs = std::move(outputs);
  if (reuse_input >= 0) step.reuse_inputs = 1u << reuse_input;
  lowered_.steps.push_back(std::move(step));
}

void LowerContext::view(Ref input, Ref output) {
  copy(input, output);
  lowered_.steps.back().view = true;
}

void LowerContext::copy(Ref input, Ref output) {
  LoweredStep step;
  step.kind = StepKind::copy;
  step.inputs = {input};
  step.outputs = {output};
  lowered_.steps.push_back(std::move(step));
}

void LowerContext::control(StepKind kind, int subgraph_a, int subgraph_b, std::vector<Ref> inputs,
                           std::vector<Ref> outputs) {
  LoweredStep step;
  step.kind = kind;
  step.subgraph_a = subgraph_a;
  step.subgraph_b = subgraph_b;
  step.inputs = std::move(inputs);
  step.outputs = std::move(outputs);
  lowered_.steps.push_back(std::move(step));
}

Lowered lower(const Graph& graph, const Subgraph& subgraph, const Node& node,
              const LowerOptions& options) {
  return with_context(describe(node), [&] {
    if (!node.op->lower) fail_unsupported("Mote can't run this operator yet");
    LowerContext context(graph, subgraph, node, options);
    node.op->lower(context);
    return context.take();
  });
}

}  // namespace mote
