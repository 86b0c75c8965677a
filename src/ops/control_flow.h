// if          outputs = then(inputs) if the condition is true, else else(inputs)
// while       outputs = inputs; while cond(outputs) is true, outputs = body(outputs)
// call        outputs = subgraph(inputs)
// call_once   runs a subgraph the first time only
//   inputs   if: condition bool [1], then what the branches take; while, call: what the subgraph
//   takes
#pragma once

#include "graph/attrs.h"

namespace mote::ops {

struct IfAttrs {
  int32_t then_subgraph_index = 0;
  int32_t else_subgraph_index = 0;
};
inline void fields(AttrVisitor& v, IfAttrs& a) {
  v("then_subgraph_index", a.then_subgraph_index);
  v("else_subgraph_index", a.else_subgraph_index);
}

struct WhileAttrs {
  int32_t cond_subgraph_index = 0;
  int32_t body_subgraph_index = 0;
};
inline void fields(AttrVisitor& v, WhileAttrs& a) {
  v("cond_subgraph_index", a.cond_subgraph_index);
  v("body_subgraph_index", a.body_subgraph_index);
}

struct CallAttrs {
  int32_t subgraph_index = 0;
};
inline void fields(AttrVisitor& v, CallAttrs& a) { v("subgraph_index", a.subgraph_index); }

struct CallOnceAttrs {
  int32_t init_subgraph_index = 0;
};
inline void fields(AttrVisitor& v, CallOnceAttrs& a) {
  v("init_subgraph_index", a.init_subgraph_index);
}

}  // namespace mote::ops
