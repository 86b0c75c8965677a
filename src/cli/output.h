// Standard output and standard error: the only place in Mote that writes to them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace mote::cli {

// Exit codes.
inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;
inline constexpr int kUsage = 2;

void print(std::string_view text);
// On standard error, as it is.
void print_error(std::string_view text);
// Flushes standard output; kFailure, with a message, if it could not take everything.
int finish(int exit_code);
// One line on standard error, "mote: ..."; returns kFailure.
int report(const Error& error);
// "note: ..." on standard error.
void note(std::string_view text);
void notes(const std::vector<std::string>& texts);

// Text from a file on its way to a terminal: control characters as \xNN.
std::string printable(std::string_view text);

// A progress bar on standard error, redrawn at most ten times a second and removed at the end.
// Nothing where standard error is not a terminal.
void progress(std::string_view what, int64_t done, int64_t total);

// 12345678 -> "11.8 MiB", 1234 -> "1.2 KiB", 100 -> "100 B".
std::string size_text(size_t size_bytes);
// 12345 us -> "12.3 ms".
std::string time_text(double us);
// 1234567 -> "1.23 M".
std::string count_text(int64_t count);

// Rows of text in columns, the first row underlined; columns of numbers align right.
class Table {
 public:
  // A title that begins with '>' makes a column that aligns right.
  explicit Table(std::vector<std::string> titles);
  void row(std::vector<std::string> cells);
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<bool> right_;
};

}  // namespace mote::cli
