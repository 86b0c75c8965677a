#include "driver/runner.h"

#include <cstring>

#include "base/error.h"
#include "passes/keep_half_weights.h"
#include "passes/pipeline.h"
#include "passes/specialize.h"

namespace mote::driver {
namespace {

Array to_array(const runtime::TensorView& view) {
  return {view.dtype, *view.shape, Buffer::copy_of(view.data, view.size_bytes)};
}

}  // namespace

void require_ok(runtime::RunStatus status) {
  if (status != runtime::RunStatus::ok) fail_user("the run stopped: {}", describe(status));
}

Runner::Runner(const Graph& graph, const plan::Options& options)
    : graph_(graph), options_(options) {}

void Runner::prepare(std::span<const Shape> shapes) {
  if (session_ && std::equal(shapes.begin(), shapes.end(), shapes_.begin(), shapes_.end())) return;
  session_.reset();
  program_.reset();
  specialized_ = graph_;
  // A shape that the user chose may differ from the declared one; its extents were checked before.
  Subgraph& main = specialized_.main();
  for (size_t i = 0; i < main.inputs.size() && i < shapes.size(); ++i) {
    main.value(main.inputs[i]).type.shape = shapes[i];
  }
  passes::keep_half_weights(specialized_);
  passes::specialize(specialized_, shapes);
  if (!options_.observe && !options_.lowering.reference) passes::fuse_to_run(specialized_);
  program_ = std::make_shared<const Program>(plan::compile(specialized_, options_).value());
  session_ = std::make_unique<runtime::Session>(program_, options_.threads);
  shapes_.assign(shapes.begin(), shapes.end());
}

void Runner::set_inputs(std::span<const Array> inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const runtime::TensorView view = session_->input(static_cast<int>(i));
    if (view.dtype != inputs[i].dtype || view.size_bytes != inputs[i].data.size()) {
      fail_internal("input {} is {}{}, {}{} was given", i, name_of(view.dtype), view.shape->str(),
                    name_of(inputs[i].dtype), inputs[i].shape.str());
    }
    if (view.size_bytes) std::memcpy(view.data, inputs[i].data.data(), view.size_bytes);
  }
}

std::vector<Array> Runner::run(std::span<const Array> inputs) {
  std::vector<Shape> shapes;
  for (const Array& input : inputs) shapes.push_back(input.shape);
  prepare(shapes);
  session_->reset_state();
  set_inputs(inputs);
  require_ok(session_->run());
  std::vector<Array> outputs;
  for (int i = 0; i < session_->outputs(); ++i) outputs.push_back(to_array(session_->output(i)));
  return outputs;
}

std::optional<Array> Runner::observed(ValueId value) const {
  const runtime::TensorView view = session_->observed(value);
  if (!view.data) return std::nullopt;
  return to_array(view);
}

}  // namespace mote::driver
