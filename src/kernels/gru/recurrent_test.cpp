// Fast rows of the fused recurrent kernels against their references: sizes
// around the vectors', both directions, float16 weights, several batches, with
// and without what is optional.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/common/fixed_point.h"
#include "kernels/common/row_runner.h"
#include "kernels/gru/families.h"
#include "kernels/gru/gru.h"
#include "kernels/lstm/families.h"
#include "kernels/lstm/fused.h"
#include "kernels/lstm/fused_hybrid_ref.h"
#include "kernels/lstm/lstm.h"
#include "kernels/quantize/ref.h"

namespace mote::kernels {
namespace {

// Weights whose rows add up to at most 1/2 in h and to at most 1 in x: with |x|
// <= 2, |h| <= 1 and slopes of sigmoid (1/4) and tanh (1) at most 1, an error
// in h is halved from step to step, so that the total is below twice that of a
// step. That is (n + 2) roundings of sums below 4 and the functions' errors,
// 2^-20 with room for the products between the gates.
std::vector<float> weights(Random& random, int64_t rows, int64_t input, int64_t units, bool half) {
  std::vector<float> w;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t k = 0; k < input + units; ++k) {
      const auto count = static_cast<float>(k < input ? input : units);
      const float value = random.real(-1.0f, 1.0f) / count / (k < input ? 1.0f : 2.0f);
      w.push_back(half ? mote_half_to_f32(mote_f32_to_half(value)) : value);
    }
  }
  return w;
}

float tolerance(int64_t input, int64_t units) {
  return 2 * (static_cast<float>(input + units + 2) * 4 * 0x1p-24f + 0x1p-20f);
}

void expect_near(const std::vector<float>& got, const std::vector<float>& want, float bound,
                 const char* row) {
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_NEAR(got[i], want[i], bound) << row << " at " << i << " of " << want.size();
  }
}

// run(row) gives all that the row writes.
template <class Params, class Run>
void expect_rows_near(const Family& family, const Params& p, const Run& run, float bound) {
  const std::vector<float> want = run(family.reference());
  family.each_usable(&p, [&](const Kernel& row) { expect_near(run(row), want, bound, row.name); });
}

// Both states start as h0.
template <class Params>
void expect_lstm_near(const Family& family, const Params& p, const std::vector<const void*>& in,
                      const std::vector<float>& h0, float bound) {
  const auto run = [&](const Kernel& row) {
    std::vector<float> h = h0, c = h0, y(static_cast<size_t>(p.batch * p.y_batch), 7.0f);
    bool intact = false;
    run_row(row, &p, in, {y.data(), h.data(), c.data()}, &intact);
    EXPECT_TRUE(intact) << row.name;
    y.insert(y.end(), h.begin(), h.end());
    y.insert(y.end(), c.begin(), c.end());
    return y;
  };
  expect_rows_near(family, p, run, bound);
}

// `sequence`: every step's h is wanted too.
template <class Params>
void expect_gru_near(const Family& family, const Params& p, const std::vector<const void*>& in,
                     bool sequence, float bound) {
  const auto run = [&](const Kernel& row) {
    std::vector<float> h(static_cast<size_t>(p.batch * p.units));
    std::vector<float> y(static_cast<size_t>(p.batch * p.y_batch));
    bool intact = false;
    run_row(row, &p, in, {h.data(), sequence ? y.data() : nullptr}, &intact);
    EXPECT_TRUE(intact) << row.name;
    h.insert(h.end(), y.begin(), y.end());
    return h;
  };
  expect_rows_near(family, p, run, bound);
}

