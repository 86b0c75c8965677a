#include "kernels/embedding_lookup/embedding_lookup.h"

#include "kernels/chosen.h"
#include "kernels/common/rows-inl.h"
#include "kernels/embedding_lookup/families.h"
#include "kernels/embedding_lookup/ref.h"

namespace mote::kernels {
namespace {

template <class Params>
int64_t indices(const void* params) {
  return as<Params>(params).count;
}

int run_copy(const Args& a, int64_t begin, int64_t end) {
  return mote_embedding_copy_ref(&as<MoteEmbeddingCopy>(a.params), in<int32_t>(a, 0), a.in[1],
                                 a.out[0], begin, end) == 0
             ? kOk
             : kIndexOutOfRange;
}

int run_hybrid(const Args& a, int64_t begin, int64_t end) {
  return mote_embedding_hybrid_ref(&as<MoteEmbeddingHybrid>(a.params), in<int32_t>(a, 0), a.in[1],
                                   in<float>(a, 2), out<float>(a), begin, end) == 0
             ? kOk
             : kIndexOutOfRange;
}

constexpr Kernel kCopyRows[] = {
    {.name = "embedding_lookup_copy__ref", .run = run_copy, .units = indices<MoteEmbeddingCopy>}};
constexpr Kernel kHybridRows[] = {{.name = "embedding_lookup_hybrid__ref",
                                   .run = run_hybrid,
                                   .units = indices<MoteEmbeddingHybrid>}};

}  // namespace

const Family kEmbeddingLookupCopy = {"embedding_lookup_copy", chosen<kCopyRows>};
const Family kEmbeddingLookupHybrid = {"embedding_lookup_hybrid", chosen<kHybridRows>};

}  // namespace mote::kernels
