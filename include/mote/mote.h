// Mote's C++ interface: the C one (mote_c.h) with owners, spans and exceptions. Header only.
//
//   mote::Model model("model.tflite");
//   mote::Session session = model.session();
//   std::span<float> x = session.input<float>(0);
//   ...fill x...
//   session.run();
//   std::span<const float> y = session.output<float>(0);
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "mote/mote_c.h"

namespace mote {
// Not the names of Mote's own sources, so that both can live in one program.
inline namespace api {

// What every failure throws.
class Failure : public std::runtime_error {
 public:
  Failure(mote_status status, const char* message) : std::runtime_error(message), status_(status) {}
  mote_status status() const { return status_; }

 private:
  mote_status status_;
};

namespace detail {

inline void require(mote_status status) {
  if (status != MOTE_OK) throw Failure(status, mote_last_error());
}

template <class T>
constexpr bool holds(mote_dtype dtype) {
  switch (dtype) {
    case MOTE_FLOAT32:
      return std::is_same_v<T, float>;
    case MOTE_FLOAT64:
      return std::is_same_v<T, double>;
    case MOTE_INT8:
      return std::is_same_v<T, int8_t>;
    case MOTE_INT16:
      return std::is_same_v<T, int16_t>;
    case MOTE_INT32:
      return std::is_same_v<T, int32_t>;
    case MOTE_INT64:
      return std::is_same_v<T, int64_t>;
    case MOTE_UINT8:
      return std::is_same_v<T, uint8_t>;
    case MOTE_UINT16:
      return std::is_same_v<T, uint16_t>;
    case MOTE_UINT32:
      return std::is_same_v<T, uint32_t>;
    case MOTE_UINT64:
      return std::is_same_v<T, uint64_t>;
    case MOTE_BOOL:
      return std::is_same_v<T, bool>;
    default:
      return false;
  }
}

}  // namespace detail

using Tensor = mote_tensor;

// A model prepared for given input shapes; running it takes no memory. See mote_session_*.
class Session {
 public:
  // The elements of an input, to be written before every run. Throws a Failure if T is not the
  // input's type or there is no such input.
  template <class T>
  std::span<T> input(size_t index) {
    Tensor tensor{};
    size_t size_bytes = 0;
    void* data = mote_session_input(session_.get(), index, &tensor, &size_bytes);
    return elements<T>(static_cast<T*>(data), tensor, size_bytes);
  }
  // The elements of an output, valid until the next run.
  template <class T>
  std::span<const T> output(size_t index) {
    Tensor tensor{};
    size_t size_bytes = 0;
    const void* data = mote_session_output(session_.get(), index, &tensor, &size_bytes);
    return elements<const T>(static_cast<const T*>(data), tensor, size_bytes);
  }
  // Types and shapes, all extents known.
  Tensor input_tensor(size_t index) const {
    Tensor tensor{};
    if (!mote_session_input(session_.get(), index, &tensor, nullptr)) fail_index(index);
    return tensor;
  }
  Tensor output_tensor(size_t index) const {
    Tensor tensor{};
    if (!mote_session_output(session_.get(), index, &tensor, nullptr)) fail_index(index);
    return tensor;
  }
  void run() { detail::require(mote_session_run(session_.get())); }
  void reset() { mote_session_reset(session_.get()); }
  size_t arena_bytes() const { return mote_session_arena_bytes(session_.get()); }

 private:
  friend class Model;
  explicit Session(mote_session* session) : session_(session) {}

  [[noreturn]] static void fail_index(size_t index) {
    throw Failure(MOTE_USER_ERROR, ("the model has no tensor " + std::to_string(index)).c_str());
  }
  template <class T>
  static std::span<T> elements(T* data, const Tensor& tensor, size_t size_bytes) {
    if (!data) throw Failure(MOTE_USER_ERROR, "the model has no such input or output");
    if (!detail::holds<std::remove_const_t<T>>(tensor.dtype)) {
      throw Failure(MOTE_USER_ERROR, "the tensor has another element type");
    }
    return {data, size_bytes / sizeof(T)};
  }

  struct Delete {
    void operator()(mote_session* session) const { mote_session_free(session); }
  };
  std::unique_ptr<mote_session, Delete> session_;
};

class Model {
 public:
  // Reads a .tflite, .keras or .h5 file.
  explicit Model(const std::string& path) {
    mote_model* model = nullptr;
    detail::require(mote_model_load(path.c_str(), &model));
    model_.reset(model);
  }

  size_t inputs() const { return mote_model_inputs(model_.get()); }
  size_t outputs() const { return mote_model_outputs(model_.get()); }
  Tensor input(size_t index) const {
    Tensor tensor{};
    detail::require(mote_model_input(model_.get(), index, &tensor));
    return tensor;
  }
  Tensor output(size_t index) const {
    Tensor tensor{};
    detail::require(mote_model_output(model_.get(), index, &tensor));
    return tensor;
  }
  // Prepared for these input shapes (none: the model's own, unknown extents as 1).
  Session session(int threads = 1, const std::vector<mote_shape>& input_shapes = {}) const {
    if (!input_shapes.empty() && input_shapes.size() != inputs()) {
      throw Failure(MOTE_USER_ERROR, "give one shape for each input, or none");
    }
    mote_session* session = nullptr;
    detail::require(mote_session_create(
        model_.get(), input_shapes.empty() ? nullptr : input_shapes.data(), threads, &session));
    return Session(session);
  }

 private:
  struct Delete {
    void operator()(mote_model* model) const { mote_model_free(model); }
  };
  std::unique_ptr<mote_model, Delete> model_;
};

// Writes a model as .tflite; see mote_convert_options.
inline void convert(const std::string& model_path, const std::string& output_path,
                    const mote_convert_options& options = {}) {
  detail::require(mote_convert(model_path.c_str(), output_path.c_str(), &options));
}

}  // namespace api
}  // namespace mote
