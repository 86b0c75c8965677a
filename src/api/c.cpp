// The C interface over the driver.
#include <cstring>
#include <new>

#include "base/result.h"
#include "driver/convert.h"
#include "driver/model.h"
#include "driver/runner.h"
#include "mote/mote_c.h"

using mote::Blame;
using mote::driver::PortInfo;

struct mote_model {
  std::shared_ptr<const mote::driver::Model> model;
  std::vector<PortInfo> inputs;
  std::vector<PortInfo> outputs;
};

struct mote_session {
  std::shared_ptr<const mote::driver::Model> model;  // the runner refers to its graph
  std::vector<PortInfo> inputs;
  std::vector<PortInfo> outputs;
  std::unique_ptr<mote::driver::Runner> runner;
};

namespace {

static_assert(MOTE_VARIANT + 1 == mote::kDTypeCount && MOTE_MAX_RANK == mote::kMaxRank);

// Room of its own, so that a message can be kept when memory has run out.
thread_local char last_error[1024] = "";

void keep(const char* message) {
  std::strncpy(last_error, message, sizeof(last_error) - 1);
  last_error[sizeof(last_error) - 1] = '\0';
}

template <class Body>
mote_status guard(Body&& body) {
  const mote::Status status = mote::capture(std::forward<Body>(body));
  if (status) return MOTE_OK;
  keep(status.error().message.c_str());
  switch (status.error().blame) {
    case Blame::user:
      return MOTE_USER_ERROR;
    case Blame::unsupported:
      return MOTE_UNSUPPORTED;
    case Blame::internal:
      return MOTE_INTERNAL;
  }
  return MOTE_INTERNAL;
}

void describe(const PortInfo& port, const mote::Shape& shape, mote_tensor* tensor) {
  tensor->name = port.name.c_str();
  tensor->dtype = static_cast<mote_dtype>(port.type.dtype);
  tensor->rank = shape.rank();
  for (int i = 0; i < shape.rank(); ++i) tensor->shape[i] = shape[i];
  tensor->scale = port.type.quant.empty() ? 0 : port.type.scale();
  tensor->zero_point = port.type.zero_point();
}

mote_status describe_port(const std::vector<PortInfo>& ports, size_t index, mote_tensor* tensor) {
  return guard([&] {
    if (!tensor) mote::fail_user("tensor is null");
    if (index >= ports.size()) {
      mote::fail_user("there is no tensor {}; the model has {}", index, ports.size());
    }
    describe(ports[index], ports[index].type.shape, tensor);
  });
}

std::vector<mote::Shape> shapes_of(const mote_model& model, const mote_shape* given) {
  std::vector<mote::Shape> shapes = mote::driver::input_shapes(model.inputs, {});
  for (size_t i = 0; given && i < shapes.size(); ++i) {
    const int32_t rank = given[i].rank;
    if (rank != shapes[i].rank()) {
      mote::fail_user("input '{}' has rank {}, not {}", model.inputs[i].name, shapes[i].rank(),
                      rank);
    }
    const auto shape = mote::Shape::checked(std::span(given[i].extents, static_cast<size_t>(rank)));
    if (!shape || !shape->is_static()) {
      mote::fail_user("the shape of input '{}' has a negative extent or is too large",
                      model.inputs[i].name);
    }
    shapes[i] = *shape;
  }
  return shapes;
}

void parse_type(const char* name, const char* what, mote::DType* type) {
  if (name && !mote::parse_dtype(name, type)) mote::fail_user("no {} '{}'", what, name);
}

mote::driver::ConvertOptions complete(const mote_convert_options& given) {
  mote::driver::ConvertOptions options;
  mote::compress::QuantizeOptions& quantize = options.quantize;
  if (given.quantize && !mote::compress::parse_precision(given.quantize, &quantize.precision)) {
    mote::fail_user("no precision '{}'", given.quantize);
  }
  if (given.calibrate) options.calibrate = given.calibrate;
  parse_type(given.input_type, "input type", &quantize.input_type);
  parse_type(given.output_type, "output type", &quantize.output_type);
  return options;
}

}  // namespace

const char* mote_version(void) { return MOTE_VERSION; }
const char* mote_last_error(void) { return last_error; }

mote_status mote_model_load(const char* path, mote_model** model) {
  return guard([&] {
    if (!path || !model) mote::fail_user("path or model is null");
    auto loaded = std::make_shared<mote::driver::Model>(mote::driver::load_model(path));
    mote::driver::optimize(*loaded);
    auto inputs = mote::driver::inputs_of(loaded->graph);
    auto outputs = mote::driver::outputs_of(loaded->graph);
    *model = new mote_model{std::move(loaded), std::move(inputs), std::move(outputs)};
  });
}

void mote_model_free(mote_model* model) { delete model; }
size_t mote_model_inputs(const mote_model* model) { return model->inputs.size(); }
size_t mote_model_outputs(const mote_model* model) { return model->outputs.size(); }

mote_status mote_model_input(const mote_model* model, size_t index, mote_tensor* tensor) {
  return describe_port(model->inputs, index, tensor);
}
mote_status mote_model_output(const mote_model* model, size_t index, mote_tensor* tensor) {
  return describe_port(model->outputs, index, tensor);
}

mote_status mote_session_create(const mote_model* model, const mote_shape* input_shapes,
                                int32_t threads, mote_session** session) {
  return guard([&] {
    if (!model || !session) mote::fail_user("model or session is null");
    if (threads < 1 || threads > 256) mote::fail_user("{} threads; 1 to 256 are possible", threads);
    auto runner =
        std::make_unique<mote::driver::Runner>(model->model->graph, mote::plan::Options{threads});
    runner->prepare(shapes_of(*model, input_shapes));
    *session = new mote_session{model->model, model->inputs, model->outputs, std::move(runner)};
  });
}

void mote_session_free(mote_session* session) { delete session; }

void* mote_session_input(mote_session* session, size_t index, mote_tensor* tensor,
                         size_t* size_bytes) {
  if (index >= session->inputs.size()) return nullptr;
  const auto view = session->runner->session().input(static_cast<int>(index));
  if (tensor) describe(session->inputs[index], *view.shape, tensor);
  if (size_bytes) *size_bytes = view.size_bytes;
  return view.data;
}

const void* mote_session_output(mote_session* session, size_t index, mote_tensor* tensor,
                                size_t* size_bytes) {
  if (index >= session->outputs.size()) return nullptr;
  const auto view = session->runner->session().output(static_cast<int>(index));
  if (tensor) describe(session->outputs[index], *view.shape, tensor);
  if (size_bytes) *size_bytes = view.size_bytes;
  return view.data;
}

mote_status mote_session_run(mote_session* session) {
  const mote::runtime::RunStatus status = session->runner->session().run();
  if (status == mote::runtime::RunStatus::ok) return MOTE_OK;
  keep(mote::runtime::describe(status));
  return MOTE_USER_ERROR;
}

void mote_session_reset(mote_session* session) { session->runner->session().reset_state(); }

size_t mote_session_arena_bytes(const mote_session* session) {
  return session->runner->program().main().arena_bytes;
}

mote_status mote_convert(const char* model_path, const char* output_path,
                         const mote_convert_options* options) {
  return guard([&] {
    if (!model_path || !output_path) mote::fail_user("model_path or output_path is null");
    mote::driver::ConvertOptions convert = complete(options ? *options : mote_convert_options{});
    convert.model = model_path;
    convert.output = output_path;
    static_cast<void>(mote::driver::convert(convert).value());
  });
}
