#include "driver/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "base/result.h"

namespace mote::driver {
namespace {

// Values of scikit-learn: tests/fixtures/driver/make_metrics.py.
TEST(Metrics, AgreeWithScikitLearn) {
  std::ifstream file(MOTE_SOURCE_DIR "/tests/fixtures/driver/metrics.txt");
  std::string line;
  int cases = 0;
  while (std::getline(file, line)) {
    std::istringstream words(line);
    std::string name;
    double value = 0;
    Predictions p;
    words >> name >> p.classes >> value;
    std::vector<double>* list = &p.scores;
    for (std::string word; words >> word;) {
      if (word == "|") {
        list = &p.truth;
      } else {
        list->push_back(std::stod(word));
      }
    }
    EXPECT_NEAR(evaluate_metric(parse_metric(name), p), value, 1e-7) << line.substr(0, 30);
    ++cases;
  }
  EXPECT_EQ(cases, 17);
}

TEST(Metrics, RefusesTruthThatDoesNotFit) {
  const auto message = [](Metric metric, const Predictions& p) {
    const auto result = capture([&] { return evaluate_metric(metric, p); });
    return result ? "" : result.error().message;
  };
  EXPECT_NE(message(Metric::accuracy, {{1, 2, 3, 4}, 2, {0}}).find("1 true values for 2 rows"),
            std::string::npos);
  EXPECT_EQ(message(Metric::accuracy, {{1, 2, 3, 4}, 2, {0, 2}}),
            "true value 2 is not a class from 0 to 1");
  EXPECT_NE(message(Metric::auc, {{0.1, 0.2}, 1, {1, 1}}).find("both kinds"), std::string::npos);
  EXPECT_NE(message(Metric::mse, {{0.1, 0.2}, 1, {1}}), "");
  EXPECT_NE(message(Metric::mse, {{}, 1, {}}), "");
}

TEST(Difference, AgreesWithHandCountedValues) {
  Difference d;
  d.add(std::vector<double>{1, 2, 3, 4}, std::vector<double>{1, 2, 3.5, 2}, 2);
  // Errors 0, 0, 0.5, -2: noise 4.25, signal 30.
  EXPECT_EQ(d.max_abs_error(), 2);
  EXPECT_DOUBLE_EQ(d.rmse(), std::sqrt(4.25 / 4));
  EXPECT_DOUBLE_EQ(d.sqnr_db().value(), 10 * std::log10(30 / 4.25));
  EXPECT_DOUBLE_EQ(d.top1_agreement().value(), 0.5);
  EXPECT_EQ(d.equal(), 2);
}

TEST(Difference, SaysWhenOneSideIsNotFinite) {
  Difference d;
  d.add(std::vector<double>{NAN, INFINITY, 1, INFINITY}, std::vector<double>{NAN, 1, NAN, INFINITY},
        1);
  EXPECT_EQ(d.non_finite(), 2);
  EXPECT_EQ(d.equal(), 2);
  EXPECT_FALSE(d.sqnr_db());
  EXPECT_FALSE(d.top1_agreement());
}

}  // namespace
}  // namespace mote::driver
