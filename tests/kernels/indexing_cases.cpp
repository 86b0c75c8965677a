// Operators that go where data tells them, embedding_lookup, bucketize, rfft.
#include "kernels/bucketize/families.h"
#include "kernels/embedding_lookup/embedding_lookup.h"
#include "kernels/embedding_lookup/families.h"
#include "kernels/indexing/families.h"
#include "kernels/indexing/indexing.h"
#include "kernels/rfft/families.h"
#include "kernels/rfft/rfft.h"
#include "mac_params.h"

namespace mote::kernels::shapes {
namespace {

int32_t random_bits(Random& r) { return r.pick({8, 8, 16, 32, 32, 64, 128, 4}); }
size_t element_size(int32_t bits) { return bits < 8 ? 1 : static_cast<size_t>(bits / 8); }

void add_tensor(Random& r, Case& c, int64_t elements, int32_t bits) {
  c.add(random_ints<uint8_t>(r, (elements * bits + 7) / 8, 0, 255), element_size(bits));
}
void add_result(Case& c, int64_t elements, int32_t bits) {
  c.add_output((elements * bits + 7) / 8, 1);
  c.out.back().element_bytes = element_size(bits);
}

// Indices in [0, extent); in one case of 10 some are outside.
void add_indices(Random& r, Case& c, int64_t n, int64_t extent, int32_t bits) {
  const bool outside = r.one_in(10);
  std::vector<int64_t> values(static_cast<size_t>(n));
  for (int64_t& v : values) {
    v = outside && r.one_in(8) ? r.between(-2, extent + 2) : r.between(0, extent - 1);
  }
  if (bits == 64) {
    c.add(bytes_of(values), 8);
  } else if (bits == 32) {
    c.add(bytes_of(std::vector<int32_t>(values.begin(), values.end())), 4);
  } else {
    std::vector<int16_t> narrow;
    for (const int64_t v : values) narrow.push_back(static_cast<int16_t>(v));
    c.add(bytes_of(narrow), 2);
  }
}

void gather(Random& r, Case& c) {
  const MoteGather p = {r.between(1, 3), r.between(1, 5), r.between(1, 12),    r.extent(60),
                        r.between(0, 9), random_bits(r),  r.pick({16, 32, 64})};
  add_tensor(r, c, p.batch * p.outer * p.axis * p.inner, p.bits);
  add_indices(r, c, p.batch * p.count, p.axis, p.index_bits);
  add_result(c, p.batch * p.outer * p.count * p.inner, p.bits);
  c.set_params(p);
}

MoteGatherNd random_nd(Random& r) {
  MoteGatherNd p = {};
  p.depth = r.between32(1, 4);
  for (int32_t d = 0; d < p.depth; ++d) p.extent[d] = r.between(1, 5);
  p.count = r.between(0, 12), p.inner = r.extent(24);
  p.bits = random_bits(r), p.index_bits = r.pick({32, 64});
  return p;
}

int64_t slices(const MoteGatherNd& p) {
  int64_t n = 1;
  for (int32_t d = 0; d < p.depth; ++d) n *= p.extent[d];
  return n;
}

int64_t least_extent(const MoteGatherNd& p) {
  return *std::min_element(p.extent, p.extent + p.depth);
}

void gather_nd(Random& r, Case& c) {
  const MoteGatherNd p = random_nd(r);
  add_tensor(r, c, slices(p) * p.inner, p.bits);
  add_indices(r, c, p.count * p.depth, least_extent(p), p.index_bits);
  add_result(c, p.count * p.inner, p.bits);
  c.set_params(p);
}

int32_t bits_of_sum(int32_t type) {
  return type == kMoteSumI8 ? 8 : type == kMoteSumI16 ? 16 : type == kMoteSumI64 ? 64 : 32;
}

void add_summands(Random& r, Case& c, int64_t n, int32_t type) {
  if (type == kMoteSumF32) {
    c.add(random_floats(r, n, random_manner(r)), 4);
  } else {
    add_tensor(r, c, n, bits_of_sum(type));
  }
}

void scatter_nd(Random& r, Case& c) {
  MoteGatherNd p = random_nd(r);
  p.sum_type = r.between32(kMoteSumF32, kMoteSumI64);
  p.bits = bits_of_sum(p.sum_type);
  add_indices(r, c, p.count * p.depth, least_extent(p), p.index_bits);
  add_summands(r, c, p.count * p.inner, p.sum_type);
  add_result(c, slices(p) * p.inner, p.bits);
  c.out[0].is_float = p.sum_type == kMoteSumF32;
  c.set_params(p);
}

void reverse_sequence(Random& r, Case& c) {
  const MoteReverseSequence p = {r.between(1, 3), r.between(1, 5),  r.between(1, 3),
                                 r.between(1, 5), r.extent(24),     r.coin() ? 1 : 0,
                                 random_bits(r),  r.pick({32, 64}), 0};
  add_tensor(r, c, p.outer * p.first * p.middle * p.second * p.inner, p.bits);
  const int64_t batches = p.batch_is_first ? p.first : p.second;
  const int64_t steps = p.batch_is_first ? p.second : p.first;
  add_indices(r, c, batches, steps + 1, p.length_bits);
  add_result(c, p.outer * p.first * p.middle * p.second * p.inner, p.bits);
  c.set_params(p);
}

void one_hot(Random& r, Case& c) {
  const MoteOneHot p = {r.between(1, 5), r.extent(40), r.between(1, 5), r.pick({8, 16, 32, 64}),
                        r.pick({32, 64})};
  add_indices(r, c, p.outer * p.inner, p.depth, p.index_bits);
  add_tensor(r, c, 1, p.bits);
  add_tensor(r, c, 1, p.bits);
  add_result(c, p.outer * p.depth * p.inner, p.bits);
  c.set_params(p);
}

void segment_sum(Random& r, Case& c) {
  const MoteSegmentSum p = {r.between(0, 12), r.extent(40), r.between(1, 6),
                            r.coin() ? kMoteSumF32 : kMoteSumI32, 0};
  add_summands(r, c, p.count * p.inner, p.sum_type);
  std::vector<int32_t> ids;
  for (int64_t i = 0; i < p.count; ++i) ids.push_back(r.between32(0, p.segments - 1));
  std::sort(ids.begin(), ids.end());
  c.add(bytes_of(ids), 4);
  add_result(c, p.segments * p.inner, 32);
  c.out[0].is_float = p.sum_type == kMoteSumF32;
  c.set_params(p);
}

void range(Random& r, Case& c) {
  const MoteRange p = {r.between(0, 60), r.pick<int32_t>({kMoteSumF32, kMoteSumI32, kMoteSumI64}),
                       0};
  const int32_t bits = bits_of_sum(p.sum_type);
  add_summands(r, c, 1, p.sum_type);
  add_summands(r, c, 1, p.sum_type);
  add_result(c, p.count, bits);
  c.out[0].is_float = p.sum_type == kMoteSumF32;
  c.set_params(p);
}

void broadcast_args(Random& r, Case& c) {
  const MoteBroadcastArgs p = {r.between(0, 5), r.between(0, 5), r.pick({32, 64}), 0};
  add_indices(r, c, p.a_count, 4, p.bits);
  add_indices(r, c, p.b_count, 4, p.bits);
  add_result(c, std::max(p.a_count, p.b_count), p.bits);
  c.set_params(p);
}

void matrix_diag(Random& r, Case& c, bool set) {
  MoteMatrixDiag p = {r.between(1, 4), r.between(1, 12), r.between(1, 12), random_bits(r), 0};
  if (!set) p.columns = p.rows;
  if (set) add_tensor(r, c, p.batch * p.rows * p.columns, p.bits);
  add_tensor(r, c, p.batch * std::min(p.rows, p.columns), p.bits);
  add_result(c, p.batch * p.rows * p.columns, p.bits);
  c.set_params(p);
}

void embedding_copy(Random& r, Case& c) {
  const MoteEmbeddingCopy p = {r.between(0, 12), r.between(1, 20), r.extent(200)};
  add_indices(r, c, p.count, p.rows, 32);
  add_tensor(r, c, p.rows * p.row_bytes, 8);
  add_result(c, p.count * p.row_bytes, 8);
  c.set_params(p);
}

void embedding_hybrid(Random& r, Case& c) {
  const MoteEmbeddingHybrid p = {r.between(0, 12), r.between(1, 20), r.extent(200),
                                 r.coin() ? kMoteI8 : kMoteI4, r.coin() ? 1 : 0};
  add_indices(r, c, p.count, p.rows, 32);
  c.add(random_elements(r, p.type, p.rows * p.size), 1);
  c.add(random_reals(r, p.per_row ? p.rows : 1, 1e-3, 1), 4);
  c.add_output(p.count * p.size, 4, true);
  c.set_params(p);
}

void bucketize(Random& r, Case& c) {
  const MoteBucketize p = {r.between(0, 200), r.between(0, 12)};
  c.add(random_floats(r, p.count, random_manner(r)), 4);
  std::vector<float> bounds = elements_of<float>(random_reals(r, p.boundaries, -2, 2));
  std::sort(bounds.begin(), bounds.end());
  c.add(bytes_of(bounds), 4);
  c.add_output(p.count, 4);
  c.set_params(p);
}

void rfft(Random& r, Case& c) {
  MoteRfft p = {};
  p.batch = r.between(1, 3);
  p.fft_h = int64_t{1} << r.between(0, 5), p.fft_w = int64_t{1} << r.between(0, 6);
  p.in_h = r.between(1, p.fft_h + 2), p.in_w = r.between(1, p.fft_w + 2);
  c.add(random_floats(r, p.batch * p.in_h * p.in_w, Floats::plain), 4);
  const int64_t n = std::max(p.fft_h, p.fft_w);
  std::vector<double> twiddles;
  for (int64_t k = 0; k < std::max<int64_t>(1, n / 2); ++k) {
    const double angle =
        2 * 3.14159265358979323846 * static_cast<double>(k) / static_cast<double>(n);
    twiddles.push_back(std::cos(angle));
    twiddles.push_back(-std::sin(angle));
  }
  c.add(bytes_of(twiddles), 8);
  c.add_output(p.batch * p.fft_h * (p.fft_w / 2 + 1) * 2, 4, true);
  // The transform is in double: rows that order it otherwise differ in the last rounding.
  const double size = 2.0 * static_cast<double>(p.fft_h * p.fft_w);
  c.out[0].bound.assign(c.out[0].size_bytes / 4, size * 0x1p-23);
  c.set_params(p);
}

}  // namespace

void add_indexing_generators(std::vector<Generator>& all) {
  all.push_back({&kGather, 150, gather});
  all.push_back({&kGatherNd, 60, gather_nd});
  all.push_back({&kScatterNd, 60, scatter_nd});
  all.push_back({&kReverseSequence, 40, reverse_sequence});
  all.push_back({&kOneHot, 40, one_hot});
  all.push_back({&kSegmentSum, 40, segment_sum});
  all.push_back({&kRange, 20, range});
  all.push_back({&kBroadcastArgs, 20, broadcast_args});
  all.push_back({&kMatrixDiag, 20, [](Random& r, Case& c) { matrix_diag(r, c, false); }});
  all.push_back({&kMatrixSetDiag, 20, [](Random& r, Case& c) { matrix_diag(r, c, true); }});
  all.push_back({&kEmbeddingLookupCopy, 60, embedding_copy});
  all.push_back({&kEmbeddingLookupHybrid, 60, embedding_hybrid});
  all.push_back({&kBucketizeF32, 40, bucketize});
  all.push_back({&kRfft, 60, rfft});
}

}  // namespace mote::kernels::shapes
