#include "kernels/chosen.h"
#include "kernels/indexing/families.h"
#include "kernels/indexing/ref.h"

namespace mote::kernels {
namespace {

template <class P>
const P& params_of(const Args& args) {
  return *static_cast<const P*>(args.params);
}

int code_of(int out_of_range) { return out_of_range ? kIndexOutOfRange : kOk; }

// Packed halves of a byte may belong to two units, so such work is one unit, whole.
int64_t units_unless_packed(int32_t bits, int64_t units) { return bits < 8 ? 1 : units; }

int64_t gather_units(const void* params) {
  const auto& p = *static_cast<const MoteGather*>(params);
  return units_unless_packed(p.bits, p.batch * p.outer);
}

int gather_ref(const Args& args, int64_t begin, int64_t end) {
  const auto& p = params_of<MoteGather>(args);
  if (p.bits < 8) begin = 0, end = p.batch * p.outer;
  return code_of(mote_gather(&p, args.in[0], args.in[1], args.out[0], begin, end));
}

int64_t gather_nd_units(const void* params) {
  const auto& p = *static_cast<const MoteGatherNd*>(params);
  return units_unless_packed(p.bits, p.count);
}

int gather_nd_ref(const Args& args, int64_t begin, int64_t end) {
  const auto& p = params_of<MoteGatherNd>(args);
  if (p.bits < 8) begin = 0, end = p.count;
  return code_of(mote_gather_nd(&p, args.in[0], args.in[1], args.out[0], begin, end));
}

int scatter_nd_ref(const Args& args, int64_t, int64_t) {
  return code_of(
      mote_scatter_nd(&params_of<MoteGatherNd>(args), args.in[0], args.in[1], args.out[0]));
}

int reverse_sequence_ref(const Args& args, int64_t, int64_t) {
  const auto& p = params_of<MoteReverseSequence>(args);
  return code_of(mote_reverse_sequence(&p, args.in[0], args.in[1], args.out[0], 0, p.outer));
}

int one_hot_ref(const Args& args, int64_t, int64_t) {
  const auto& p = params_of<MoteOneHot>(args);
  mote_one_hot(&p, args.in[0], args.in[1], args.in[2], args.out[0], 0, p.outer);
  return kOk;
}

int segment_sum_ref(const Args& args, int64_t, int64_t) {
  return code_of(mote_segment_sum(&params_of<MoteSegmentSum>(args), args.in[0],
                                  static_cast<const int32_t*>(args.in[1]), args.out[0]));
}

int range_ref(const Args& args, int64_t, int64_t) {
  mote_range(&params_of<MoteRange>(args), args.in[0], args.in[1], args.out[0]);
  return kOk;
}

int broadcast_args_ref(const Args& args, int64_t, int64_t) {
  return code_of(mote_broadcast_args(&params_of<MoteBroadcastArgs>(args), args.in[0], args.in[1],
                                     args.out[0]));
}

int matrix_diag_ref(const Args& args, int64_t, int64_t) {
  const auto& p = params_of<MoteMatrixDiag>(args);
  mote_matrix_diag(&p, nullptr, args.in[0], args.out[0], 0, p.batch);
  return kOk;
}

int matrix_set_diag_ref(const Args& args, int64_t, int64_t) {
  const auto& p = params_of<MoteMatrixDiag>(args);
  mote_matrix_diag(&p, args.in[0], args.in[1], args.out[0], 0, p.batch);
  return kOk;
}

constexpr Kernel kGatherRows[] = {
    {.name = "gather__ref", .run = gather_ref, .units = gather_units}};
constexpr Kernel kGatherNdRows[] = {
    {.name = "gather_nd__ref", .run = gather_nd_ref, .units = gather_nd_units}};
constexpr Kernel kScatterNdRows[] = {{.name = "scatter_nd__ref", .run = scatter_nd_ref}};
constexpr Kernel kReverseSequenceRows[] = {
    {.name = "reverse_sequence__ref", .run = reverse_sequence_ref}};
constexpr Kernel kOneHotRows[] = {{.name = "one_hot__ref", .run = one_hot_ref}};
constexpr Kernel kSegmentSumRows[] = {{.name = "segment_sum__ref", .run = segment_sum_ref}};
constexpr Kernel kRangeRows[] = {{.name = "range__ref", .run = range_ref}};
constexpr Kernel kBroadcastArgsRows[] = {
    {.name = "broadcast_args__ref", .run = broadcast_args_ref}};
constexpr Kernel kMatrixDiagRows[] = {{.name = "matrix_diag__ref", .run = matrix_diag_ref}};
constexpr Kernel kMatrixSetDiagRows[] = {
    {.name = "matrix_set_diag__ref", .run = matrix_set_diag_ref}};

}  // namespace

const Family kGather{"gather", chosen<kGatherRows>};
const Family kGatherNd{"gather_nd", chosen<kGatherNdRows>};
const Family kScatterNd{"scatter_nd", chosen<kScatterNdRows>};
const Family kReverseSequence{"reverse_sequence", chosen<kReverseSequenceRows>};
const Family kOneHot{"one_hot", chosen<kOneHotRows>};
const Family kSegmentSum{"segment_sum", chosen<kSegmentSumRows>};
const Family kRange{"range", chosen<kRangeRows>};
const Family kBroadcastArgs{"broadcast_args", chosen<kBroadcastArgsRows>};
const Family kMatrixDiag{"matrix_diag", chosen<kMatrixDiagRows>};
const Family kMatrixSetDiag{"matrix_set_diag", chosen<kMatrixSetDiagRows>};

}  // namespace mote::kernels
