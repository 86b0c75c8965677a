#include "runner.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__)
#define MOTE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MOTE_ASAN 1
#endif
#endif
#ifdef MOTE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace mote::kernels::shapes {
namespace {

constexpr size_t kGuard = 64;

// Memory between two guards. The sanitizer forbids them; elsewhere what is written there is found.
//
//   64-byte aligned | guard | offset | bytes | guard
class Guarded {
 public:
  Guarded(size_t size_bytes, size_t offset, uint8_t fill) : size_(size_bytes), offset_(offset) {
    total_ = (2 * kGuard + offset + size_bytes + 63) / 64 * 64;
    base_ = static_cast<uint8_t*>(std::aligned_alloc(64, total_));
    if (!base_) std::abort();
    std::memset(base_, kMark, total_);
    std::memset(data(), fill, size_bytes);
    forbid();
  }
  Guarded(const Bytes& bytes, size_t offset) : Guarded(bytes.size(), offset, 0) {
    if (!bytes.empty()) std::memcpy(data(), bytes.data(), bytes.size());
  }
  Guarded(Guarded&& other) noexcept
      : size_(other.size_), offset_(other.offset_), total_(other.total_), base_(other.base_) {
    other.base_ = nullptr;
  }
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  Guarded& operator=(Guarded&&) = delete;
  ~Guarded() {
    if (base_) allow();
    std::free(base_);
  }

  uint8_t* data() const { return base_ + kGuard + offset_; }
  Bytes bytes() const { return {data(), data() + size_}; }
  bool holds(const Bytes& bytes) const {
    return bytes.empty() || std::memcmp(data(), bytes.data(), bytes.size()) == 0;
  }

  bool intact() const {
    allow();
    const auto is_mark = [](uint8_t byte) { return byte == kMark; };
    const bool before = std::all_of(base_, data(), is_mark);
    const bool after = std::all_of(data() + size_, base_ + total_, is_mark);
    forbid();
    return before && after;
  }

 private:
  static constexpr uint8_t kMark = 0x5a;

  void forbid() const {
#ifdef MOTE_ASAN
    // What precedes a start that is not a multiple of 8 can't be forbidden.
    const size_t before = static_cast<size_t>(data() - base_) / 8 * 8;
    __asan_poison_memory_region(base_, before);
    __asan_poison_memory_region(data() + size_,
                                total_ - static_cast<size_t>(data() - base_) - size_);
#endif
  }
  void allow() const {
#ifdef MOTE_ASAN
    __asan_unpoison_memory_region(base_, total_);
#endif
  }

  size_t size_, offset_, total_ = 0;
  uint8_t* base_ = nullptr;
};

// Where a tensor starts: the arena gives multiples of 16, views of parts of a tensor any element.
size_t random_offset(Random& r, size_t element_bytes) {
  const auto any = static_cast<size_t>(r.between(0, 15)) * element_bytes;
  return r.between(0, 3) == 0 ? any : static_cast<size_t>(r.between(0, 3)) * 16;
}

struct Piece {
  int64_t begin, end;
};

// [0, units) whole, or cut in pieces, or those in any order.
std::vector<Piece> random_pieces(Random& r, int64_t units) {
  const int64_t manner = r.between(0, 3);
  if (manner == 0) return {{0, units}};
  std::vector<Piece> pieces;
  const int64_t largest = std::max<int64_t>(1, units / r.between(1, 8));
  for (int64_t begin = 0; begin < units;) {
    const int64_t end = std::min(units, begin + r.between(1, largest));
    pieces.push_back({begin, end});
    begin = end;
  }
  for (size_t i = pieces.size(); manner > 1 && i > 1; --i) {
    std::swap(pieces[i - 1],
              pieces[static_cast<size_t>(r.between(0, static_cast<int64_t>(i) - 1))]);
  }
  return pieces;
}

// One row's run: its tensors, and what became of them.
class Trial {
 public:
  Trial(const Case& c, const Kernel& row, Random& r, bool in_place) : case_(c), row_(row) {
    for (const Input& input : c.in)
      in_.emplace_back(input.bytes, random_offset(r, input.element_bytes));
    for (const Output& output : c.out) {
      const size_t offset = random_offset(r, output.element_bytes);
      out_.push_back(output.state ? Guarded(*output.state, offset)
                                  : Guarded(output.size_bytes, offset, 0xee));
    }
    reused_ = in_place && c.may_reuse >= 0 && !c.in[static_cast<size_t>(c.may_reuse)].absent &&
                      c.in[static_cast<size_t>(c.may_reuse)].bytes.size() == c.out[0].size_bytes
                  ? c.may_reuse
                  : -1;
  }

