// The C interface to models and sessions, over the driver.
#include <memory>

#include "api/guard.h"
#include "driver/model.h"
#include "driver/runner.h"
#include "mote/mote_c.h"

using mote::api::guard;
using mote::api::keep;
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

}  // namespace

const char* mote_version(void) { return MOTE_VERSION; }
const char* mote_last_error(void) { return mote::api::last_error(); }

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
