// Which tensors share memory: views, steps that write over their input, joined and divided tensors.
#include <algorithm>

#include "base/error.h"
#include "plan/function.h"

namespace mote::plan {
namespace {

bool overlap(std::ptrdiff_t a, size_t a_bytes, std::ptrdiff_t b, size_t b_bytes) {
  return a < b + static_cast<std::ptrdiff_t>(b_bytes) &&
         b < a + static_cast<std::ptrdiff_t>(a_bytes);
}

bool is_aligned(std::ptrdiff_t delta) {
  return delta % static_cast<std::ptrdiff_t>(kTensorAlign) == 0;
}

}  // namespace

// When each tensor is needed: inputs are written at 0, step s runs at s + 1, outputs are read after
// the last.
void FunctionBuilder::find_lives() {
  const int end = static_cast<int>(steps_.size());
  for (Place& place : places_) place.first = place.last = -1;
  const auto touch = [&](int tensor, int time) {
    Place& place = places_[static_cast<size_t>(tensor)];
    if (place.first < 0) place.first = time;
    place.last = std::max(place.last, time);
  };
  for (const int tensor : function_.inputs) touch(tensor, 0);
  for (int s = 0; s < end; ++s) {
    for (const int tensor : steps_[static_cast<size_t>(s)].inputs) touch(tensor, s + 1);
    for (const int tensor : steps_[static_cast<size_t>(s)].outputs) touch(tensor, s + 1);
  }
  for (const int tensor : function_.outputs) {
    touch(tensor, end + 1);
    places_[static_cast<size_t>(tensor)].output = true;
  }
  if (shared_.options.observe) {
    for (Place& place : places_) place.last = end + 1;
  }
}

// Steps are visited in order. A tensor joins the body of what it shares memory with while it is
// still alone in its own, except where a step joins its inputs end to end.
void FunctionBuilder::share_memory(bool join) {
  for (size_t t = 0; t < places_.size(); ++t) {
    Place& place = places_[t];
    place.body = place.space == Space::arena ? static_cast<int>(t) : -1;
    place.delta = 0;
    function_.tensors[t].space = place.space;
    function_.tensors[t].offset = place.offset;
  }
  for (size_t s = 0; s < steps_.size(); ++s) {
    steps_[s].dropped = false;
    if (shared_.options.observe) continue;
    steps_[s].dropped = share_view(s) || (join && share_joined(s)) || share_divided(s);
    if (steps_[s].step.kind == StepKind::loop) share_loop(s);
    if (!steps_[s].dropped) share_in_place(s);
  }
}

void FunctionBuilder::join_body(int tensor, int other, std::ptrdiff_t delta) {
  const Place& kept = places_[static_cast<size_t>(other)];
  Place& joined = places_[static_cast<size_t>(tensor)];
  joined.body = kept.body;
  joined.delta = kept.delta + delta;
}

// Whether `tensor`, not yet placed with others, may show part of what `other` holds.
bool FunctionBuilder::may_show(int tensor, int other) const {
  const Place& to = places_[static_cast<size_t>(tensor)];
  const Place& from = places_[static_cast<size_t>(other)];
  if (from.body < 0 || to.body != tensor) return false;
  if (!to.output) return true;
  // An output must not change when the next input is written.
  return std::none_of(places_.begin(), places_.end(),
                      [&](const Place& p) { return p.body == from.body && p.pinned; });
}

// An output that is all of a constant or of an argument.
bool FunctionBuilder::show_whole(int input, int output) {
  const ProgramTensor& from = function_.tensors[static_cast<size_t>(input)];
  ProgramTensor& to = function_.tensors[static_cast<size_t>(output)];
  Place& place = places_[static_cast<size_t>(output)];
  const bool is_fixed = from.space == Space::constant || from.space == Space::argument;
  // Outputs stay in the arena, where callers may expect them.
  if (!is_fixed || place.body != output || place.output || from.size_bytes != to.size_bytes)
    return false;
  to.space = from.space;
  to.offset = from.offset;
  place.body = -1;
  return true;
}

// What a loop passes on as it is, turn after turn, is what goes in; the rest of what comes out may
// lie where it went in.
void FunctionBuilder::share_loop(size_t step) {
  const PendingStep& pending = steps_[step];
  const Function& body = shared_.program.functions[static_cast<size_t>(pending.step.callee_b)];
  for (size_t i = 0; i < pending.outputs.size(); ++i) {
    const int input = pending.inputs[i], output = pending.outputs[i];
    if (places_[static_cast<size_t>(output)].body != output) continue;
    if (body.outputs[i] == body.inputs[i]) {
      if (show_whole(input, output)) continue;
      if (function_.tensors[static_cast<size_t>(input)].space == Space::arena &&
          may_show(output, input)) {
        join_body(output, input, 0);
        continue;
      }
    }
    if (may_overwrite_input(step, input, output)) join_body(output, input, 0);
  }
}

bool FunctionBuilder::share_view(size_t step) {
  if (!steps_[step].view) return false;
  const int input = steps_[step].inputs[0], output = steps_[step].outputs[0];
  const auto offset_bytes = static_cast<std::ptrdiff_t>(steps_[step].view_offset_bytes);
  if (function_.tensors[static_cast<size_t>(input)].space != Space::arena)
    return offset_bytes == 0 && show_whole(input, output);
  if (!may_show(output, input) || !is_aligned(offset_bytes)) return false;
  join_body(output, input, offset_bytes);
  return true;
}

// Outputs that are their input's bytes, end to end.
bool FunctionBuilder::share_divided(size_t step) {
  const PendingStep& pending = steps_[step];
  if (pending.divide_input < 0) return false;
  const int input = pending.inputs[static_cast<size_t>(pending.divide_input)];
  std::ptrdiff_t offset = 0;
  for (const int output : pending.outputs) {
    if (!may_show(output, input) || !is_aligned(offset)) return false;
    offset +=
        static_cast<std::ptrdiff_t>(function_.tensors[static_cast<size_t>(output)].size_bytes);
  }
  offset = 0;
  for (const int output : pending.outputs) {
    join_body(output, input, offset);
    offset +=
        static_cast<std::ptrdiff_t>(function_.tensors[static_cast<size_t>(output)].size_bytes);
  }
  return true;
}

// An output that is its inputs' bytes, end to end: they are written there in the first place.
bool FunctionBuilder::share_joined(size_t step) {
  const PendingStep& pending = steps_[step];
  if (pending.join_from < 0) return false;
  const int output = pending.outputs[0];
  const std::vector<Place> before = places_;
  std::ptrdiff_t offset = 0;
  for (size_t i = static_cast<size_t>(pending.join_from); i < pending.inputs.size(); ++i) {
    const int piece = pending.inputs[i];
    if (!is_aligned(offset) || !move_body(piece, output, offset)) {
      places_ = before;
      return false;
    }
    offset += static_cast<std::ptrdiff_t>(function_.tensors[static_cast<size_t>(piece)].size_bytes);
  }
  return true;
}

// Moves the whole body of `piece` so that it lies `offset` above the start of `whole`, if nothing
// else of the two bodies is then in the other's way.
bool FunctionBuilder::move_body(int piece, int whole, std::ptrdiff_t offset) {
  const Place from = places_[static_cast<size_t>(piece)];
  const Place to = places_[static_cast<size_t>(whole)];
  if (from.body < 0 || to.body < 0 || (to.output && from.pinned)) return false;
  const std::ptrdiff_t shift = to.delta + offset - from.delta;
  if (from.body == to.body) return shift == 0;
  const auto bytes_of = [&](size_t t) { return function_.tensors[t].size_bytes; };
  const std::ptrdiff_t begin = from.delta;
  const std::ptrdiff_t end =
      begin + static_cast<std::ptrdiff_t>(bytes_of(static_cast<size_t>(piece)));
  for (size_t a = 0; a < places_.size(); ++a) {
    const Place& moved = places_[a];
    if (moved.body != from.body) continue;
    const bool within =
        moved.delta >= begin && moved.delta + static_cast<std::ptrdiff_t>(bytes_of(a)) <= end;
    for (size_t b = 0; b < places_.size(); ++b) {
      const Place& other = places_[b];
      if (other.body != to.body || (within && b == static_cast<size_t>(whole))) continue;
      if (moved.first <= other.last && other.first <= moved.last &&
          overlap(moved.delta + shift, bytes_of(a), other.delta, bytes_of(b)))
        return false;
    }
  }
  for (Place& place : places_) {
    if (place.body != from.body) continue;
    place.body = to.body;
    place.delta += shift;
  }
  return true;
}

// Whether no other tensor needs the bytes of `tensor`, whose last use is `step`.
bool FunctionBuilder::dies_at(int tensor, size_t step) const {
  const Place& place = places_[static_cast<size_t>(tensor)];
  const int time = static_cast<int>(step) + 1;
  if (place.body < 0 || place.last != time) return false;
  const std::vector<int>& inputs = steps_[step].inputs;
  if (std::count(inputs.begin(), inputs.end(), tensor) != 1) return false;
  for (size_t t = 0; t < places_.size(); ++t) {
    const Place& other = places_[t];
    if (other.body != place.body || t == static_cast<size_t>(tensor)) continue;
    if (other.first <= time && time <= other.last &&
        overlap(other.delta, function_.tensors[t].size_bytes, place.delta,
                function_.tensors[static_cast<size_t>(tensor)].size_bytes))
      return false;
  }
  return true;
}

// Whether the step may write `output`, which is as large, where it reads `input`.
bool FunctionBuilder::may_overwrite_input(size_t step, int input, int output) const {
  const Place& place = places_[static_cast<size_t>(input)];
  const bool pinned = std::any_of(places_.begin(), places_.end(),
                                  [&](const Place& p) { return p.body == place.body && p.pinned; });
  return !pinned && dies_at(input, step) &&
         function_.tensors[static_cast<size_t>(input)].size_bytes ==
             function_.tensors[static_cast<size_t>(output)].size_bytes;
}

void FunctionBuilder::share_in_place(size_t step) {
  const PendingStep& pending = steps_[step];
  if (pending.step.kind != StepKind::kernel) return;
  const int output = pending.outputs[0];
  if (places_[static_cast<size_t>(output)].body != output) return;
  for (size_t i = 0; i < pending.inputs.size() && i < 32; ++i) {
    if (!(pending.reuse_inputs >> i & 1u)) continue;
    const int input = pending.inputs[i];
    if (!may_overwrite_input(step, input, output)) continue;
    join_body(output, input, 0);
    return;
  }
}

}  // namespace mote::plan
