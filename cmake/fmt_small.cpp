// In place of src/base/fmt.cpp in libmote_run where it is built for size: of {fmt} only what its
// messages use, "{}" for texts and numbers. All of {fmt}'s compiled part is 50 KB.
#include <fmt/format.h>

#include <charconv>

namespace {

struct Writer {
  std::string& out;

  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(char value) const { out += value; }
  void operator()(const char* text) const { out += text; }
  void operator()(fmt::string_view text) const { out.append(text.data(), text.size()); }
  void operator()(const void*) const { out += "(a pointer)"; }
  void operator()(fmt::monostate) const { out += "(nothing)"; }
  void operator()(fmt::basic_format_arg<fmt::format_context>::handle) const { out += "(?)"; }
  template <class Number>
  void operator()(Number value) const {
    char text[64];
    if constexpr (std::is_integral_v<Number> || std::is_floating_point_v<Number>) {
      out.append(text, std::to_chars(text, text + sizeof text, value).ptr);
    } else {
      (*this)(static_cast<int64_t>(value));  // 128 bits, which no message has
    }
  }
};

}  // namespace

FMT_BEGIN_NAMESPACE

std::string vformat(string_view format, format_args args) {
  std::string out;
  const char* at = format.data();
  const char* const end = at + format.size();
  for (int next = 0; at < end; ++at) {
    out += *at;
    if (*at != '{' && *at != '}') continue;
    ++at;  // the second of a doubled brace, or the rest of a field up to its end
    if (at >= end || *at == at[-1]) continue;
    out.pop_back();
    while (at < end && *at != '}') ++at;
    visit_format_arg(Writer{out}, args.get(next++));
  }
  return out;
}

FMT_END_NAMESPACE
