// mote inspect: what a model file holds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "driver/model.h"

namespace mote::driver {

struct TensorReport {
  std::string name;
  TensorType type;
};

struct NodeReport {
  int subgraph = 0;
  int index = 0;  // in its subgraph
  std::string op;
  std::string layer;
  std::vector<TensorReport> inputs;  // an absent optional input has an empty name and rank 0
  std::vector<bool> is_constant;     // of each input
  std::vector<ValueId> input_ids;
  std::vector<TensorReport> outputs;
  std::vector<ValueId> output_ids;
  std::vector<std::pair<std::string, std::string>> attributes;  // as text
  std::optional<int64_t> macs;                                  // empty where shapes are not known
  size_t weight_bytes = 0;  // of constants, each counted at its first reader
};

struct InspectReport {
  Model model;
  std::vector<PortInfo> inputs;
  std::vector<PortInfo> outputs;
  std::vector<NodeReport> nodes;  // of all subgraphs, the main one first
  std::map<std::string, int> operator_counts;
  int64_t macs = 0;             // of nodes where they are known
  bool macs_complete = true;    // they are known for every node
  bool shapes_assumed = false;  // unknown extents counted as 1
  int64_t parameters = 0;       // elements of constants
  size_t weight_bytes = 0;
};

Result<InspectReport> inspect(const std::string& path, const std::vector<NamedShape>& shapes);

// The main subgraph for Graphviz.
std::string to_dot(const InspectReport& report);

// "0.5:-3", "per-axis[64]@3", "" where not quantized.
std::string describe(const Quantization& quant);
// An attribute's value as the text form of a graph has it.
std::string describe(const AttrValue& value);

}  // namespace mote::driver
