// The TFLite file format as constants: a FlatBuffer with the identifier TFL3. A table's field is
// known by its slot, the position in the table's vtable; a slot never changes its meaning, so the
// numbers below are the format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/dtype.h"

namespace mote::tflite {

inline constexpr std::string_view kIdentifier = "TFL3";  // bytes 4 to 7 of the file
inline constexpr uint32_t kSchemaVersion = 3;
inline constexpr size_t kBufferAlignment = 16;

// Slots, one namespace a table. Vectors are named in the plural; the comment says what the less
// obvious ones hold.
namespace model {
enum Slot {
  version,
  operator_codes,
  subgraphs,
  description,
  buffers,  // [0] is empty: "no data"
  metadata_buffers,
  metadata,
  signatures,
  external_groups,
  external_buffers
};
}
namespace operator_code {
// The code was a byte once. Both fields are written; the larger one counts.
enum Slot { byte_code, custom_code, version, code };
}  // namespace operator_code
namespace subgraph {
enum Slot { tensors, inputs, outputs, operators, name };
}
namespace tensor {
enum Slot {
  shape,
  type,
  buffer,
  name,
  quantization,
  is_variable,
  sparsity,
  shape_signature,  // the shape with -1 for extents that are unknown
  has_rank,
  variant_tensors,
  external_buffer
};
}
namespace quantization {
enum Slot { min, max, scales, zero_points, details_type, details, axis };
enum Details { custom = 1, blockwise = 2, multi_axis = 3 };
}  // namespace quantization
namespace sparsity {
enum Slot { traversal_order, block_map, dimensions };
}
namespace dimension {
enum Slot { format, dense_size, segments_type, segments, indices_type, indices };
enum Format { dense = 0, compressed = 1 };
enum IndexType { int32 = 1, uint16 = 2, uint8 = 3 };  // tables with one vector, in slot 0
}  // namespace dimension
namespace op {
enum Slot {
  opcode_index,
  inputs,  // -1: an optional input that is absent
  outputs,
  options_type,
  options,
  custom_options,
  custom_options_format,
  mutating_inputs,
  intermediates,
  large_custom_offset,
  large_custom_bytes,
  options_2_type,
  options_2
};
}
namespace buffer {
// offset and size: the data lies outside the FlatBuffer, counted from the file's start.
enum Slot { data, offset, size };
}  // namespace buffer
namespace metadata {
enum Slot { name, buffer };
}
namespace signature {
enum Slot { inputs, outputs, key, tag, subgraph };
}
namespace tensor_map {
enum Slot { name, tensor };
}

// The byte offset of a slot in a vtable, after the two sizes that it starts with.
constexpr uint16_t vtable_offset(int slot) { return static_cast<uint16_t>(4 + 2 * slot); }

inline constexpr int kCustomCode = 32;        // BuiltinOperator of custom operators
inline constexpr int kCodeIsElsewhere = 127;  // byte_code of every code from 127 on
inline constexpr std::string_view kRuntimeVersionKey = "min_runtime_version";  // of model.metadata

// Element types. Numbers that Mote has no type for (int2, uint4, float8): empty.
std::optional<DType> dtype_of(int tensor_type);
int tensor_type_of(DType dtype);
// "int2" and the like, for messages.
std::string tensor_type_name(int tensor_type);

// "CONV_2D"; "builtin operator 300" for numbers that the format has not given out.
std::string operator_name(int code);

// The oldest TensorFlow release whose interpreter runs this version of an operator, "1.13.1"; empty
// if it is not known.
std::string_view runtime_version(int code, int version);
// a < b for two such numbers.
bool is_older_version(std::string_view a, std::string_view b);

}  // namespace mote::tflite
