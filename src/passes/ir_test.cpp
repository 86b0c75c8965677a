// Runs tests/ir/*.txt: a pass, the graph before it and the graph that must come out.
//
//   === what it shows
//   pass simplify
//   --- before
//   subgraph main(...) ...
//   --- after            (or: --- unchanged)
//   subgraph main(...) ...
//
// Every operator is also run before and after on random inputs, and the results are compared.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "eval/evaluator.h"
#include "graph/text.h"
#include "graph/verify.h"
#include "ops/ops.h"
#include "passes/pipeline.h"
#include "passes/specialize.h"

namespace mote::passes {
namespace {

struct Case {
  std::string title, pass, before, after;
};

std::vector<Case> read_cases(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Case> cases;
  std::string* target = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), "", "", ""});
      target = nullptr;
    } else if (line.starts_with("pass ")) {
      cases.back().pass = line.substr(5);
    } else if (line == "--- before") {
      target = &cases.back().before;
    } else if (line == "--- after") {
      target = &cases.back().after;
    } else if (line == "--- unchanged") {
      cases.back().after = cases.back().before;
      target = nullptr;
    } else if (target) {
      *target += line + "\n";
    }
  }
  return cases;
}

// Outputs of the graph as floats, on inputs that depend on `seed` only. Unknown extents become 3.
std::vector<std::vector<float>> outputs_of(Graph graph) {
  std::vector<Shape> shapes;
  for (const ValueId id : graph.main().inputs) {
    Shape shape = graph.main().value(id).type.shape;
    for (int d = 0; d < shape.rank(); ++d) shape[d] = shape[d] == kDynamic ? 3 : shape[d];
    shapes.push_back(shape);
  }
  specialize(graph, shapes);
  eval::Evaluator evaluator(graph);
  std::mt19937 random(1);
  for (size_t i = 0; i < graph.main().inputs.size(); ++i) {
    const TensorType& type = graph.main().value(graph.main().inputs[i]).type;
    std::vector<std::byte> bytes(*type.shape.bytes(type.dtype));
    if (type.dtype == DType::f32) {
      for (size_t b = 0; b < bytes.size(); b += 4) {
        const float v = std::uniform_real_distribution<float>(-2, 2)(random);
        std::memcpy(&bytes[b], &v, 4);
      }
    } else {
      for (std::byte& b : bytes) b = static_cast<std::byte>(random() & 1);
    }
    evaluator.set_input(static_cast<int>(i), bytes);
  }
  evaluator.run();
  std::vector<std::vector<float>> outputs;
  for (size_t i = 0; i < graph.main().outputs.size(); ++i) {
    const TensorType& type = graph.main().value(graph.main().outputs[i]).type;
    const auto bytes = evaluator.output(static_cast<int>(i));
    std::vector<float>& values = outputs.emplace_back();
    if (type.dtype == DType::f32) {
      values.resize(bytes.size() / 4);
      std::memcpy(values.data(), bytes.data(), bytes.size());
    } else {
      for (const std::byte b : bytes) values.push_back(static_cast<float>(b));
    }
  }
  return outputs;
}

void expect_same_results(const Graph& before, const Graph& after) {
  const auto x = outputs_of(before);
  const auto y = outputs_of(after);
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(x[i].size(), y[i].size());
    float largest = 0;
    for (const float v : x[i]) largest = std::max(largest, std::fabs(v));
    for (size_t k = 0; k < x[i].size(); ++k) {
      EXPECT_NEAR(x[i][k], y[i][k], 1e-6f * std::max(1.0f, largest)) << "output " << i;
    }
  }
}

TEST(Passes, BeforeAndAfter) {
  size_t count = 0;
  std::vector<std::filesystem::path> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::string(MOTE_SOURCE_DIR) + "/tests/ir")) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const auto& path : files) {
    for (const Case& test : read_cases(path)) {
      SCOPED_TRACE(path.filename().string() + ": " + test.title);
      try {
        const Graph before = parse_graph(test.before, find_op);
        const Graph wanted = parse_graph(test.after, find_op);
        verify(before);
        Graph graph = before;
        const Pass pass = find_pass(test.pass);
        ASSERT_TRUE(pass) << "no pass " << test.pass;
        const bool changed = pass(graph);
        verify(graph);
        std::string why;
        EXPECT_TRUE(equal(wanted, graph, &why)) << why << "\n" << print(graph, 4096);
        EXPECT_EQ(changed, print(before, 4096) != print(graph, 4096));
        for (size_t i = 0; i < graph.main().outputs.size(); ++i) {
          EXPECT_EQ(graph.main().value(graph.main().outputs[i]).name,
                    before.main().value(before.main().outputs[i]).name);
        }
        expect_same_results(before, graph);
      } catch (const Error& error) {
        ADD_FAILURE() << error.message;
      }
      ++count;
    }
  }
  EXPECT_GE(count, 35u);
}

}  // namespace
}  // namespace mote::passes
