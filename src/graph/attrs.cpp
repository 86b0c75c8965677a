#include "graph/attrs.h"

#include <cstring>

#include "base/error.h"

namespace mote {
namespace {

struct Lister : AttrVisitor {
  std::vector<std::pair<std::string, AttrValue>> list;
  bool field(const char* name, AttrValue& value) override {
    list.emplace_back(name, value);
    return false;
  }
};

struct Setter : AttrVisitor {
  const char* wanted;
  const AttrValue* value;
  bool done = false;
  bool field(const char* name, AttrValue& current) override {
    if (std::strcmp(name, wanted) != 0 || current.index() != value->index()) return false;
    if (auto* enumerator = std::get_if<Enumerator>(&current)) {
      const int32_t wanted_value = std::get<Enumerator>(*value).value;
      if (wanted_value < 0 || static_cast<size_t>(wanted_value) >= enumerator->names.size())
        return false;
      enumerator->value = wanted_value;
    } else {
      current = *value;
    }
    return done = true;
  }
};

}  // namespace

std::vector<std::pair<std::string, AttrValue>> Attrs::list() const {
  Lister lister;
  type_->visit(data_.get(), lister);  // a Lister changes nothing
  return std::move(lister.list);
}

AttrValue Attrs::get(const char* name) const {
  for (auto& [field, value] : list()) {
    if (field == name) return value;
  }
  fail_internal("no attribute '{}'", name);
}

bool Attrs::has(const char* name) const {
  for (const auto& [field, value] : list()) {
    if (field == name) return true;
  }
  return false;
}

bool Attrs::set(const char* name, const AttrValue& value) {
  Setter setter;
  setter.wanted = name;
  setter.value = &value;
  visit(setter);
  return setter.done;
}

bool Attrs::operator==(const Attrs& other) const {
  return type_ == other.type_ && list() == other.list();
}

void Attrs::require(bool condition) {
  if (!condition) fail_internal("attributes of another type than the operator's record says");
}

std::span<const char* const> names_of(Padding) {
  static constexpr const char* kNames[] = {"same", "valid"};
  return kNames;
}

std::span<const char* const> names_of(Activation) {
  static constexpr const char* kNames[] = {"none",  "relu", "relu_n1_to_1",
                                           "relu6", "tanh", "sign_bit"};
  return kNames;
}

}  // namespace mote
