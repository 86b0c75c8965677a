// Writes FlatBuffer tables by slot number, and everything that is equal only once.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstring>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/buffer.h"

namespace mote::tflite {

using Offset = flatbuffers::uoffset_t;  // 0: nothing

// The fields of one table, collected first, so that they can be laid out without gaps.
class Fields {
 public:
  // Fields that hold what their absence means are left out.
  template <class T>
  Fields& scalar(int slot, T value, std::type_identity_t<T> absent) {
    if (value != absent) {
      Field field{slot, sizeof(T), {}, false};
      std::memcpy(field.bytes, &value, sizeof(T));
      fields_.push_back(field);
    }
    return *this;
  }
  Fields& offset(int slot, Offset to) {
    if (to) {
      Field field{slot, sizeof(Offset), {}, true};
      std::memcpy(field.bytes, &to, sizeof(Offset));
      fields_.push_back(field);
    }
    return *this;
  }

  bool empty() const { return fields_.empty(); }

 private:
  friend class Writer;
  struct Field {
    int slot;
    size_t size_bytes;
    unsigned char bytes[8];
    bool is_offset;
  };
  std::vector<Field> fields_;
};

class Writer {
 public:
  Offset table(Fields fields);
  // One table for each set of equal fields. For tables that readers never tell apart.
  Offset shared_table(const Fields& fields);
  Offset string(const std::string& text);
  template <class T>
  Offset vector(const std::vector<T>& values);
  Offset offsets(const std::vector<Offset>& values);
  // Bytes at a multiple of 16, so that they can be used where the file is mapped.
  Offset aligned_bytes(std::span<const std::byte> bytes);
  Buffer finish(Offset root, const char* identifier);

 private:
  flatbuffers::FlatBufferBuilder builder_{1 << 16};
  std::map<std::string, Offset> vectors_;  // by the bytes, with the element size in front
  std::map<std::string, Offset> strings_;
  std::map<std::string, Offset> tables_;
};

}  // namespace mote::tflite
