#include "import/keras/config.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace mote::keras {

// Builds a Config from the parser's events. Values under construction are on a stack, so that depth
// is bounded by a number and not by the machine's stack.
class ConfigReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return put(Config()); }
  bool boolean(bool value) override { return put(Config::of(value)); }
  bool number_integer(int64_t value) override { return put(Config::of(value)); }
  bool number_unsigned(uint64_t value) override {
    if (value > INT64_MAX) return put(Config::of(static_cast<double>(value)));
    return put(Config::of(static_cast<int64_t>(value)));
  }
  bool number_float(double value, const std::string&) override { return put(Config::of(value)); }
  bool string(std::string& value) override { return put(Config::of(std::move(value))); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(size_t) override { return open(Config::Kind::object); }
  bool end_object() override { return close(); }
  bool start_array(size_t) override { return open(Config::Kind::list); }
  bool end_array() override { return close(); }
  bool key(std::string& value) override {
    keys_.back() = std::move(value);
    return true;
  }
  bool parse_error(size_t position, const std::string&, const nlohmann::json::exception&) override {
    position_ = position;
    return false;
  }

  Config take() { return std::move(root_); }
  size_t position() const { return position_; }
  bool too_deep() const { return too_deep_; }

 private:
  static constexpr size_t kMaxDepth = 256;

  bool open(Config::Kind kind) {
    if (stack_.size() >= kMaxDepth) {
      too_deep_ = true;
      return false;
    }
    stack_.emplace_back();
    stack_.back().kind_ = kind;
    keys_.emplace_back();
    return true;
  }
  bool close() {
    Config done = std::move(stack_.back());
    stack_.pop_back();
    keys_.pop_back();
    return put(std::move(done));
  }
  bool put(Config value) {
    if (stack_.empty()) {
      root_ = std::move(value);
    } else if (stack_.back().kind_ == Config::Kind::list) {
      stack_.back().items_.push_back(std::move(value));
    } else {
      stack_.back().members_.emplace_back(std::move(keys_.back()), std::move(value));
    }
    return true;
  }

  std::vector<Config> stack_;
  std::vector<std::string> keys_;
  Config root_;
  size_t position_ = 0;
  bool too_deep_ = false;
};

Config Config::parse(std::string_view text) {
  ConfigReader reader;
  if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) {
    if (reader.too_deep()) fail_user("the model's JSON is nested too deeply");
    fail_user("the model's JSON is damaged at character {}", reader.position());
  }
  return reader.take();
}

Config Config::of(bool value) {
  Config config;
  config.kind_ = Kind::boolean;
  config.flag_ = value;
  return config;
}
Config Config::of(int64_t value) {
  Config config;
  config.kind_ = Kind::integer;
  config.integer_ = value;
  config.real_ = static_cast<double>(value);
  return config;
}
Config Config::of(double value) {
  Config config;
  config.kind_ = Kind::real;
  config.real_ = value;
  return config;
}
Config Config::of(std::string value) {
  Config config;
  config.kind_ = Kind::string;
  config.text_ = std::move(value);
  return config;
}
Config Config::list(std::vector<Config> items) {
  Config config;
  config.kind_ = Kind::list;
  config.items_ = std::move(items);
  return config;
}

bool Config::as_flag(std::string_view what) const {
  if (kind_ == Kind::boolean) return flag_;
  if (kind_ == Kind::integer) return integer_ != 0;
  fail_user("'{}' should be true or false", what);
}
int64_t Config::as_integer(std::string_view what) const {
  if (kind_ == Kind::integer) return integer_;
  if (kind_ == Kind::real && real_ == std::floor(real_) && std::abs(real_) < 1e15) {
    return static_cast<int64_t>(real_);
  }
  fail_user("'{}' should be an integer", what);
}
double Config::as_number(std::string_view what) const {
  if (is_number()) return real_;
  if (kind_ == Kind::boolean) return flag_ ? 1 : 0;
  fail_user("'{}' should be a number", what);
}
const std::string& Config::as_text(std::string_view what) const {
  if (kind_ == Kind::string) return text_;
  fail_user("'{}' should be text", what);
}
std::vector<int64_t> Config::as_integers(std::string_view what) const {
  if (kind_ == Kind::integer) return {integer_};
  if (kind_ != Kind::list) fail_user("'{}' should be a list of integers", what);
  std::vector<int64_t> values;
  for (const Config& item : items_) values.push_back(item.as_integer(what));
  return values;
}

const Config& Config::operator[](std::string_view key) const {
  static const Config kNull;
  for (const auto& [name, value] : members_) {
    if (name == key) return value;
  }
  return kNull;
}

void Config::set(std::string_view key, Config value) {
  for (auto& [name, member] : members_) {
    if (name == key) {
      member = std::move(value);
      return;
    }
  }
  members_.emplace_back(key, std::move(value));
}

int64_t Config::integer(std::string_view key, int64_t otherwise) const {
  const Config& member = (*this)[key];
  return member.is_null() ? otherwise : member.as_integer(key);
}
double Config::number(std::string_view key, double otherwise) const {
  const Config& member = (*this)[key];
  return member.is_null() ? otherwise : member.as_number(key);
}
bool Config::flag(std::string_view key, bool otherwise) const {
  const Config& member = (*this)[key];
  return member.is_null() ? otherwise : member.as_flag(key);
}
std::string Config::text(std::string_view key, std::string_view otherwise) const {
  const Config& member = (*this)[key];
  return member.is_null() ? std::string(otherwise) : member.as_text(key);
}
std::vector<int64_t> Config::integers(std::string_view key, size_t count, int64_t otherwise) const {
  const Config& member = (*this)[key];
  if (member.is_null()) return std::vector<int64_t>(count, otherwise);
  if (member.is_number()) return std::vector<int64_t>(count, member.as_integer(key));
  std::vector<int64_t> values = member.as_integers(key);
  if (values.size() == 1) values.assign(count, values[0]);
  if (values.size() != count) {
    fail_user("'{}' should be {} integers, and has {}", key, count, values.size());
  }
  return values;
}

}  // namespace mote::keras
