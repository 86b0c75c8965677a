// transpose     y[i_perm[0], i_perm[1], ...] = x[i_0, i_1, ...]; y's axis d is x's axis perm[d]
//   inputs   x; perm int32|int64 [rank]
#pragma once
