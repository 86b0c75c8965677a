#include "kernels/embedding_lookup/embedding_lookup.h"

#include <gtest/gtest.h>

#include "kernels/common/row_runner.h"
#include "kernels/embedding_lookup/families.h"

namespace mote::kernels {
namespace {

TEST(EmbeddingLookup, CopiesRows) {
  const MoteEmbeddingCopy p = {3, 2, 8};
  const int32_t ids[3] = {1, 0, 1};
  const float table[4] = {1, 2, 3, 4};
  float y[6] = {};
  bool intact = false;
  EXPECT_EQ(run_row(kEmbeddingLookupCopy.rows[0], &p, {ids, table}, {y}, &intact), kOk);
  EXPECT_EQ(std::vector<float>(y, y + 6), (std::vector<float>{3, 4, 1, 2, 3, 4}));
}

TEST(EmbeddingLookup, ScalesInt8AndInt4) {
  const int32_t ids[2] = {2, 0};
  const float scale[3] = {0.5f, 1, 2};
  bool intact = false;
  float y[4] = {};
  const MoteEmbeddingHybrid p8 = {2, 3, 2, kMoteI8, 1};
  const int8_t table8[6] = {-128, 127, 0, 0, 3, -4};
  EXPECT_EQ(run_row(kEmbeddingLookupHybrid.rows[0], &p8, {ids, table8, scale}, {y}, &intact), kOk);
  EXPECT_EQ(std::vector<float>(y, y + 4), (std::vector<float>{6, -8, -64, 63.5f}));
  const MoteEmbeddingHybrid p4 = {2, 3, 2, kMoteI4, 0};
  const uint8_t table4[3] = {0x7f, 0x00, 0x8c};  // rows {-1, 7}, {0, 0}, {-4, -8}
  EXPECT_EQ(run_row(kEmbeddingLookupHybrid.rows[0], &p4, {ids, table4, scale}, {y}, &intact), kOk);
  EXPECT_EQ(std::vector<float>(y, y + 4), (std::vector<float>{-2, -4, -0.5f, 3.5f}));
}

TEST(EmbeddingLookup, RefusesIndicesOutsideTheTable) {
  const MoteEmbeddingCopy p = {1, 2, 4};
  const float table[2] = {1, 2};
  float y[1] = {};
  bool intact = false;
  for (int32_t id : {-1, 2, INT32_MIN, INT32_MAX}) {
    EXPECT_EQ(run_row(kEmbeddingLookupCopy.rows[0], &p, {&id, table}, {y}, &intact),
              kIndexOutOfRange);
  }
}

}  // namespace
}  // namespace mote::kernels
