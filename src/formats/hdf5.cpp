#include "formats/hdf5.h"

#include <algorithm>

#include "formats/hdf5_internal.h"

namespace mote::formats {

namespace h5 = hdf5_internal;

namespace {

template <class Body>
auto at_object(const h5::File& file, const std::string& path, Body&& body) {
  return with_context(file.label,
                      [&] { return with_context("'" + path + "'", std::forward<Body>(body)); });
}

const h5::Message& require(const h5::Header& header, uint16_t type, const char* what) {
  const h5::Message* message = header.find(type);
  if (message == nullptr) fail_user("damaged HDF5 file: a data set has no {}", what);
  if (message->shared) fail_unsupported("a data set with a shared {}", what);
  return *message;
}

h5::Attribute find_attribute(const h5::Header& header, std::string_view name) {
  for (const h5::Message& message : header.messages) {
    if (message.type != h5::kAttribute || message.shared) continue;
    h5::Attribute attribute = h5::read_attribute(message);
    if (attribute.name == name) return attribute;
  }
  fail_user("has no attribute '{}'", name);
}

}  // namespace

Hdf5Object::Hdf5Object(std::shared_ptr<const h5::File> file, std::string path, uint64_t address)
    : file_(std::move(file)), path_(std::move(path)) {
  header_ = std::make_shared<const h5::Header>(
      at_object(*file_, path_, [&] { return h5::read_header(*file_, address); }));
}
Hdf5Object::~Hdf5Object() = default;
Hdf5Object::Hdf5Object(const Hdf5Object&) = default;
Hdf5Object& Hdf5Object::operator=(const Hdf5Object&) = default;

Hdf5Object Hdf5Object::open(Buffer bytes, std::string label) {
  const auto file = std::make_shared<const h5::File>(h5::File{std::move(bytes), std::move(label)});
  const uint64_t root = with_context(file->label, [&] { return h5::read_superblock(*file); });
  return Hdf5Object(file, "/", root);
}

bool Hdf5Object::is_dataset() const { return header_->find(h5::kLayout) != nullptr; }

std::vector<std::string> Hdf5Object::children() const {
  return at_object(*file_, path_, [&] {
    std::vector<std::string> names;
    for (h5::Link& link : h5::read_links(*file_, *header_)) names.push_back(std::move(link.name));
    return names;
  });
}

bool Hdf5Object::has(std::string_view name) const {
  const std::vector<std::string> names = children();
  return std::find(names.begin(), names.end(), name) != names.end();
}

Hdf5Object Hdf5Object::child(std::string_view path) const {
  const size_t slash = std::min(path.find('/'), path.size());
  const std::string_view name = path.substr(0, slash);
  const std::string_view rest = slash < path.size() ? path.substr(slash + 1) : "";
  if (name.empty()) return rest.empty() ? *this : child(rest);
  const uint64_t address = at_object(*file_, path_, [&]() -> uint64_t {
    for (const h5::Link& link : h5::read_links(*file_, *header_)) {
      if (link.name != name) continue;
      if (!link.address) fail_user("member '{}' is a soft or external link; refused", name);
      return *link.address;
    }
    fail_user("has no member '{}'", name);
  });
  const Hdf5Object found(file_, path_ + (path_ == "/" ? "" : "/") + std::string(name), address);
  return rest.empty() ? found : found.child(rest);
}

bool Hdf5Object::has_attribute(std::string_view name) const {
  return at_object(*file_, path_, [&] {
    for (const h5::Message& message : header_->messages) {
      if (message.type != h5::kAttribute || message.shared) continue;
      if (h5::read_attribute(message).name == name) return true;
    }
    return false;
  });
}

std::string Hdf5Object::string(std::string_view attribute) const {
  std::vector<std::string> values = strings(attribute);
  if (values.size() != 1) {
    fail_user("{}: '{}': attribute '{}' should be one string", file_->label, path_, attribute);
  }
  return std::move(values.front());
}

std::vector<std::string> Hdf5Object::strings(std::string_view attribute) const {
  return at_object(*file_, path_, [&] {
    const h5::Attribute found = find_attribute(*header_, attribute);
    return with_context(fmt::format("attribute '{}'", attribute), [&] {
      return h5::to_strings(*file_, found.type, found.space, found.data);
    });
  });
}

Array Hdf5Object::attribute(std::string_view name) const {
  return at_object(*file_, path_, [&] {
    const h5::Attribute found = find_attribute(*header_, name);
    return with_context(fmt::format("attribute '{}'", name),
                        [&] { return h5::to_array(found.type, found.space, found.data); });
  });
}

Array Hdf5Object::array() const {
  const bool marked = has_attribute("dtype") && string("dtype") == "bfloat16";
  return at_object(*file_, path_, [&] {
    if (!is_dataset()) fail_user("is a group; an array was expected");
    h5::Cursor type_bytes(require(*header_, h5::kDatatype, "element type").bytes,
                          "an element type");
    h5::Type type = h5::read_type(type_bytes);
    if (marked && type.kind == h5::Type::Kind::opaque && type.size_bytes == 2) {
      type.kind = h5::Type::Kind::number;
      type.dtype = DType::bf16;
    }
    h5::Cursor space_bytes(require(*header_, h5::kDataspace, "extent").bytes, "an extent");
    const h5::Space space = h5::read_space(space_bytes);
    if (type.kind != h5::Type::Kind::number) fail_unsupported("holds {}, not numbers", type.what);
    std::vector<std::byte> storage;
    return h5::to_array(type, space, h5::read_raw(*file_, *header_, type, space, &storage));
  });
}

}  // namespace mote::formats
