#include "kernels/movement/movement.h"

#include <algorithm>

#include "kernels/chosen.h"
#include "kernels/movement/families.h"
#include "kernels/movement/ref.h"
#include "kernels/movement/runs-inl.h"

namespace mote::kernels {
namespace {

template <class P>
const P& params_of(const Args& args) {
  return *static_cast<const P*>(args.params);
}

// Packed halves of a byte may belong to two units, so such work is not split.
template <class P>
int64_t whole_if_packed(const void* params, int64_t units) {
  return static_cast<const P*>(params)->bits < 8 ? 1 : units;
}

// [begin, end) of the units, or everything where the work is not split.
template <class P>
void widen(const P& p, int64_t all, int64_t* begin, int64_t* end) {
  if (p.bits < 8) *begin = 0, *end = all;
}

int64_t copy_units(const void* params) {
  return whole_if_packed<MoteStridedCopy>(params,
                                          static_cast<const MoteStridedCopy*>(params)->extent[0]);
}

int strided_copy_ref(const Args& args, int64_t begin, int64_t end) {
  const auto& p = params_of<MoteStridedCopy>(args);
  widen(p, p.extent[0], &begin, &end);
  mote_strided_copy(&p, args.in[0], args.out[0], begin, end);
  return kOk;
}

// One element type, loops over the two innermost axes; blocked so that a transpose touches each
// cache line of x few times.
template <class T>
void copy_plane(const T* x, T* y, int64_t rows, int64_t columns, int64_t row_stride,
                int64_t column_stride, int64_t out_row_stride) {
  constexpr int64_t kBlock = 16;
  if (column_stride == 1) {
    const int64_t bytes = columns * static_cast<int64_t>(sizeof(T));
    for (int64_t r = 0; r < rows; ++r) copy_run(y + r * out_row_stride, x + r * row_stride, bytes);
    return;
  }
  for (int64_t r0 = 0; r0 < rows; r0 += kBlock) {
    const int64_t r1 = std::min(rows, r0 + kBlock);
    for (int64_t c0 = 0; c0 < columns; c0 += kBlock) {
      const int64_t c1 = std::min(columns, c0 + kBlock);
      for (int64_t r = r0; r < r1; ++r)
        for (int64_t c = c0; c < c1; ++c)
          y[r * out_row_stride + c] = x[r * row_stride + c * column_stride];
    }
  }
}

// The axis, besides the last, along which x moves least: walked together with the last one.
int plane_axis(const MoteStridedCopy& p) {
  int best = p.rank - 2;
  for (int d = p.rank - 2; d >= 1; --d)
    if (std::abs(p.in_stride[d]) == 1 && p.extent[d] > 1) best = d;
  return best;
}

template <class T>
void strided_copy_typed(const MoteStridedCopy& p, const T* x, T* y, int64_t begin, int64_t end) {
  if (p.rank == 1) {  // the units are elements
    copy_plane(x + p.in_offset + begin * p.in_stride[0], y + begin, 1, end - begin, 0,
               p.in_stride[0], 0);
    return;
  }
  if (p.rank == 2) {  // the units are the plane's rows
    copy_plane(x + p.in_offset + begin * p.in_stride[0], y + begin * p.extent[1], end - begin,
               p.extent[1], p.in_stride[0], p.in_stride[1], p.extent[1]);
    return;
  }
  const int last = p.rank - 1, plane = plane_axis(p);
  int64_t out_stride[kMoteCopyRank];
  out_stride[last] = 1;
  for (int d = last - 1; d >= 0; --d) out_stride[d] = out_stride[d + 1] * p.extent[d + 1];
  if (out_stride[0] == 0) return;
  int64_t extent[kMoteCopyRank], index[kMoteCopyRank] = {};
  for (int d = 0; d < p.rank; ++d) extent[d] = d == plane || d == last ? 1 : p.extent[d];
  extent[0] = 1;
  for (int64_t unit = begin; unit < end; ++unit) {
    do {
      int64_t from = p.in_offset + unit * p.in_stride[0], to = unit * out_stride[0];
      for (int d = 1; d < last; ++d)
        from += index[d] * p.in_stride[d], to += index[d] * out_stride[d];
      copy_plane(x + from, y + to, p.extent[plane], p.extent[last], p.in_stride[plane],
                 p.in_stride[last], out_stride[plane]);
    } while (mote_move_next(index, extent, p.rank) >= 0);
  }
}

struct Wide {
  uint64_t words[2];
};

int strided_copy_blocked(const Args& args, int64_t begin, int64_t end) {
  const auto& p = params_of<MoteStridedCopy>(args);
  const void* x = args.in[0];
  void* y = args.out[0];
  switch (p.bits) {
    case 8:
      strided_copy_typed(p, static_cast<const uint8_t*>(x), static_cast<uint8_t*>(y), begin, end);
      break;
    case 16:
      strided_copy_typed(p, static_cast<const uint16_t*>(x), static_cast<uint16_t*>(y), begin, end);
      break;
    case 32:
      strided_copy_typed(p, static_cast<const uint32_t*>(x), static_cast<uint32_t*>(y), begin, end);
      break;
    case 64:
      strided_copy_typed(p, static_cast<const uint64_t*>(x), static_cast<uint64_t*>(y), begin, end);
      break;
    default:
      strided_copy_typed(p, static_cast<const Wide*>(x), static_cast<Wide*>(y), begin, end);
  }
  return kOk;
}

template <class P>
const char* packed_decline(const void* params) {
  return static_cast<const P*>(params)->bits < 8 ? "packed elements" : nullptr;
}

// A vector is one row: it can't be split along its outermost axis.
template <class P>
int64_t row_units(const void* params) {
  const auto& p = *static_cast<const P*>(params);
  return p.rank == 1 ? 1 : whole_if_packed<P>(params, p.out_extent[0]);
}

int pad_ref(const Args& args, int64_t begin, int64_t end) {
  const auto& p = params_of<MotePad>(args);
  widen(p, p.out_extent[0], &begin, &end);
  mote_pad(&p, args.in[0], args.in[1], args.out[0], begin, end);
  return kOk;
}

int pad_runs(const Args& args, int64_t begin, int64_t end) {
  const auto& p = params_of<MotePad>(args);
  const int last = p.rank - 1;
  const int64_t size = p.bits / 8;
  const Filling filling(args.in[1] ? args.in[1] : p.fill, size);
  const auto* x = static_cast<const char*>(args.in[0]);
  int64_t rows_per_unit = 1;
  for (int d = 1; d < last; ++d) rows_per_unit *= p.out_extent[d];
  if (begin >= end || rows_per_unit == 0) return kOk;
  const int64_t run = p.in_extent[last] * size, whole = p.out_extent[last] * size;
  const int64_t before = p.before[last] * size, after = whole - before - run;
  auto* y = static_cast<char*>(args.out[0]) + begin * rows_per_unit * whole;
  PadRows rows(p, begin * rows_per_unit);
  for (int64_t row = begin * rows_per_unit; row < end * rows_per_unit; ++row, y += whole) {
    const int64_t from = rows.source();
    rows.next();
    if (from < 0) {
      filling.fill(y, whole);
      continue;
    }
    filling.fill(y, before);
    copy_run(y + before, x + from * run, run);
    filling.fill(y + before + run, after);
  }
  return kOk;
}

int mirror_pad_ref(const Args& args, int64_t begin, int64_t end) {
  const auto& p = params_of<MoteMirrorPad>(args);
  widen(p, p.out_extent[0], &begin, &end);
  mote_mirror_pad(&p, args.in[0], args.out[0], begin, end);
  return kOk;
}

int64_t outer_units(const void* params) {
  return whole_if_packed<MoteConcat>(params, static_cast<const MoteConcat*>(params)->outer);
}

int concat_ref(const Args& args, int64_t begin, int64_t end) {
  const auto& p = params_of<MoteConcat>(args);
  widen(p, p.outer, &begin, &end);
  mote_concat(&p, args.in, args.out[0], begin, end);
  return kOk;
}

// Calls body(k, at, place, bytes) for every run: it lies at `at` of input (or piece) k and at
// `place` of the whole, in bytes.
template <class Body>
void each_piece(const MoteConcat& p, const int64_t* inner, int64_t begin, int64_t end,
                const Body& body) {
  const int64_t size = p.bits / 8;
  for (int64_t o = begin; o < end; ++o) {
    int64_t place = o * p.total * size;
    for (int k = 0; k < p.count; ++k) {
      const int64_t bytes = inner[k] * size;
      body(k, o * bytes, place, bytes);
      place += bytes;
    }
  }
}

int concat_runs(const Args& args, int64_t begin, int64_t end) {
  auto* y = static_cast<char*>(args.out[0]);
  each_piece(params_of<MoteConcat>(args), static_cast<const int64_t*>(args.in[0]), begin, end,
             [&](int k, int64_t at, int64_t place, int64_t bytes) {
               copy_run(y + place, static_cast<const char*>(args.in[1 + k]) + at, bytes);
             });
  return kOk;
}

int split_runs(const Args& args, int64_t begin, int64_t end) {
  const auto* x = static_cast<const char*>(args.in[1]);
  each_piece(params_of<MoteConcat>(args), static_cast<const int64_t*>(args.in[0]), begin, end,
             [&](int k, int64_t at, int64_t place, int64_t bytes) {
               copy_run(static_cast<char*>(args.out[k]) + at, x + place, bytes);
             });
  return kOk;
}

int concat_rescale_u8_ref(const Args& args, int64_t begin, int64_t end) {
  mote_concat_rescale_u8(&params_of<MoteConcat>(args), args.in, static_cast<uint8_t*>(args.out[0]),
                         begin, end);
  return kOk;
}

int split_ref(const Args& args, int64_t begin, int64_t end) {
  const auto& p = params_of<MoteConcat>(args);
  widen(p, p.outer, &begin, &end);
  mote_split(&p, static_cast<const int64_t*>(args.in[0]), args.in[1], args.out, begin, end);
  return kOk;
}

int fill_ref(const Args& args, int64_t, int64_t) {
  const auto& p = params_of<MoteFill>(args);
  mote_fill(&p, args.in[0], args.out[0], 0, p.elements);
  return kOk;
}

int64_t phase_units(const void* params) {
  const auto& p = *static_cast<const MoteSpaceBatch*>(params);
  return whole_if_packed<MoteSpaceBatch>(params, p.batch * p.block_h * p.block_w);
}

int space_to_batch_ref(const Args& args, int64_t begin, int64_t end) {
  const auto& p = params_of<MoteSpaceBatch>(args);
  widen(p, p.batch * p.block_h * p.block_w, &begin, &end);
  mote_space_to_batch(&p, args.in[0], args.out[0], begin, end);
  return kOk;
}

int64_t space_units(const void* params) {
  const auto& p = *static_cast<const MoteSpaceBatch*>(params);
  return whole_if_packed<MoteSpaceBatch>(params, p.batch * p.height);
}

int space_to_batch_runs(const Args& args, int64_t begin, int64_t end) {
  const auto& p = params_of<MoteSpaceBatch>(args);
  const int64_t run = p.inner * (p.bits / 8), line = p.width * run, out_line = p.phase_w * run;
  const Filling filling(p.fill, p.bits / 8);
  const auto* x = static_cast<const char*>(args.in[0]);
  auto* y = static_cast<char*>(args.out[0]) + begin * p.phase_h * out_line;
  for (int64_t unit = begin; unit < end; ++unit) {
    const int64_t phase = unit / p.batch;
    const int64_t first_h = phase / p.block_w - p.pad_top, w = phase % p.block_w - p.pad_left;
    // Columns [from, to) of a phase's line come from x.
    const int64_t from = std::min(p.phase_w, w < 0 ? (-w + p.block_w - 1) / p.block_w : 0);
    const int64_t reach = p.width > w ? (p.width - w + p.block_w - 1) / p.block_w : 0;
    const int64_t to = std::clamp(reach, from, p.phase_w);
    for (int64_t i = 0; i < p.phase_h; ++i, y += out_line) {
      const int64_t h = first_h + i * p.block_h;
      if (h < 0 || h >= p.height) {
        filling.fill(y, out_line);
        continue;
      }
      const char* row = x + (unit % p.batch * p.height + h) * line;
      filling.fill(y, from * run);
      gather_runs(row + (w + from * p.block_w) * run, p.block_w * run, to - from, run,
                  y + from * run);
      filling.fill(y + to * run, (p.phase_w - to) * run);
    }
  }
  return kOk;
}

int batch_to_space_ref(const Args& args, int64_t begin, int64_t end) {
  const auto& p = params_of<MoteSpaceBatch>(args);
  widen(p, p.batch * p.height, &begin, &end);
  mote_batch_to_space(&p, args.in[0], args.out[0], begin, end);
  return kOk;
}

int slice_at_ref(const Args& args, int64_t, int64_t) {
  return mote_slice_at(&params_of<MoteBox>(args), args.in[0], args.in[1], args.out[0])
             ? kIndexOutOfRange
             : kOk;
}

int update_slice_ref(const Args& args, int64_t, int64_t) {
  mote_update_slice(&params_of<MoteBox>(args), args.in[0], args.in[1], args.in[2], args.out[0]);
  return kOk;
}

constexpr Kernel kStridedCopyRows[] = {
    {.name = "strided_copy__blocked",
     .run = strided_copy_blocked,
     .declines = packed_decline<MoteStridedCopy>,
     .units = copy_units},
    {.name = "strided_copy__ref", .run = strided_copy_ref, .units = copy_units},
};
constexpr Kernel kPadRows[] = {
    {.name = "pad__runs",
     .run = pad_runs,
     .declines = packed_decline<MotePad>,
     .units = row_units<MotePad>},
    {.name = "pad__ref", .run = pad_ref, .units = row_units<MotePad>},
};
constexpr Kernel kMirrorPadRows[] = {
    {.name = "mirror_pad__ref", .run = mirror_pad_ref, .units = row_units<MoteMirrorPad>}};
constexpr Kernel kConcatRows[] = {
    {.name = "concat__runs",
     .run = concat_runs,
     .declines = packed_decline<MoteConcat>,
     .units = outer_units},
    {.name = "concat__ref", .run = concat_ref, .units = outer_units},
};
constexpr Kernel kConcatRescaleU8Rows[] = {
    {.name = "concat_rescale_u8__ref", .run = concat_rescale_u8_ref, .units = outer_units}};
constexpr Kernel kSplitRows[] = {
    {.name = "split__runs",
     .run = split_runs,
     .declines = packed_decline<MoteConcat>,
     .units = outer_units},
    {.name = "split__ref", .run = split_ref, .units = outer_units},
};
constexpr Kernel kFillRows[] = {{.name = "fill__ref", .run = fill_ref}};
constexpr Kernel kSpaceToBatchRows[] = {
    {.name = "space_to_batch__runs",
     .run = space_to_batch_runs,
     .declines = packed_decline<MoteSpaceBatch>,
     .units = phase_units},
    {.name = "space_to_batch__ref", .run = space_to_batch_ref, .units = phase_units}};
constexpr Kernel kBatchToSpaceRows[] = {
    {.name = "batch_to_space__ref", .run = batch_to_space_ref, .units = space_units}};
constexpr Kernel kSliceAtRows[] = {{.name = "slice_at__ref", .run = slice_at_ref}};
constexpr Kernel kUpdateSliceRows[] = {{.name = "update_slice__ref", .run = update_slice_ref}};

}  // namespace

const Family kStridedCopy{"strided_copy", chosen<kStridedCopyRows>};
const Family kPad{"pad", chosen<kPadRows>};
const Family kMirrorPad{"mirror_pad", chosen<kMirrorPadRows>};
const Family kConcat{"concat", chosen<kConcatRows>};
const Family kConcatRescaleU8{"concat_rescale_u8", chosen<kConcatRescaleU8Rows>};
const Family kSplit{"split", chosen<kSplitRows>};
const Family kFill{"fill", chosen<kFillRows>};
const Family kSpaceToBatch{"space_to_batch", chosen<kSpaceToBatchRows>};
const Family kBatchToSpace{"batch_to_space", chosen<kBatchToSpaceRows>};
const Family kSliceAt{"slice_at", chosen<kSliceAtRows>};
const Family kUpdateSlice{"update_slice", chosen<kUpdateSliceRows>};

}  // namespace mote::kernels
