// The families of embedding lookup; embedding_lookup.h says what each one takes.
#pragma once

#include "kernels/kernel.h"

namespace mote::kernels {

extern const Family kEmbeddingLookupCopy, kEmbeddingLookupHybrid;

}  // namespace mote::kernels
