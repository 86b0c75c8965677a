// A reader of the HDF5 subset that Keras and h5py write. Read-only, in memory, without libhdf5.
//
// Read: superblocks 0, 2 and 3; groups as symbol tables or as compact link messages; object headers
// 1 and 2; contiguous, compact and chunked (gzip, shuffle) data; integers, floats, bool, strings of
// fixed and variable length; attributes.
// Refused with an Error that names the object: soft and external links, external files, virtual
// data sets, other filters and element types, groups with dense link storage.
//
// Files come from strangers: every offset and size is checked against the file before use, nothing
// is followed more deeply than a bound, and nothing is allocated that the file could not fill.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/array.h"

namespace mote::formats {

namespace hdf5_internal {
struct File;
struct Header;
}  // namespace hdf5_internal

// A group or a data set. Cheap to copy; keeps the file's bytes alive.
class Hdf5Object {
 public:
  // The root group. `label` names the file in messages.
  static Hdf5Object open(Buffer bytes, std::string label);
  ~Hdf5Object();
  Hdf5Object(const Hdf5Object&);
  Hdf5Object& operator=(const Hdf5Object&);

  bool is_dataset() const;
  // "/layers/dense/vars"
  const std::string& path() const { return path_; }

  // Names of a group's members, in the file's order.
  std::vector<std::string> children() const;
  bool has(std::string_view name) const;
  // The member at a relative path ("vars/0"). Throws an Error if there is none.
  Hdf5Object child(std::string_view path) const;

  bool has_attribute(std::string_view name) const;
  // A scalar string attribute.
  std::string string(std::string_view attribute) const;
  // A string attribute of any shape, flattened; an empty array of numbers counts as no strings.
  std::vector<std::string> strings(std::string_view attribute) const;
  Array attribute(std::string_view name) const;

  // A data set's numbers. bfloat16 as Keras marks it (opaque with a "dtype" attribute) included.
  Array array() const;

 private:
  Hdf5Object(std::shared_ptr<const hdf5_internal::File> file, std::string path, uint64_t address);

  std::shared_ptr<const hdf5_internal::File> file_;
  std::shared_ptr<const hdf5_internal::Header> header_;
  std::string path_;
};

}  // namespace mote::formats
