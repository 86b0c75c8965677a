// tile             y = x repeated multiples[d] times along axis d
// broadcast_to     y = x stretched to a shape, as NumPy broadcasts
// broadcast_args   y = the shape to which two shapes broadcast
//   inputs   tile: x, multiples int32|int64 [rank]; broadcast_to: x, shape [rank of y];
//   broadcast_args: a, b
#pragma once