TEST(RecurrentRows, LstmFused) {
  Random random(21);
  for (int turn = 0; turn < 80; ++turn) {
    MoteLstmFused p = {};
    p.batch = random.between(1, 3);
    p.steps = random.between(1, 30);
    p.input = random.between(1, 20);
    p.cell = random.between(1, 40);
    p.x_step = p.input;
    p.x_batch = p.steps * p.input;
    p.y_offset = random.between(0, 2);
    p.y_step = p.cell + p.y_offset;
    p.y_batch = p.steps * p.y_step;
    p.backward = random.coin();
    p.half_weights = random.coin();
    p.cell_clip = random.coin() ? 0.3f : 0.0f;
    const auto w = weights(random, 4 * p.cell, p.input, p.cell, p.half_weights);
    const auto x = random.floats(p.batch * p.x_batch), bias = random.floats(4 * p.cell, -1, 1);
    const auto h0 = random.floats(p.batch * p.cell, -1, 1);
    expect_lstm_near(kLstmFusedF32, p, {x.data(), w.data(), bias.data()}, h0,
                     2 * tolerance(p.input, p.cell));
  }
}

TEST(RecurrentRows, Gru) {
  Random random(22);
  for (int turn = 0; turn < 80; ++turn) {
    MoteGru p = {};
    p.batch = random.between(1, 3);
    p.steps = random.between(1, 30);
    p.input = random.coin() ? random.between(1, 20) : 0;
    p.units = random.between(1, 60);
    p.x_step = p.input > 0 ? p.input : 3 * p.units;
    p.x_batch = p.steps * p.x_step;
    p.y_step = p.units;
    p.y_batch = p.steps * p.y_step;
    p.half_weights = random.coin();
    const auto w = weights(random, 3 * p.units, p.input, p.units, p.half_weights);
    const auto x = random.floats(p.batch * p.x_batch), bias = random.floats(3 * p.units, -1, 1);
    const auto h0 = random.floats(p.batch * p.units, -1, 1);
    const void* bias_x = p.input > 0 && random.coin() ? bias.data() : nullptr;
    const void* bias_h = random.coin() ? bias.data() : nullptr;
    const bool sequence = random.coin();
    expect_gru_near(kGruF32, p, {x.data(), w.data(), bias_x, bias_h, h0.data()}, sequence,
                    tolerance(p.input, p.units));
  }
}

MoteFactor factor(Random& random, double low, double high) {
  MoteFactor f = {};
  int shift = 0;
  mote_split_multiplier(std::exp2(static_cast<double>(
                            random.real(static_cast<float>(low), static_cast<float>(high)))),
                        &f.multiplier, &shift);
  f.shift = shift;
  return f;
}

TEST(RecurrentRows, LstmFusedI8IsExact) {
  Random random(23);
  for (int turn = 0; turn < 150; ++turn) {
    MoteLstmI8 p = {};
    p.batch = random.between(1, 3);
    p.steps = random.between(1, 12);
    p.input = random.between(1, 20);
    p.cell = p.output = random.between(1, 50);
    p.x_step = p.input;
    p.x_batch = p.steps * p.input;
    p.y_step = p.cell;
    p.y_batch = p.steps * p.cell;
    const double most_factor = random.coin() ? -0.5 : 4;
    for (int g = 0; g < 4; ++g)
      p.x[g] = factor(random, -8, most_factor), p.h[g] = factor(random, -8, most_factor);
    p.hidden = factor(random, -25, -20);
    p.hidden_zero_point = static_cast<int32_t>(random.between(-128, 127));
    p.cell_bits = static_cast<int32_t>(random.between(0, 6));
    p.cell_clip = random.coin() ? static_cast<int32_t>(random.between(1, 32767)) : 0;
    const auto w = random.ints<int8_t>(4 * p.cell * (p.input + p.cell), -127, 127);
    const auto x = random.ints<int8_t>(p.batch * p.x_batch, -128, 127);
    const int64_t most = random.coin() ? 30000 : INT32_MAX;
    const auto bias_x = random.ints<int32_t>(4 * p.cell, -most, most);
    const auto bias_h = random.ints<int32_t>(4 * p.cell, -most, most);
    const auto h0 = random.ints<int8_t>(p.batch * p.cell, -128, 127);
    const auto c0 = random.ints<int16_t>(p.batch * p.cell, -32768, 32767);
    const auto run = [&](const Kernel& row) {
      std::vector<int8_t> y(static_cast<size_t>(p.batch * p.y_batch)), h = h0;
      std::vector<int16_t> c = c0;
      bool intact = false;
      run_row(row, &p, {x.data(), w.data(), bias_x.data(), bias_h.data()},
              {y.data(), h.data(), c.data()}, &intact);
      EXPECT_TRUE(intact) << row.name;
      std::vector<int> all(y.begin(), y.end());
      all.insert(all.end(), h.begin(), h.end());
      all.insert(all.end(), c.begin(), c.end());
      return all;
    };
    const auto want = run(kLstmFusedI8.reference());
    kLstmFusedI8.each_usable(&p, [&](const Kernel& row) { ASSERT_EQ(run(row), want) << row.name; });
  }
}

