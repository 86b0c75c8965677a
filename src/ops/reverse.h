// reverse_v2         y = x backwards along the axes that `axis` names
// reverse_sequence   along seq_dim, the first lengths[b] samples of batch b backwards, the rest as
// they are
//   inputs   reverse_v2: x, axis int32 [n]; reverse_sequence: x, lengths int32|int64 [batch]
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct ReverseSequenceAttrs {
  int32_t seq_dim = 0;
  int32_t batch_dim = 0;
};
inline void fields(AttrVisitor& v, ReverseSequenceAttrs& a) {
  v("seq_dim", a.seq_dim);
  v("batch_dim", a.batch_dim);
}

}  // namespace mote::ops
