// How far two arrays are apart, and how good predictions are.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "driver/tensor.h"

namespace mote::driver {

// Accumulates over samples. All values are real ones (dequantized).
class Difference {
 public:
  // `row`: how many elements a row has (the last extent): top-1 agreement compares the largest
  // element of each.
  void add(std::span<const double> reference, std::span<const double> candidate, int64_t row);

  double max_abs_error() const { return max_abs_error_; }
  double rmse() const;
  // 10 log10(signal / noise); empty if the two are equal, or the signal is zero.
  std::optional<double> sqnr_db() const;
  // The fraction of rows whose largest element is the same one; empty if rows have one element.
  std::optional<double> top1_agreement() const;
  // Elements where one is finite and the other is not, or both are not and differ.
  int64_t non_finite() const { return non_finite_; }
  int64_t elements() const { return elements_; }
  // Elements that are exactly equal.
  int64_t equal() const { return equal_; }

 private:
  double max_abs_error_ = 0;
  double noise_ = 0;   // sum of squared errors
  double signal_ = 0;  // sum of squared reference values
  int64_t elements_ = 0;
  int64_t equal_ = 0;
  int64_t non_finite_ = 0;
  int64_t rows_ = 0;
  int64_t rows_agree_ = 0;
};

enum class Metric : uint8_t { accuracy, auc, mae, mse, f1 };
std::string_view name_of(Metric metric);
// Throws a user Error that lists them if there is none of that name.
Metric parse_metric(std::string_view name);
inline constexpr std::string_view kMetricNames[] = {"accuracy", "auc", "mae", "mse", "f1"};

// Predictions and truth of all samples, end to end.
struct Predictions {
  std::vector<double> scores;  // rows x classes
  int64_t classes = 1;         // the output's last extent
  std::vector<double> truth;   // as given: class numbers, one-hot rows, or targets
};

//   accuracy  fraction of rows whose largest score is the true class; with one score a row, whether
//             score > 0.5 agrees with truth > 0.5
//   auc       area under the ROC curve, ties counted half; of several classes the mean of each
//             against the rest (two scores a row: of the second)
//   mae, mse  mean absolute, mean squared error over all elements
//   f1        2 TP / (2 TP + FP + FN) of class 1; of more than two classes the mean over classes
// Throws a user Error if the truth does not fit the scores.
double evaluate_metric(Metric metric, const Predictions& predictions);

}  // namespace mote::driver
