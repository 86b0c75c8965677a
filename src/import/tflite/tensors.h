// A file's tensors as values of the graph.
#pragma once

#include "base/buffer.h"
#include "formats/tflite_reader.h"
#include "graph/graph.h"

namespace mote::tflite {

// The file's buffers: where the bytes of constants are.
class Buffers {
 public:
  // `file` must outlive this; `bytes` are the same bytes with their owner.
  Buffers(const File& file, Buffer bytes, const Table& root);

  // Buffer i as a slice of the file. Empty optional: there is no data at all (not even none: a
  // vector of zero bytes is data). Fails if i is not a buffer.
  std::optional<Buffer> find(uint32_t i) const;

 private:
  const File& file_;
  Buffer bytes_;
  std::vector<Table> tables_;
};

// Reads one tensor. Its data becomes a slice of the file, or a copy where the file has it
// misaligned or sparse.
Value read_tensor(const Table& tensor, const Buffers& buffers);

}  // namespace mote::tflite
