// Small files for tests, written slot by slot so that each can be wrong in one way.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "export/tflite/writer.h"
#include "formats/tflite.h"

namespace mote::tflite {

struct TestTensor {
  std::vector<int32_t> shape;
  int type = 0;
  uint32_t buffer = 0;
  std::string name = {};
  // Puts down further fields: quantization, sparsity, is_variable...
  std::function<void(Writer&, Fields&)> more = {};
};

struct TestOperator {
  uint32_t code = 0;
  std::vector<int32_t> inputs;
  std::vector<int32_t> outputs;
  std::function<void(Writer&, Fields&)> more = {};
};

struct TestSubgraph {
  std::vector<TestTensor> tensors;
  std::vector<TestOperator> operators;
  std::vector<int32_t> inputs;
  std::vector<int32_t> outputs;
};

struct TestCode {
  int code = 0;
  std::string custom = {};
};

struct TestModel {
  uint32_t version = kSchemaVersion;
  std::vector<TestCode> codes;
  std::vector<TestSubgraph> subgraphs;
  std::vector<std::vector<uint8_t>> buffers;  // [0] is written as one without data
  std::function<void(Writer&, Fields&)> more = {};

  Buffer write() const {
    Writer writer;
    std::vector<Offset> all_codes;
    for (const TestCode& code : codes) {
      Fields fields;
      fields.scalar(operator_code::code, code.code, 0)
          .offset(operator_code::custom_code, writer.string(code.custom));
      all_codes.push_back(writer.table(fields));
    }
    std::vector<Offset> all_subgraphs;
    for (const TestSubgraph& subgraph : subgraphs)
      all_subgraphs.push_back(write_subgraph(writer, subgraph));
    std::vector<Offset> all_buffers;
    for (size_t i = 0; i < buffers.size(); ++i) {
      Fields fields;
      if (i)
        fields.offset(buffer::data, writer.aligned_bytes(std::as_bytes(std::span(buffers[i]))));
      all_buffers.push_back(writer.table(fields));
    }
    Fields root;
    root.scalar(model::version, version, 0)
        .offset(model::operator_codes, writer.offsets(all_codes))
        .offset(model::subgraphs, writer.offsets(all_subgraphs))
        .offset(model::buffers, writer.offsets(all_buffers));
    if (more) more(writer, root);
    return writer.finish(writer.table(root), kIdentifier.data());
  }

 private:
  static Offset write_subgraph(Writer& writer, const TestSubgraph& subgraph) {
    std::vector<Offset> tensors;
    for (const TestTensor& t : subgraph.tensors) {
      Fields fields;
      fields.offset(tensor::shape, writer.vector(t.shape))
          .scalar(tensor::type, static_cast<int8_t>(t.type), 0)
          .scalar(tensor::buffer, t.buffer, 0)
          .offset(tensor::name, writer.string(t.name));
      if (t.more) t.more(writer, fields);
      tensors.push_back(writer.table(fields));
    }
    std::vector<Offset> operators;
    for (const TestOperator& o : subgraph.operators) {
      Fields fields;
      fields.scalar(op::opcode_index, o.code, 0)
          .offset(op::inputs, writer.vector(o.inputs))
          .offset(op::outputs, writer.vector(o.outputs));
      if (o.more) o.more(writer, fields);
      operators.push_back(writer.table(fields));
    }
    Fields fields;
    fields.offset(subgraph::tensors, writer.offsets(tensors))
        .offset(subgraph::inputs, writer.vector(subgraph.inputs))
        .offset(subgraph::outputs, writer.vector(subgraph.outputs))
        .offset(subgraph::operators, writer.offsets(operators));
    return writer.table(fields);
  }
};

}  // namespace mote::tflite
