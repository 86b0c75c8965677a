#include "driver/tune.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"

namespace mote::driver {
namespace {

// Rows that count their calls and take very different work.
struct Params {
  int32_t unused = 0;
};
int slow_runs = 0, quick_runs = 0;

int slow(const kernels::Args& args, int64_t, int64_t) {
  ++slow_runs;
  auto* y = static_cast<float*>(args.out[0]);
  for (int i = 0; i < 200000; ++i) *static_cast<volatile float*>(y) = static_cast<float>(i);
  return kernels::kOk;
}
int quick(const kernels::Args&, int64_t, int64_t) {
  ++quick_runs;
  return kernels::kOk;
}
int refuses(const kernels::Args&, int64_t, int64_t) { return kernels::kIndexOutOfRange; }

constexpr kernels::Kernel kRows[] = {
    {.name = "slow", .run = slow},
    {.name = "refuses", .run = refuses},
    {.name = "quick", .run = quick},
    {.name = "reference", .run = quick},
};
const kernels::Family kFamily = {"test_family", kRows};

class Tune : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / "mote_tune_XXXXXX").string();
    ASSERT_TRUE(mkdtemp(folder_.data()));
    path_ = folder_ + "/below/tune.json";
    slow_runs = quick_runs = 0;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  RowRequest request() const {
    RowRequest r{kFamily, std::as_bytes(std::span(&params_, 1)), {}, {}, {}};
    for (const kernels::Kernel& row : kRows) r.rows.push_back(&row);
    r.outputs = {{DType::f32, sizeof(float), nullptr}};
    return r;
  }
  std::string chosen(Tuner& tuner) const {
    std::string why;
    return tuner.choose(request(), &why).name;
  }

  Params params_;
  std::string folder_, path_;
};

TEST_F(Tune, TakesTheRowThatMeasuresFastest) {
  Tuner tuner(path_);
  EXPECT_EQ(chosen(tuner), "quick");
  EXPECT_GT(slow_runs, 0);
  EXPECT_EQ(tuner.measured(), 1);
}

TEST_F(Tune, RemembersWhatItMeasured) {
  Tuner first(path_);
  chosen(first);
  first.save();
  slow_runs = quick_runs = 0;
  Tuner second(path_);
  EXPECT_EQ(chosen(second), "quick");
  EXPECT_EQ(slow_runs + quick_runs, 0);
  EXPECT_EQ(second.remembered(), 1);
}

TEST_F(Tune, MeasuresAgainWhenTheParametersDiffer) {
  Tuner first(path_);
  chosen(first);
  first.save();
  params_.unused = 1;
  Tuner second(path_);
  chosen(second);
  EXPECT_EQ(second.measured(), 1);
}

TEST_F(Tune, TreatsABrokenCacheAsEmptyAndReplacesIt) {
  for (const std::string text :
       {"", "{", "[]", R"({"version":"x","processors":{}})", R"({"version":1,"processors":[]})"}) {
    std::filesystem::create_directories(folder_ + "/below");
    write_file(path_, std::as_bytes(std::span(text)));
    Tuner tuner(path_);
    EXPECT_EQ(chosen(tuner), "quick") << text;
    EXPECT_EQ(tuner.measured(), 1) << text;
    tuner.save();
    Tuner again(path_);
    chosen(again);
    EXPECT_EQ(again.remembered(), 1) << text;
  }
}

TEST_F(Tune, NeverMeasuresTheReferenceBesideAnotherRow) {
  RowRequest two = request();
  two.rows = {&kRows[0], &kRows[3]};
  std::string why;
  Tuner tuner(path_);
  EXPECT_STREQ(tuner.choose(two, &why).name, "slow");
  EXPECT_EQ(quick_runs, 0);
}

}  // namespace
}  // namespace mote::driver
