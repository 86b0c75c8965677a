// Attributes of a node: a plain struct of the operator's own, with its fields listed once, so that
// comparing, printing, parsing and every file format work on all of them.
//
//   struct SoftmaxAttrs {
//     float beta = 1;
//   };
//   inline void fields(AttrVisitor& v, SoftmaxAttrs& a) { v("beta", a.beta); }
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "base/dtype.h"

namespace mote {

// The values that fields can hold. Enumerators travel with their names.
struct Enumerator {
  int32_t value = 0;
  std::span<const char* const> names;
  bool operator==(const Enumerator& other) const { return value == other.value; }
};
using AttrValue = std::variant<bool, int32_t, int64_t, float, std::string, std::vector<int32_t>,
                               std::vector<float>, DType, Enumerator>;

// Sees every field of an attribute struct, and may change it.
class AttrVisitor {
 public:
  virtual ~AttrVisitor() = default;
  // Gives a field's value; returns true if it changed `value` (to the same alternative).
  virtual bool field(const char* name, AttrValue& value) = 0;

  template <class T>
  void operator()(const char* name, T& member) {
    AttrValue value;
    if constexpr (std::is_enum_v<T> && !std::is_same_v<T, DType>) {
      value = Enumerator{static_cast<int32_t>(member), names_of(member)};
      if (field(name, value)) member = static_cast<T>(std::get<Enumerator>(value).value);
    } else {
      value = member;
      if (field(name, value)) member = std::get<T>(value);
    }
  }
};

struct AttrType {
  std::shared_ptr<void> (*clone)(const void* attrs);  // null: a default-made one
  void (*visit)(void* attrs, AttrVisitor& visitor);
};

struct NoAttrs {};
inline void fields(AttrVisitor&, NoAttrs&) {}

template <class T>
inline constexpr AttrType attrs_of = {
    [](const void* attrs) -> std::shared_ptr<void> {
      return attrs ? std::make_shared<T>(*static_cast<const T*>(attrs)) : std::make_shared<T>();
    },
    [](void* attrs, AttrVisitor& visitor) { fields(visitor, *static_cast<T*>(attrs)); },
};

// A value of some attribute struct. Copies share it; edit() makes it its own first.
class Attrs {
 public:
  Attrs() : Attrs(attrs_of<NoAttrs>) {}
  explicit Attrs(const AttrType& type) : type_(&type), data_(type.clone(nullptr)) {}
  template <class T>
  static Attrs of(T value) {
    Attrs attrs(attrs_of<T>);
    attrs.edit<T>() = std::move(value);
    return attrs;
  }

  const AttrType& type() const { return *type_; }
  template <class T>
  bool is() const {
    return type_ == &attrs_of<T>;
  }
  // The struct itself; it must be of that type (the operator's record says which).
  template <class T>
  const T& as() const {
    require(is<T>());
    return *static_cast<const T*>(data_.get());
  }
  template <class T>
  T& edit() {
    require(is<T>());
    unshare();
    return *static_cast<T*>(data_.get());
  }

  void visit(AttrVisitor& visitor) {
    unshare();
    type_->visit(data_.get(), visitor);
  }
  // Every field in the order in which the struct lists them.
  std::vector<std::pair<std::string, AttrValue>> list() const;
  // One field by name. get: an internal error if there is none. set: false if there is none or its
  // kind differs.
  AttrValue get(const char* name) const;
  bool has(const char* name) const;
  bool set(const char* name, const AttrValue& value);
  bool operator==(const Attrs& other) const;

 private:
  static void require(bool condition);  // an internal error if false
  void unshare() {
    if (data_.use_count() > 1) data_ = type_->clone(data_.get());
  }
  const AttrType* type_;
  std::shared_ptr<void> data_;
};

// The enumerations that several operators share; values are TFLite's.
enum class Padding : int8_t { same, valid };
enum class Activation : int8_t { none, relu, relu_n1_to_1, relu6, tanh, sign_bit };
std::span<const char* const> names_of(Padding);
std::span<const char* const> names_of(Activation);

}  // namespace mote
