// fill    y = a tensor of a given shape, every element `value`
// range   y = start, start + delta, ... while short of limit; sums are rounded in y's type, one by
// one rank    y = the number of axes of x, int32 scalar
//   inputs   fill: shape int32|int64 [rank], value scalar; range: start, limit, delta scalars;
//   rank: x
#pragma once
