/* A dense layer of rank r, factored into features and time. Each of filters = units * rank filters
 * makes one feature of x a step and keeps its last `memory` features; a unit sums its filters'
 * features, weighted over time. Inputs: x [batch, input], W_feature [filters, input], W_time
 * [filters, memory], bias [units] or null. Outputs: y [batch, units]; state [batch, filters,
 * memory], which persists, oldest first. svdf_f32; svdf_hybrid: W_feature, W_time int8, the rest
 * float; svdf_i8: x, W_feature, y int8, W_time and state int16, bias int32; svdf_i8_i8: the same
 * with W_time and state int8, as TFLite Micro has it. A unit of work is one batch. */
#ifndef MOTE_KERNELS_SVDF_SVDF_H_
#define MOTE_KERNELS_SVDF_SVDF_H_

#include <stdint.h>

typedef struct {
  int64_t batch, input, filters, memory, rank;
  int32_t activation; /* float and hybrid: TFLite's number of the fused activation */
  int32_t asymmetric;
  float feature_scale, time_scale; /* hybrid */
  /* Integer: factors of the two sums, as fixed_point.h has them. */
  int32_t feature_multiplier, feature_shift, time_multiplier, time_shift;
  int32_t in_zero_point, out_zero_point;
  int32_t state_zero_point; /* svdf_i8_i8 */
  int32_t reserved;
} MoteSvdf;

#endif