  int run(const std::vector<Piece>& pieces) {
    const void* params = case_.params_data();
    std::vector<const void*> in;
    std::vector<void*> out;
    for (size_t i = 0; i < in_.size(); ++i)
      in.push_back(case_.in[i].absent ? nullptr : in_[i].data());
    for (size_t i = 0; i < out_.size(); ++i)
      out.push_back(case_.out[i].absent ? nullptr : out_[i].data());
    if (reused_ >= 0) out[0] = in_[static_cast<size_t>(reused_)].data();
    if (row_.pack_input >= 0) {
      packed_.emplace_back(row_.packed_bytes(params), 0, 0xa5);
      const void*& weights = in[static_cast<size_t>(row_.pack_input)];
      row_.pack(params, weights, packed_[0].data());
      weights = packed_[0].data();
      packed_bytes_ = packed_[0].bytes();
    }
    const size_t scratch_bytes = row_.scratch_bytes ? row_.scratch_bytes(params) : 0;
    int code = kOk;
    for (const Piece& piece : pieces) {
      const Guarded scratch(scratch_bytes, 0, 0xa5);
      const Args args = {params, in.data(), out.data(), scratch.data()};
      code = std::max(code, row_.run(args, piece.begin, piece.end));
      if (!scratch.intact()) problem_ = "writes outside its scratch";
    }
    return code;
  }

  // What the row did that it must not do, whatever it computed.
  std::string problem() const {
    if (!problem_.empty()) return problem_;
    for (size_t i = 0; i < in_.size(); ++i) {
      if (!in_[i].intact()) return "writes beside input " + std::to_string(i);
      if (static_cast<int>(i) != reused_ && !in_[i].holds(case_.in[i].bytes)) {
        return "changes input " + std::to_string(i);
      }
    }
    for (size_t i = 0; i < out_.size(); ++i) {
      if (!out_[i].intact()) return "writes beside output " + std::to_string(i);
    }
    for (const Guarded& g : packed_) {
      if (!g.intact()) return "writes outside its packed weights";
      if (!g.holds(packed_bytes_)) return "changes its packed weights";
    }
    return {};
  }

  std::vector<Bytes> outputs() const {
    std::vector<Bytes> bytes;
    for (size_t i = 0; i < out_.size(); ++i) {
      bytes.push_back(i == 0 && reused_ >= 0 ? in_[static_cast<size_t>(reused_)].bytes()
                                             : out_[i].bytes());
    }
    return bytes;
  }

