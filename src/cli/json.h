// What the verbs' JSON has in common. Field names are documented in docs/cli.md and stable.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "graph/type.h"

namespace mote::cli {

using Json = nlohmann::ordered_json;

// Numbers that JSON can't hold (NaN, infinities) become null.
inline Json number(double value) { return value - value == 0 ? Json(value) : Json(nullptr); }
inline Json number(const std::optional<double>& value) {
  return value ? number(*value) : Json(nullptr);
}

inline Json shape_json(const Shape& shape) {
  Json list = Json::array();
  for (const int64_t extent : shape.dims()) list.push_back(extent);
  return list;
}

// One scale and zero point as numbers, several as lists beside their axis; null if there are none.
inline Json quantization_json(const Quantization& quant) {
  if (quant.empty()) return nullptr;
  if (!quant.per_axis()) {
    return {{"scale", quant.scale[0]},
            {"zero_point", quant.zero_point.empty() ? 0 : quant.zero_point[0]}};
  }
  return {{"scale", quant.scale}, {"zero_point", quant.zero_point}, {"axis", quant.axis}};
}

// "name", "shape", "dtype", "quantization".
inline Json tensor_json(const std::string& name, const TensorType& type, const Shape& shape) {
  return {{"name", name},
          {"shape", shape_json(shape)},
          {"dtype", std::string(name_of(type.dtype))},
          {"quantization", quantization_json(type.quant)}};
}

// Indented; bytes that are not UTF-8 (names come from files) are replaced.
inline std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace mote::cli
