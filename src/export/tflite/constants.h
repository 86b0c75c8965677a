// The file's buffers: the data of constants, each distinct one once.
#pragma once

#include <unordered_map>
#include <vector>

#include "base/buffer.h"
#include "export/tflite/writer.h"

namespace mote::tflite {

class Constants {
 public:
  explicit Constants(Writer& writer) : writer_(writer) {}

  // The index of a buffer with these bytes. Not 0, which means "no data", also for no bytes.
  uint32_t index_of(const Buffer& data);
  // The model's vector of buffers; call it once, at the end.
  Offset write();

 private:
  Writer& writer_;
  uint64_t total_bytes_ = 0;
  std::vector<Buffer> data_;
  std::vector<Offset> tables_;
  std::unordered_multimap<size_t, uint32_t> by_hash_;  // index in data_
};

}  // namespace mote::tflite
