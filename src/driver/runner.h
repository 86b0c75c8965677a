// A graph ready to run for given input shapes, planned again when they change.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "driver/model.h"
#include "driver/tensor.h"
#include "plan/compile.h"
#include "runtime/session.h"

namespace mote::driver {

class Runner {
 public:
  // `graph` must outlive the runner. options.threads is also the session's.
  explicit Runner(const Graph& graph, const plan::Options& options = {});

  // Fixes the shapes, computes all others, folds what is constant, and plans. Cheap if they are the
  // shapes already prepared for.
  void prepare(std::span<const Shape> shapes);
  // Runs from a fresh state. Inputs are of the model's types; their shapes are prepared for. Throws
  // a user Error if a kernel refuses the data.
  std::vector<Array> run(std::span<const Array> inputs);
  // Copies inputs into the session without running it.
  void set_inputs(std::span<const Array> inputs);

  // After prepare or run:
  const Graph& graph() const { return specialized_; }
  const Program& program() const { return *program_; }
  runtime::Session& session() { return *session_; }
  // A value of graph(); the program must have been compiled to be observed. Empty (no elements and
  // rank 0 data) if it takes no memory at run time.
  std::optional<Array> observed(ValueId value) const;

 private:
  const Graph& graph_;
  plan::Options options_;
  std::vector<Shape> shapes_;
  Graph specialized_;
  std::shared_ptr<const Program> program_;
  std::unique_ptr<runtime::Session> session_;
};

// Throws a user Error that says what the data did, if the status is not ok.
void require_ok(runtime::RunStatus status);

}  // namespace mote::driver
