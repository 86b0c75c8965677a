#include "ops/lower.h"

#include "base/error.h"
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

void LowerContext::add_step(const kernels::Family& family, std::vector<std::byte> params,
                            std::vector<Ref> inputs, std::vector<Ref> outputs, int reuse_input) {
  const kernels::Kernel* row = reference_ ? &family.reference() : &family.choose(params.data());
  if (row->pack_input >= 0) {
    Ref& weights = inputs[static_cast<size_t>(row->pack_input)];
    if (is_packable(weights)) {
      const size_t size_bytes = row->packed_bytes(params.data());
      auto [buffer, bytes] = Buffer::allocate(size_bytes);
      row->pack(params.data(), bytes_of_ref(weights).data(), bytes);
      weights = constant(DType::u8, Shape{static_cast<int64_t>(size_bytes)}, buffer);
    } else {
      row = &family.reference();  // weights that change at run time: only the reference reads them
                                  // as they are
    }
  }
  LoweredStep step;
  step.kernel = row;
  step.units = row->units ? row->units(params.data()) : 1;
  step.scratch_bytes = row->scratch_bytes ? row->scratch_bytes(params.data()) : 0;
  step.params = std::move(params);
  step.inputs = std::move(inputs);
  step.outputs = std::move(outputs);
  step.reuse_input = reuse_input;
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

Lowered lower(const Graph& graph, const Subgraph& subgraph, const Node& node, bool reference) {
  return with_context(describe(node), [&] {
    if (!node.op->lower) fail_unsupported("Mote can't run this operator yet");
    LowerContext context(graph, subgraph, node, reference);
    node.op->lower(context);
    return context.take();
  });
}

}  // namespace mote
