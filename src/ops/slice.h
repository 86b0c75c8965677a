// slice                  y = the box of x that starts at `begin` and has extents `size`; -1 is all
// that is left dynamic_update_slice   y = x with the box at `begin` replaced by `update`; a box
// that would leave x is moved inside
//   inputs   slice: x, begin, size int32|int64 [rank]; dynamic_update_slice: x, update, begin
//   int32|int64 [rank]
// `begin` may be computed while the model runs; `size` not.
#pragma once
