#include "kernels/lstm/lstm.h"

#include "kernels/chosen.h"
#include "kernels/lstm/families.h"
#include "kernels/lstm/fused_hybrid_ref.h"
#include "kernels/lstm/fused_i8_ref.h"
#include "kernels/lstm/fused_ref.h"
#include "kernels/lstm/ref.h"
#include "kernels/lstm/ref_i8.h"

namespace mote::kernels {
namespace {

template <class P>
int64_t batches(const void* params) {
  return static_cast<const P*>(params)->batch;
}

template <int hybrid>
int run_float(const Args& args, int64_t begin, int64_t end) {
  mote_lstm(static_cast<const MoteLstm*>(args.params), args.in, hybrid,
            static_cast<float*>(args.out[0]), static_cast<float*>(args.out[1]),
            static_cast<float*>(args.out[2]), args.scratch, begin, end);
  return kOk;
}

template <int hybrid>
size_t scratch_float(const void* params) {
  return static_cast<size_t>(mote_lstm_scratch_bytes(static_cast<const MoteLstm*>(params), hybrid));
}

int run_i8(const Args& args, int64_t begin, int64_t end) {
  mote_lstm_i8(static_cast<const MoteLstmI8*>(args.params), args.in,
               static_cast<int8_t*>(args.out[0]), static_cast<int8_t*>(args.out[1]),
               static_cast<int16_t*>(args.out[2]), args.scratch, begin, end);
  return kOk;
}

size_t scratch_i8(const void* params) {
  return static_cast<size_t>(mote_lstm_i8_scratch_bytes(static_cast<const MoteLstmI8*>(params)));
}

int run_fused(const Args& args, int64_t begin, int64_t end) {
  mote_lstm_fused(static_cast<const MoteLstmFused*>(args.params),
                  static_cast<const float*>(args.in[0]), static_cast<const float*>(args.in[1]),
                  static_cast<const float*>(args.in[2]), static_cast<float*>(args.out[0]),
                  static_cast<float*>(args.out[1]), static_cast<float*>(args.out[2]), args.scratch,
                  begin, end);
  return kOk;
}

size_t scratch_fused(const void* params) {
  return static_cast<size_t>(
      mote_lstm_fused_scratch_bytes(static_cast<const MoteLstmFused*>(params)));
}

int run_fused_hybrid(const Args& args, int64_t begin, int64_t end) {
  mote_lstm_fused_hybrid(
      static_cast<const MoteLstmFusedHybrid*>(args.params), static_cast<const float*>(args.in[0]),
      static_cast<const int8_t*>(args.in[1]), static_cast<const float*>(args.in[2]),
      static_cast<float*>(args.out[0]), static_cast<float*>(args.out[1]),
      static_cast<float*>(args.out[2]), args.scratch, begin, end);
  return kOk;
}

size_t scratch_fused_hybrid(const void* params) {
  return static_cast<size_t>(
      mote_lstm_fused_hybrid_scratch_bytes(static_cast<const MoteLstmFusedHybrid*>(params)));
}

constexpr Kernel kFusedHybridRows[] = {{.name = "lstm_fused_hybrid__ref",
                                        .run = run_fused_hybrid,
                                        .units = batches<MoteLstmFusedHybrid>,
                                        .scratch_bytes = scratch_fused_hybrid}};

int run_fused_i8(const Args& args, int64_t begin, int64_t end) {
  mote_lstm_fused_i8(static_cast<const MoteLstmI8*>(args.params),
                     static_cast<const int8_t*>(args.in[0]), static_cast<const int8_t*>(args.in[1]),
                     static_cast<const int32_t*>(args.in[2]),
                     static_cast<const int32_t*>(args.in[3]), static_cast<int8_t*>(args.out[0]),
                     static_cast<int8_t*>(args.out[1]), static_cast<int16_t*>(args.out[2]),
                     args.scratch, begin, end);
  return kOk;
}

size_t scratch_fused_i8(const void* params) {
  return static_cast<size_t>(
      mote_lstm_fused_i8_scratch_bytes(static_cast<const MoteLstmI8*>(params)));
}

constexpr Kernel kFusedI8Rows[] = {{.name = "lstm_fused_i8__ref",
                                    .run = run_fused_i8,
                                    .units = batches<MoteLstmI8>,
                                    .scratch_bytes = scratch_fused_i8}};
constexpr Kernel kFusedRows[] = {{.name = "lstm_fused_f32__ref",
                                  .run = run_fused,
                                  .units = batches<MoteLstmFused>,
                                  .scratch_bytes = scratch_fused}};
constexpr Kernel kF32Rows[] = {{.name = "lstm_f32__ref",
                                .run = run_float<0>,
                                .units = batches<MoteLstm>,
                                .scratch_bytes = scratch_float<0>}};
constexpr Kernel kHybridRows[] = {{.name = "lstm_hybrid__ref",
                                   .run = run_float<1>,
                                   .units = batches<MoteLstm>,
                                   .scratch_bytes = scratch_float<1>}};
constexpr Kernel kI8Rows[] = {{.name = "lstm_i8__ref",
                               .run = run_i8,
                               .units = batches<MoteLstmI8>,
                               .scratch_bytes = scratch_i8}};

}  // namespace

const Family kLstmF32{"lstm_f32", chosen<kF32Rows>};
const Family kLstmHybrid{"lstm_hybrid", chosen<kHybridRows>};
const Family kLstmI8{"lstm_i8", chosen<kI8Rows>};
const Family kLstmFusedHybrid{
    "lstm_fused_hybrid", chosen<kFusedHybridRows>, {&kLstmFusedHybridAvx2}};
const Family kLstmFusedI8{"lstm_fused_i8", chosen<kFusedI8Rows>, {&kLstmFusedI8Avx2}};
const Family kLstmFusedF32{"lstm_fused_f32", chosen<kFusedRows>, {&kLstmFusedAvx2}};

}  // namespace mote::kernels
