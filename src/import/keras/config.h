// Config: a value of a Keras model's JSON, with accessors whose messages name the field.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mote::keras {

class Config {
 public:
  enum class Kind : uint8_t { null, boolean, integer, real, string, list, object };

  // Throws a user Error if the text is not JSON or is nested more deeply than any model.
  static Config parse(std::string_view text);

  Config() = default;
  static Config of(bool value);
  static Config of(int64_t value);
  static Config of(double value);
  static Config of(std::string value);
  static Config list(std::vector<Config> items);

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::null; }
  bool is_list() const { return kind_ == Kind::list; }
  bool is_object() const { return kind_ == Kind::object; }
  bool is_string() const { return kind_ == Kind::string; }
  bool is_number() const { return kind_ == Kind::integer || kind_ == Kind::real; }

  // This value itself; a user Error that calls it `what` if it is of another kind.
  bool as_flag(std::string_view what) const;
  int64_t as_integer(std::string_view what) const;
  double as_number(std::string_view what) const;
  const std::string& as_text(std::string_view what) const;
  std::vector<int64_t> as_integers(std::string_view what) const;

  // Elements of a list; empty for anything else.
  const std::vector<Config>& items() const { return items_; }
  // Members of an object, in the file's order.
  const std::vector<std::pair<std::string, Config>>& members() const { return members_; }

  // A member; a null Config if there is none or this is no object.
  const Config& operator[](std::string_view key) const;
  bool has(std::string_view key) const { return !(*this)[key].is_null(); }

  // Replaces or adds a member of an object.
  void set(std::string_view key, Config value);

  // Members by name. Without a default an absent member is a user Error.
  int64_t integer(std::string_view key) const { return (*this)[key].as_integer(key); }
  int64_t integer(std::string_view key, int64_t otherwise) const;
  double number(std::string_view key) const { return (*this)[key].as_number(key); }
  double number(std::string_view key, double otherwise) const;
  bool flag(std::string_view key, bool otherwise) const;
  const std::string& text(std::string_view key) const { return (*this)[key].as_text(key); }
  std::string text(std::string_view key, std::string_view otherwise) const;
  std::vector<int64_t> integers(std::string_view key) const {
    return (*this)[key].as_integers(key);
  }
  // A list of `count` integers, or one integer that stands for all of them.
  std::vector<int64_t> integers(std::string_view key, size_t count, int64_t otherwise) const;

 private:
  friend class ConfigReader;
  Kind kind_ = Kind::null;
  bool flag_ = false;
  int64_t integer_ = 0;
  double real_ = 0;
  std::string text_;
  std::vector<Config> items_;
  std::vector<std::pair<std::string, Config>> members_;
};

}  // namespace mote::keras
