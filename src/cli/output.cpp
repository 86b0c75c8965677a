#include "cli/output.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace mote::cli {
namespace {

// Characters that a terminal shows for UTF-8 text: bytes that do not continue a character.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

void print_error(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

int finish(int exit_code) {
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return exit_code;
  print_error("mote: can't write to standard output\n");
  return kFailure;
}

int report(const Error& error) {
  const std::string message = printable(error.message);
  if (error.blame == Blame::internal) {
    print_error(
        fmt::format("mote: internal error, a bug in Mote that is worth reporting: {}\n", message));
  } else {
    print_error(fmt::format("mote: {}\n", message));
  }
  return kFailure;
}

void note(std::string_view text) { print_error(fmt::format("note: {}\n", printable(text))); }

void notes(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) note(text);
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 32 || byte == 127) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

void progress(std::string_view what, int64_t done, int64_t total) {
  using Clock = std::chrono::steady_clock;
  static const bool is_terminal = isatty(STDERR_FILENO) != 0;
  static Clock::time_point last;
  if (!is_terminal || total < 2) return;
  if (done >= total) {
    print_error("\r\x1b[K");
    return;
  }
  const auto now = Clock::now();
  if (now - last < std::chrono::milliseconds(100)) return;
  last = now;
  constexpr int64_t kWidth = 30;
  const auto full = static_cast<size_t>(done * kWidth / total);
  print_error(fmt::format("\r\x1b[K{} [{}{}] {}/{}", what, std::string(full, '#'),
                          std::string(static_cast<size_t>(kWidth) - full, '.'), done, total));
}

std::string size_text(size_t size_bytes) {
  const double value = static_cast<double>(size_bytes);
  if (size_bytes < 1024) return fmt::format("{} B", size_bytes);
  if (size_bytes < 1024 * 1024) return fmt::format("{:.1f} KiB", value / 1024);
  return fmt::format("{:.1f} MiB", value / (1024 * 1024));
}

std::string time_text(double us) {
  if (us < 10) return fmt::format("{:.2f} us", us);
  if (us < 1000) return fmt::format("{:.1f} us", us);
  if (us < 1e6) return fmt::format("{:.2f} ms", us / 1e3);
  return fmt::format("{:.2f} s", us / 1e6);
}

std::string count_text(int64_t count) {
  const double value = static_cast<double>(count);
  if (count < 10000) return fmt::format("{}", count);
  if (count < 1000000) return fmt::format("{:.1f} k", value / 1e3);
  if (count < 1000000000) return fmt::format("{:.2f} M", value / 1e6);
  return fmt::format("{:.2f} G", value / 1e9);
}

Table::Table(std::vector<std::string> titles) {
  for (std::string& title : titles) {
    const bool right = title.starts_with('>');
    right_.push_back(right);
    if (right) title.erase(0, 1);
  }
  rows_.push_back(std::move(titles));
}

void Table::row(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<size_t> widths(right_.size());
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  const auto line = [&](const std::vector<std::string>& row) {
    std::string text;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string fill(widths[i] - width_of(row[i]), ' ');
      if (i) text += "  ";
      text += right_[i] ? fill + row[i] : row[i] + fill;
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  };
  line(rows_[0]);
  std::vector<std::string> rule;
  for (const size_t width : widths) rule.emplace_back(width, '-');
  line(rule);
  for (size_t i = 1; i < rows_.size(); ++i) line(rows_[i]);
  return out;
}

}  // namespace mote::cli
