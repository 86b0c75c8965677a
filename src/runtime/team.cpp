#include "runtime/team.h"

#include <algorithm>

#include "runtime/processor.h"

namespace mote::runtime {
namespace {

// In turns of a loop that pauses, 20 to 45 ns each on current processors.
constexpr int kIdleTurns = 2000;     // a helper's, before it sleeps: about what waking it costs
constexpr int kPatientTurns = 1000;  // before the processor is offered to other threads
constexpr int kMostSkips = 64, kMostPatience = 256;  // runs

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// One turn of waiting. A long wait means that the thread waited for has no processor: ours may be
// the one that it needs.
void wait_turn(int turn) {
  if (turn < kPatientTurns) {
    relax();
  } else {
    std::this_thread::yield();
  }
}

}  // namespace

Budget& Budget::of_process() {
  static Budget budget(std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  return budget;
}

Team::Team(int threads, Budget& budget)
    : budget_(budget),
      seats_(std::max(1, std::min(threads, budget.processors()))),
      shares_(std::make_unique<Share[]>(static_cast<size_t>(seats_))),
      finished_(std::make_unique<Finished[]>(static_cast<size_t>(seats_ - 1))),
      helpers_(std::make_unique<Helper[]>(static_cast<size_t>(seats_ - 1))) {
  for (int i = 0; i < seats_ - 1; ++i)
    helpers_[static_cast<size_t>(i)].thread = std::thread([this, i] { help(i); });
}

Team::~Team() {
  stop_.store(true, std::memory_order_relaxed);
  runs_.fetch_add(1, std::memory_order_release);
  runs_.notify_all();
  for (int i = 0; i < seats_ - 1; ++i) helpers_[static_cast<size_t>(i)].thread.join();
}

// Each time that waking them turns out to have been for one run only, twice as many runs go
// without.
bool Team::leaves_helpers_asleep() noexcept {
  if (asleep_.load(std::memory_order_relaxed) == 0) {
    skipped_ = 0, skips_ = 1;
    return false;
  }
  if (skipped_ < skips_) {
    ++skipped_;
    return true;
  }
  skipped_ = 0, skips_ = std::min(2 * skips_, kMostSkips);
  return false;
}

// Moves helpers off the caller's processor if none came in the last run.
void Team::spread() noexcept {
  const int here = current_processor();
  processor_.store(here, std::memory_order_relaxed);
  if (helped_ != helped_before_) {
    lonely_ = 0, patience_ = 1;
  } else if (++lonely_ > patience_) {
    lonely_ = 0, patience_ = std::min(2 * patience_, kMostPatience);
    for (int i = 0; i < granted_; ++i)
      move_off(helpers_[static_cast<size_t>(i)].id.load(std::memory_order_relaxed), here);
  }
  helped_before_ = helped_;
}

void Team::begin(bool is_short) noexcept {
  const bool alone = seats_ == 1 || (is_short && leaves_helpers_asleep());
  granted_ = budget_.enter(alone ? 0 : seats_ - 1);
  if (granted_ == 0) return;
  wanted_.store(granted_, std::memory_order_relaxed);
  runs_.fetch_add(1, std::memory_order_release);
  runs_.notify_all();  // no system call where none sleeps
  spread();
}

void Team::end() noexcept {
  if (granted_) wanted_.store(0, std::memory_order_relaxed);
  budget_.leave(granted_);
  granted_ = 0;
}

int Team::run(kernels::Run kernel, const kernels::Args& args, int64_t units, Cut cut,
              size_t scratch_stride) noexcept {
  cut.parts = std::min(cut.parts, granted_ + 1);
  if (cut.parts <= 1 || budget_.is_exceeded()) return kernel(args, 0, units);
  const uint64_t ticket = uint64_t{++step_} << (2 * kPieceBits) | static_cast<uint64_t>(cut.pieces)
                                                                      << kPieceBits;
  // A share of one piece is the caller's as soon as it is there.
  for (int s = cut.parts - 1; s >= (cut.pieces > 1 ? 0 : 1); --s) {
    Share& share = shares_[static_cast<size_t>(s)];
    share.kernel = kernel;
    share.args = &args;
    share.units = units;
    share.scratch_stride = scratch_stride;
    share.cut = cut;
    share.ticket.store(ticket, std::memory_order_release);
  }
  uint32_t mine = 1;
  int code = cut.pieces > 1 ? run_share(0, 0, &(mine = 0)) : kernel(args, 0, units / cut.parts);
  const auto all = static_cast<uint32_t>(cut.parts * cut.pieces);
  if (finished() - helped_ != all - mine) {
    for (int s = 1; s < cut.parts; ++s) {
      if (const int result = run_share(s, 0, &mine)) code = result;
    }
  }
  helped_ += all - mine;
  for (int turn = 0; finished() != helped_; ++turn) wait_turn(turn);
  const int theirs = take_code();
  return code != kernels::kOk ? code : theirs;
}

uint32_t Team::finished() const noexcept {
  uint32_t sum = 0;
  for (int i = 0; i < seats_ - 1; ++i)
    sum += finished_[static_cast<size_t>(i)].count.load(std::memory_order_acquire);
  return sum;
}

// What a helper's piece returned, if not kOk.
int Team::take_code() noexcept {
  const int code = code_.load(std::memory_order_relaxed);
  if (code != kernels::kOk) code_.store(kernels::kOk, std::memory_order_relaxed);
  return code;
}

bool Team::has_pieces(const Share& share) noexcept {
  const uint64_t ticket = share.ticket.load(std::memory_order_relaxed);
  return (ticket & kPieceMask) < (ticket >> kPieceBits & kPieceMask);
}

// Whoever takes a piece sees the step that it belongs to: the caller does not write the next one
// before every piece of this one is taken and finished.
bool Team::take_piece(Share& share, int* piece) noexcept {
  uint64_t ticket = share.ticket.load(std::memory_order_acquire);
  for (;;) {
    const uint64_t taken = ticket & kPieceMask;
    if (taken >= (ticket >> kPieceBits & kPieceMask)) return false;
    if (share.ticket.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acquire)) {
      *piece = static_cast<int>(taken);
      return true;
    }
  }
}

int Team::run_piece(const Share& share, int of_share, int piece, int seat) noexcept {
  const int64_t pieces = int64_t{share.cut.parts} * share.cut.pieces;
  const int64_t at = int64_t{of_share} * share.cut.pieces + piece;
  const int64_t begin = share.units * at / pieces;
  const int64_t end = share.units * (at + 1) / pieces;
  if (begin == end) return kernels::kOk;
  kernels::Args args = *share.args;
  if (args.scratch)
    args.scratch =
        static_cast<std::byte*>(args.scratch) + static_cast<size_t>(seat) * share.scratch_stride;
  return share.kernel(args, begin, end);
}

// What is left of a share. Adds the pieces to *count.
int Team::run_share(int of_share, int seat, uint32_t* count) noexcept {
  Share& share = shares_[static_cast<size_t>(of_share)];
  int code = kernels::kOk;
  for (int piece; take_piece(share, &piece); ++*count) {
    if (const int result = run_piece(share, of_share, piece, seat)) code = result;
  }
  return code;
}

// A helper's own share, then what is left of the others'.
void Team::run_shares(int seat) noexcept {
  auto& finished = finished_[static_cast<size_t>(seat - 1)].count;
  for (int i = 0; i < seats_; ++i) {
    uint32_t count = 0;
    const int code = run_share((seat + i) % seats_, seat, &count);
    if (code != kernels::kOk) code_.store(code, std::memory_order_relaxed);
    if (count == 0) continue;
    finished.store(finished.load(std::memory_order_relaxed) + count, std::memory_order_release);
  }
}

void Team::help(int index) noexcept {
  Helper& self = helpers_[static_cast<size_t>(index)];
  Share& share = shares_[static_cast<size_t>(index + 1)];
  self.id.store(thread_id(), std::memory_order_relaxed);
  const auto make_way = [&] {
    const int here = current_processor();
    if (here == processor_.load(std::memory_order_relaxed)) move_off(thread_id(), here);
  };
  for (int idle = 0, waited = 0;;) {
    const uint32_t run = runs_.load(std::memory_order_acquire);
    if (stop_.load(std::memory_order_relaxed)) return;
    const bool is_wanted = index < wanted_.load(std::memory_order_relaxed);
    if (is_wanted && has_pieces(share)) {
      run_shares(index + 1);
      idle = waited = 0;
    } else if (is_wanted && !budget_.is_exceeded()) {
      wait_turn(waited);
      if (waited == kPatientTurns - 1) make_way();
      waited = std::min(waited + 1, kPatientTurns);
      idle = 0;
    } else if (++idle < kIdleTurns && !budget_.is_exceeded()) {
      relax();
    } else {
      asleep_.fetch_add(1, std::memory_order_relaxed);
      runs_.wait(run, std::memory_order_acquire);
      asleep_.fetch_sub(1, std::memory_order_relaxed);
      make_way();
      idle = 0;
    }
  }
}

}  // namespace mote::runtime