 private:
  const Case& case_;
  const Kernel& row_;
  std::vector<Guarded> in_, out_, packed_;
  Bytes packed_bytes_;
  int reused_ = -1;
  std::string problem_;
};

std::string hex(const Bytes& bytes, size_t at, size_t n) {
  std::string text = "0x";
  char digits[3];
  for (size_t i = n; i-- > 0;) {
    std::snprintf(digits, sizeof digits, "%02x", bytes[at + i]);
    text += digits;
  }
  return text;
}

std::string different(size_t output, size_t element, const std::string& got,
                      const std::string& want) {
  return "output " + std::to_string(output) + " element " + std::to_string(element) + " is " + got +
         ", the reference's is " + want;
}

std::string compare_bytes(const Output& output, size_t index, const Bytes& got, const Bytes& want) {
  if (got == want) return {};
  const auto at =
      static_cast<size_t>(std::mismatch(got.begin(), got.end(), want.begin()).first - got.begin());
  const size_t element = at / output.element_bytes;
  const size_t first = element * output.element_bytes;
  return different(index, element, hex(got, first, output.element_bytes),
                   hex(want, first, output.element_bytes));
}

// Where nothing is finite there is nothing to bound: values must be the same, or both no numbers.
bool near(float got, float want, double bound) {
  if (std::isnan(want) || std::isnan(got)) return std::isnan(want) && std::isnan(got);
  if (got == want) return true;
  if (!std::isfinite(bound)) return false;
  const double difference = std::fabs(static_cast<double>(got) - static_cast<double>(want));
  return difference <= bound;
}

std::string compare_floats(const Output& output, size_t index, const Bytes& got, const Bytes& want,
                           bool winograd) {
  const auto a = elements_of<float>(got), b = elements_of<float>(want);
  if (winograd && output.winograd_bound < 0) return {};
  for (size_t i = 0; i < a.size(); ++i) {
    const double bound = winograd               ? output.winograd_bound
                         : output.bound.empty() ? 0
                                                : output.bound[i];
    if (near(a[i], b[i], bound)) continue;
    char text[2][48];
    std::snprintf(text[0], sizeof text[0], "%.9g", static_cast<double>(a[i]));
    std::snprintf(text[1], sizeof text[1], "%.9g (+- %.3g)", static_cast<double>(b[i]), bound);
    return different(index, i, text[0], text[1]);
  }
  return {};
}

std::string check_row(const Case& c, const Kernel& row, Random& r, int want_code,
                      const std::vector<Bytes>& want) {
  const bool in_place = r.coin();
  Trial trial(c, row, r, in_place);
  const int64_t units = row.units ? row.units(c.params_data()) : 1;
  // Pieces of a row with state are batches, each run once in any order, as with any other.
  const int code = trial.run(random_pieces(r, units));
  if (std::string problem = trial.problem(); !problem.empty()) return problem;
  if (code != want_code) {
    return "returns " + std::to_string(code) + ", the reference " + std::to_string(want_code);
  }
  if (code == kIndexOutOfRange) return {};
  const std::vector<Bytes> got = trial.outputs();
  const bool winograd = std::string_view(row.name).find("winograd") != std::string_view::npos;
  for (size_t i = 0; i < got.size(); ++i) {
    std::string problem = c.out[i].is_float ? compare_floats(c.out[i], i, got[i], want[i], winograd)
                                            : compare_bytes(c.out[i], i, got[i], want[i]);
    if (!problem.empty()) return problem;
  }
  return {};
}

}  // namespace

std::vector<Bytes> run_reference(const Case& c) {
  Random r(1);
  const Kernel& row = c.family->reference();
  Trial trial(c, row, r, false);
  trial.run({{0, row.units ? row.units(c.params_data()) : 1}});
  return trial.outputs();
}

std::string check(Case& c, Random& r, Coverage& taken) {
  const Kernel& reference = c.family->reference();
  Random fixed(1);
  Trial trial(c, reference, fixed, false);
  const int code = trial.run({{0, reference.units ? reference.units(c.params_data()) : 1}});
  const std::vector<Bytes> want = trial.outputs();
  if (c.set_bounds) c.set_bounds(c, want);
  std::string problem = trial.problem();
  if (!problem.empty()) return std::string(reference.name) + " " + problem;
  c.family->each_usable(c.params_data(), [&](const Kernel& row) {
    ++taken[row.name];
    if (!problem.empty()) return;
    problem = check_row(c, row, r, code, want);
    if (!problem.empty()) problem = std::string(row.name) + " " + problem;
  });
  return problem;
}

}  // namespace mote::kernels::shapes
