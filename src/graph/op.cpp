#include "graph/op.h"

namespace mote {
namespace {

template <class T>
std::vector<int64_t> widen(const Buffer& data) {
  const auto values = data.as<T>();
  return {values.begin(), values.end()};
}

}  // namespace

std::optional<std::vector<int64_t>> NodeView::constant_ints(int i) const {
  if (!is_constant(i)) return std::nullopt;
  const Buffer& data = in_value(i).data;
  switch (in(i).dtype) {
    case DType::i8:
      return widen<int8_t>(data);
    case DType::i16:
      return widen<int16_t>(data);
    case DType::i32:
      return widen<int32_t>(data);
    case DType::i64:
      return widen<int64_t>(data);
    case DType::u8:
      return widen<uint8_t>(data);
    case DType::u32:
      return widen<uint32_t>(data);
    case DType::boolean:
      return widen<uint8_t>(data);
    default:
      return std::nullopt;
  }
}

const Node* NodeView::producer(int i) const {
  const ValueId wanted = node_->inputs[static_cast<size_t>(i)];
  for (const Node& candidate : subgraph_->nodes) {
    for (const ValueId id : candidate.outputs) {
      if (id == wanted) return &candidate;
    }
  }
  return nullptr;
}

}  // namespace mote
