#include "formats/tflite.h"

#include <array>
#include <charconv>

namespace mote::tflite {
namespace {

constexpr int kTypeCount = 23;
struct Type {
  std::string_view name;  // of those that Mote has no type for
  DType dtype = DType::f32;
};
constexpr std::array<Type, kTypeCount> kTypes = {
    {{"", DType::f32}, {"", DType::f16},      {"", DType::i32},     {"", DType::u8},
     {"", DType::i64}, {"", DType::string},   {"", DType::boolean}, {"", DType::i16},
     {"", DType::c64}, {"", DType::i8},       {"", DType::f64},     {"", DType::c128},
     {"", DType::u64}, {"", DType::resource}, {"", DType::variant}, {"", DType::u32},
     {"", DType::u16}, {"", DType::i4},       {"", DType::bf16},    {"int2"},
     {"uint4"},        {"float8_e4m3fn"},     {"float8_e5m2"}}};

// By operator code: the name, and for versions 1, 2, ... the TensorFlow release that came with it.
struct Operator {
  std::string_view name;
  std::string_view releases;
};
constexpr Operator kOperators[] = {
    {"ADD", "1.5.0 1.14.0 2.4.0 2.6.0 2.13.0 2.23.0"},
    {"AVERAGE_POOL_2D", "1.5.0 1.14.0 2.3.0"},
    {"CONCATENATION", "1.5.0 1.14.0 2.3.0 2.14.0 2.21.0 2.23.0 2.23.0"},
    {"CONV_2D", "1.5.0 1.14.0 1.14.0 2.3.0 2.4.0 2.9.0 2.11.0 2.15.0"},
    {"DEPTHWISE_CONV_2D", "1.5.0 1.12.0 1.14.0 2.2.0 2.3.0 2.3.0 2.11.0"},
    {"DEPTH_TO_SPACE", "2.1.0 2.5.0"},
    {"DEQUANTIZE", "1.13.1 1.14.0 1.15.0 2.2.0 2.7.0 2.18.0 2.21.0 2.22.0 2.23.0"},
    {"EMBEDDING_LOOKUP", "1.13.0 1.14.0 1.14.0 2.18.0 2.21.0"},
    {"FLOOR", "1.9.0"},
    {"FULLY_CONNECTED",
     "1.5.0 1.10.0 1.14.0 1.14.0 2.0.0 2.1.0 2.3.0 2.3.0 2.3.0 2.11.0 2.15.0 2.17.0 2.18.0 2.21.0"},
    {"HASHTABLE_LOOKUP", "1.5.0"},
    {"L2_NORMALIZATION", "1.5.0 1.14.0"},
    {"L2_POOL_2D", "1.5.0"},
    {"LOCAL_RESPONSE_NORMALIZATION", "1.5.0"},
    {"LOGISTIC", "1.14.0 1.14.0 2.3.0"},
    {"LSH_PROJECTION", "1.5.0"},
    {"LSTM", "1.7.0 1.10.0 1.14.0 2.3.0"},
    {"MAX_POOL_2D", "1.5.0 1.14.0 2.3.0"},
    {"MUL", "1.5.0 1.14.0 1.15.0 2.3.0 2.6.0 2.11.0 2.13.0 2.23.0"},
    {"RELU", "1.5.0 2.1.0 2.5.0"},
    {"RELU_N1_TO_1", "1.5.0"},
    {"RELU6", "1.5.0 1.14.0 2.5.0"},
    {"RESHAPE", "1.5.0"},
    {"RESIZE_BILINEAR", "1.7.0 1.14.0 2.2.0 2.5.0"},
    {"RNN", "1.5.0 1.14.0 2.3.0"},
    {"SOFTMAX", "1.5.0 1.14.0 2.3.0 2.23.0"},
    {"SPACE_TO_DEPTH", "1.5.0 1.14.0"},
    {"SVDF", "1.5.0 1.14.0 2.2.0 2.3.0"},
    {"TANH", "1.14.0 1.14.0 2.3.0"},
    {"CONCAT_EMBEDDINGS", ""},
    {"SKIP_GRAM", "1.5.0"},
    {"CALL", ""},
    {"CUSTOM", ""},
    {"EMBEDDING_LOOKUP_SPARSE", "1.5.0"},
    {"PAD", "1.5.0 1.14.0 2.4.0 2.6.0 2.20.0 2.23.0"},
    {"UNIDIRECTIONAL_SEQUENCE_RNN", "1.14.0 1.14.0 2.3.0"},
    {"GATHER", "1.6.0 1.14.0 1.15.0 2.4.0 2.5.0 2.13.0 2.15.0 2.23.0"},
    {"BATCH_TO_SPACE_ND", "1.6.0 1.14.0 2.3.0 2.12.0"},
    {"SPACE_TO_BATCH_ND", "1.6.0 1.14.0 2.3.0 2.12.0"},
    {"TRANSPOSE", "1.6.0 1.14.0 1.15.0 2.3.0 2.4.0 2.12.0 2.14.4 2.22.0 2.23.0"},
    {"MEAN", "1.6.0 1.14.0 2.4.0"},
    {"SUB", "1.6.0 1.14.0 2.3.0 2.4.0 2.4.0"},
    {"DIV", "1.6.0 2.3.0"},
    {"SQUEEZE", "1.6.0 2.5.0"},
    {"UNIDIRECTIONAL_SEQUENCE_LSTM", "1.13.1 1.14.0 2.3.0 2.12.0"},
    {"STRIDED_SLICE", "1.6.0 1.14.0 2.1.0 2.2.0 2.5.0 2.6.0 2.14.0 2.14.0"},
    {"BIDIRECTIONAL_SEQUENCE_RNN", "1.14.0 1.14.0 2.3.0"},
    {"EXP", "1.7.0 2.12.0"},
    {"TOPK_V2", "1.7.0 1.14.0 2.13.0"},
    {"SPLIT", "1.5.0 1.14.0 1.14.0 2.3.0 2.23.0"},
    {"LOG_SOFTMAX", "1.14.0 1.14.0"},
    {"DELEGATE", ""},
    {"BIDIRECTIONAL_SEQUENCE_LSTM", "1.14.0 1.14.0 1.14.0"},
    {"CAST", "1.5.0 2.7.0 2.8.0 2.9.0 2.12.0 2.15.0 2.17.0 2.21.0 2.23.0"},
    {"PRELU", "1.8.0"},
    {"MAXIMUM", "1.14.0 1.14.0 2.3.0 2.3.0"},
    {"ARG_MAX", "1.9.0 1.14.0 2.9.0"},
    {"MINIMUM", "1.14.0 1.14.0 2.3.0 2.3.0"},
    {"LESS", "1.14.0 1.14.0 2.13.0"},
    {"NEG", "1.9.0"},
    {"PADV2", "1.9.0 1.14.0 2.4.0 2.6.0 2.20.0 2.23.0"},
    {"GREATER", "1.14.0 1.14.0"},
    {"GREATER_EQUAL", "1.14.0 1.14.0 2.13.0"},
    {"LESS_EQUAL", "1.14.0 1.14.0"},
    {"SELECT", "1.14.0 1.14.0 2.12.0 2.12.0"},
    {"SLICE", "1.14.0 1.14.0 1.14.0 2.4.0 2.5.0 2.14.0 2.21.0 2.23.0"},
    {"SIN", "1.9.0 2.23.0"},
    {"TRANSPOSE_CONV", "1.9.0 2.2.0 2.3.0 2.13.0 2.15.0"},
    {"SPARSE_TO_DENSE", "1.9.0 1.14.0 1.15.0"},
    {"TILE", "1.10.1 2.2.0 2.8.0"},
    {"EXPAND_DIMS", "1.10.0"},
    {"EQUAL", "1.14.0 1.14.0 2.3.0 2.13.0 2.21.0"},
    {"NOT_EQUAL", "1.14.0 1.14.0 2.3.0 2.21.0"},
    {"LOG", "1.14.0 2.15.0"},
    {"SUM", "1.10.0 1.15.0"},
    {"SQRT", "1.10.0 2.21.0"},
    {"RSQRT", "1.10.0 2.5.0 2.15.0"},
    {"SHAPE", "1.10.0"},
    {"POW", "1.10.0"},
    {"ARG_MIN", "1.9.0 1.14.0 2.9.0"},
    {"FAKE_QUANT", "1.5.0 1.10.0"},
    {"REDUCE_PROD", "1.11.0 2.6.0"},
    {"REDUCE_MAX", "1.11.0 1.14.0 2.5.0"},
    {"PACK", "1.11.0 1.14.0 2.3.0 2.13.0 2.23.0"},
    {"LOGICAL_OR", "1.11.0"},
    {"ONE_HOT", "1.11.0"},
    {"LOGICAL_AND", "1.11.0"},
    {"LOGICAL_NOT", "1.11.0"},
    {"UNPACK", "1.11.0 1.14.0 2.2.0 2.3.0 2.22.0 2.23.0"},
    {"REDUCE_MIN", "1.11.0 1.14.0 2.5.0"},
    {"FLOOR_DIV", "1.14.0 1.14.0 2.13.0"},
    {"REDUCE_ANY", "1.11.0"},
    {"SQUARE", "1.12.0"},
    {"ZEROS_LIKE", "1.12.0"},
    {"FILL", "1.13.0 2.3.0 2.5.0 2.12.0 2.23.0"},
    {"FLOOR_MOD", "1.13.0 2.13.0"},
    {"RANGE", "1.13.0 2.14.0"},
    {"RESIZE_NEAREST_NEIGHBOR", "1.13.1 1.14.0 2.3.0 2.4.0"},
    {"LEAKY_RELU", "1.13.1 2.3.0"},
    {"SQUARED_DIFFERENCE", "1.13.1 2.5.0"},
    {"MIRROR_PAD", "1.13.1 2.3.0 2.12.0"},
    {"ABS", "1.13.0 2.4.0 2.5.0 2.6.0 2.12.0"},
    {"SPLIT_V", "1.13.1 2.3.0 2.23.0"},
    {"UNIQUE", "1.14.0"},
    {"CEIL", "1.14.0"},
    {"REVERSE_V2", "1.14.0 2.2.0 2.5.0 2.23.0"},
    {"ADD_N", "1.14.0"},
    {"GATHER_ND", "1.14.0 2.3.0 2.5.0 2.13.0 2.16.0 2.23.0"},
    {"COS", "1.14.0 2.23.0"},
    {"WHERE", "1.14.0 2.8.0"},
    {"RANK", "1.14.0"},
    {"ELU", "1.14.0"},
    {"REVERSE_SEQUENCE", "1.14.0"},
    {"MATRIX_DIAG", "1.14.0"},
    {"QUANTIZE", "1.14.0 1.15.0 2.7.0 2.21.0 2.21.0 2.21.0"},
    {"MATRIX_SET_DIAG", "1.14.0"},
    {"ROUND", "1.14.0"},
    {"HARD_SWISH", "1.15.0"},
    {"IF", "1.15.0"},
    {"WHILE", "1.15.0"},
    {"NON_MAX_SUPPRESSION_V4", "2.1.0"},
    {"NON_MAX_SUPPRESSION_V5", "2.1.0"},
    {"SCATTER_ND", "2.1.0"},
    {"SELECT_V2", "2.2.0 2.12.0"},
    {"DENSIFY", "2.2.0"},
    {"SEGMENT_SUM", "2.2.0"},
    {"BATCH_MATMUL", "2.3.0 2.3.0 2.4.0 2.5.0"},
    {"PLACEHOLDER_FOR_GREATER_OP_CODES", ""},
    {"CUMSUM", "2.4.0"},
    {"CALL_ONCE", "2.5.0"},
    {"BROADCAST_TO", "- 2.5.0 2.5.0 2.23.0"},
    {"RFFT2D", "2.5.0"},
    {"CONV_3D", "2.5.0"},
    {"IMAG", "2.5.0"},
    {"REAL", "2.5.0"},
    {"COMPLEX_ABS", "2.5.0"},
    {"HASHTABLE", "2.5.0"},
    {"HASHTABLE_FIND", "2.5.0"},
    {"HASHTABLE_IMPORT", "2.5.0"},
    {"HASHTABLE_SIZE", "2.5.0"},
    {"REDUCE_ALL", "2.6.0"},
    {"CONV_3D_TRANSPOSE", "2.6.0"},
    {"VAR_HANDLE", "2.6.0"},
    {"READ_VARIABLE", "2.6.0"},
    {"ASSIGN_VARIABLE", "2.6.0"},
    {"BROADCAST_ARGS", "2.6.0"},
    {"RANDOM_STANDARD_NORMAL", "2.8.0"},
    {"BUCKETIZE", "2.8.0"},
    {"RANDOM_UNIFORM", "2.8.0"},
    {"MULTINOMIAL", "2.8.0"},
    {"GELU", "2.9.0 2.9.0 2.23.0"},
    {"DYNAMIC_UPDATE_SLICE", "2.9.0 2.17.0 2.19.0 2.20.0 2.21.0 2.22.0"},
    {"RELU_0_TO_1", "2.10.0"},
    {"UNSORTED_SEGMENT_PROD", "2.10.0"},
    {"UNSORTED_SEGMENT_MAX", "2.10.0"},
    {"UNSORTED_SEGMENT_SUM", "2.10.0"},
    {"ATAN2", "2.10.0"},
    {"UNSORTED_SEGMENT_MIN", "2.11.0"},
    {"SIGN", "2.11.0 2.12.0"},
    {"BITCAST", "2.13.0"},
    {"BITWISE_XOR", "2.13.0"},
    {"RIGHT_SHIFT", "2.13.0"},
    {"STABLEHLO_LOGISTIC", ""},
    {"STABLEHLO_ADD", "2.16.0"},
    {"STABLEHLO_DIVIDE", ""},
    {"STABLEHLO_MULTIPLY", "2.16.0"},
    {"STABLEHLO_MAXIMUM", "2.16.0"},
    {"STABLEHLO_RESHAPE", ""},
    {"STABLEHLO_CLAMP", ""},
    {"STABLEHLO_CONCATENATE", ""},
    {"STABLEHLO_BROADCAST_IN_DIM", ""},
    {"STABLEHLO_CONVOLUTION", ""},
    {"STABLEHLO_SLICE", ""},
    {"STABLEHLO_CUSTOM_CALL", ""},
    {"STABLEHLO_REDUCE", ""},
    {"STABLEHLO_ABS", ""},
    {"STABLEHLO_AND", "2.17.0"},
    {"STABLEHLO_COSINE", ""},
    {"STABLEHLO_EXPONENTIAL", ""},
    {"STABLEHLO_FLOOR", ""},
    {"STABLEHLO_LOG", ""},
    {"STABLEHLO_MINIMUM", "2.16.0"},
    {"STABLEHLO_NEGATE", ""},
    {"STABLEHLO_OR", ""},
    {"STABLEHLO_POWER", ""},
    {"STABLEHLO_REMAINDER", ""},
    {"STABLEHLO_RSQRT", ""},
    {"STABLEHLO_SELECT", ""},
    {"STABLEHLO_SUBTRACT", ""},
    {"STABLEHLO_TANH", ""},
    {"STABLEHLO_SCATTER", "2.15.0"},
    {"STABLEHLO_COMPARE", ""},
    {"STABLEHLO_CONVERT", ""},
    {"STABLEHLO_DYNAMIC_SLICE", ""},
    {"STABLEHLO_DYNAMIC_UPDATE_SLICE", ""},
    {"STABLEHLO_PAD", "2.16.0"},
    {"STABLEHLO_IOTA", ""},
    {"STABLEHLO_DOT_GENERAL", ""},
    {"STABLEHLO_REDUCE_WINDOW", "2.16.0"},
    {"STABLEHLO_SORT", ""},
    {"STABLEHLO_WHILE", ""},
    {"STABLEHLO_GATHER", "2.16.0"},
    {"STABLEHLO_TRANSPOSE", ""},
    {"DILATE", "2.15.0"},
    {"STABLEHLO_RNG_BIT_GENERATOR", "2.15.0"},
    {"REDUCE_WINDOW", "2.15.0"},
    {"STABLEHLO_COMPOSITE", "2.17.0"},
    {"STABLEHLO_SHIFT_LEFT", "2.17.0"},
    {"STABLEHLO_CBRT", "2.17.0"},
    {"STABLEHLO_CASE", "2.17.0"},
};

// Takes the text up to the next `separator` off the front.
std::string_view take(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return word;
}

}  // namespace

std::optional<DType> dtype_of(int tensor_type) {
  if (tensor_type < 0 || tensor_type >= kTypeCount) return std::nullopt;
  const Type& type = kTypes[static_cast<size_t>(tensor_type)];
  return type.name.empty() ? std::optional(type.dtype) : std::nullopt;
}

int tensor_type_of(DType dtype) {
  for (int i = 0; i < kTypeCount; ++i) {
    if (dtype_of(i) == dtype) return i;
  }
  return -1;
}

std::string tensor_type_name(int tensor_type) {
  if (const auto dtype = dtype_of(tensor_type)) return std::string(name_of(*dtype));
  if (tensor_type < 0 || tensor_type >= kTypeCount)
    return "unknown type " + std::to_string(tensor_type);
  return std::string(kTypes[static_cast<size_t>(tensor_type)].name);
}

std::string operator_name(int code) {
  if (code >= 0 && static_cast<size_t>(code) < std::size(kOperators))
    return std::string(kOperators[code].name);
  return "builtin operator " + std::to_string(code);
}

std::string_view runtime_version(int code, int version) {
  if (code < 0 || static_cast<size_t>(code) >= std::size(kOperators)) return {};
  std::string_view releases = kOperators[code].releases;
  for (int i = 1; i < version; ++i) take(releases, ' ');
  const std::string_view release = take(releases, ' ');
  return release == "-" ? "" : release;
}

bool is_older_version(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const std::string_view part_a = take(a, '.');
    const std::string_view part_b = take(b, '.');
    int x = 0;
    int y = 0;
    std::from_chars(part_a.data(), part_a.data() + part_a.size(), x);
    std::from_chars(part_b.data(), part_b.data() + part_b.size(), y);
    if (x != y) return x < y;
  }
  return a.empty() && !b.empty();
}

}  // namespace mote::tflite