// One step is within the functions' errors. Over many, such an error may take h
// to the next byte, by 1/127 of its range; rows of weights add up to at most
// 1/2, so that it is halved from step to step.
float hybrid_tolerance(int64_t steps) { return steps == 1 ? 0x1p-20f : 0x1p-20f + 2.0f / 127; }

TEST(RecurrentRows, LstmFusedHybrid) {
  Random random(24);
  for (int turn = 0; turn < 120; ++turn) {
    MoteLstmFusedHybrid p = {};
    p.batch = random.between(1, 3);
    p.steps = random.coin() ? 1 : random.between(2, 12);
    p.input = random.between(1, 40);
    p.cell = random.between(1, 50);
    p.x_step = p.input;
    p.x_batch = p.steps * p.input;
    p.y_offset = random.between(0, 2);
    p.y_step = p.cell + p.y_offset;
    p.y_batch = p.steps * p.y_step;
    p.backward = random.coin();
    p.asymmetric = random.coin();
    p.cell_clip = random.coin() ? 0.3f : 0.0f;
    for (int g = 0; g < 4; ++g) {
      p.x_scale[g] = random.real(0.1f, 1.0f) / 127 / static_cast<float>(p.input);
      p.h_scale[g] = random.real(0.1f, 0.5f) / 127 / static_cast<float>(p.cell);
    }
    const auto w = random.ints<int8_t>(4 * p.cell * (p.input + p.cell), -127, 127);
    auto x = random.floats(p.batch * p.x_batch);
    if (random.between(0, 3) == 0) std::fill(x.begin(), x.end(), 0.0f);
    const auto bias = random.floats(4 * p.cell, -1, 1);
    auto h0 = random.floats(p.batch * p.cell, -1, 1);
    if (random.between(0, 3) == 0) std::fill(h0.begin(), h0.end(), 0.0f);
    expect_lstm_near(kLstmFusedHybrid, p, {x.data(), w.data(), bias.data()}, h0,
                     hybrid_tolerance(p.steps));
  }
}

TEST(RecurrentRows, GruHybrid) {
  Random random(25);
  for (int turn = 0; turn < 120; ++turn) {
    MoteGruHybrid p = {};
    p.batch = random.between(1, 3);
    p.steps = random.coin() ? 1 : random.between(2, 12);
    p.units = random.between(1, 60);
    p.x_step = 3 * p.units;
    p.x_batch = p.steps * p.x_step;
    p.y_step = p.units;
    p.y_batch = p.steps * p.y_step;
    p.asymmetric = random.coin();
    const auto w = random.ints<int8_t>(3 * p.units * p.units, -127, 127);
    const auto scales = random.floats(3 * p.units, 0.0f, 0.5f / 127 / static_cast<float>(p.units));
    const auto x = random.floats(p.batch * p.x_batch), bias = random.floats(3 * p.units, -1, 1);
    auto h0 = random.floats(p.batch * p.units, -1, 1);
    if (random.between(0, 3) == 0) std::fill(h0.begin(), h0.end(), 0.0f);
    const void* bias_h = random.coin() ? bias.data() : nullptr;
    const bool sequence = random.coin();
    expect_gru_near(kGruHybrid, p, {x.data(), w.data(), scales.data(), bias_h, h0.data()}, sequence,
                    hybrid_tolerance(p.steps));
  }
}

}  // namespace
}  // namespace mote::kernels
