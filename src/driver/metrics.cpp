#include "driver/metrics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"

namespace mote::driver {
namespace {

int64_t argmax(std::span<const double> row) {
  return std::max_element(row.begin(), row.end()) - row.begin();
}

std::span<const double> row_of(const std::vector<double>& values, int64_t row, int64_t width) {
  return std::span(values).subspan(static_cast<size_t>(row * width), static_cast<size_t>(width));
}

struct Labels {
  std::vector<int64_t> truth;      // class of each row
  std::vector<int64_t> predicted;  // likewise
  int64_t classes = 2;
};

// The truth as class numbers, one a row of scores.
std::vector<int64_t> true_classes(const Predictions& p, int64_t rows) {
  const auto n = static_cast<int64_t>(p.truth.size());
  const bool one_hot = p.classes > 1 && n == rows * p.classes;
  if (!one_hot && n != rows) {
    fail_user("there are {} true values for {} rows of {} scores; expected {} class numbers{}", n,
              rows, p.classes, rows, p.classes > 1 ? " or one-hot rows" : "");
  }
  std::vector<int64_t> classes;
  for (int64_t i = 0; i < rows; ++i) {
    if (one_hot) {
      classes.push_back(argmax(row_of(p.truth, i, p.classes)));
      continue;
    }
    const double label = p.truth[static_cast<size_t>(i)];
    if (p.classes == 1) {
      classes.push_back(label > 0.5 ? 1 : 0);
      continue;
    }
    if (label != std::floor(label) || label < 0 || label >= static_cast<double>(p.classes)) {
      fail_user("true value {} is not a class from 0 to {}", label, p.classes - 1);
    }
    classes.push_back(static_cast<int64_t>(label));
  }
  return classes;
}

Labels labels_of(const Predictions& p) {
  const int64_t rows = static_cast<int64_t>(p.scores.size()) / p.classes;
  Labels labels{true_classes(p, rows), {}, std::max<int64_t>(p.classes, 2)};
  for (int64_t i = 0; i < rows; ++i) {
    const auto row = row_of(p.scores, i, p.classes);
    labels.predicted.push_back(p.classes == 1 ? (row[0] > 0.5 ? 1 : 0) : argmax(row));
  }
  return labels;
}

double accuracy(const Labels& labels) {
  int64_t right = 0;
  for (size_t i = 0; i < labels.truth.size(); ++i) right += labels.truth[i] == labels.predicted[i];
  return static_cast<double>(right) / static_cast<double>(labels.truth.size());
}

double f1_of(const Labels& labels, int64_t label) {
  int64_t both = 0;
  int64_t either = 0;  // 2 TP + FP + FN
  for (size_t i = 0; i < labels.truth.size(); ++i) {
    const bool truth = labels.truth[i] == label;
    const bool predicted = labels.predicted[i] == label;
    both += truth && predicted;
    either += (truth ? 1 : 0) + (predicted ? 1 : 0);
  }
  return either == 0 ? 0 : 2.0 * static_cast<double>(both) / static_cast<double>(either);
}

double f1(const Labels& labels) {
  if (labels.classes == 2) return f1_of(labels, 1);
  double sum = 0;
  for (int64_t c = 0; c < labels.classes; ++c) sum += f1_of(labels, c);
  return sum / static_cast<double>(labels.classes);
}

// Area under the curve from the positives' ranks (Mann-Whitney), ties at their mean rank.
double auc_of(const std::vector<double>& scores, const std::vector<bool>& positive) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] < scores[b]; });
  double rank_sum = 0;
  double positives = 0;
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin;
    while (end < order.size() && scores[order[end]] == scores[order[begin]]) ++end;
    const double rank = (static_cast<double>(begin + end) + 1) / 2;
    for (size_t i = begin; i < end; ++i) {
      if (!positive[order[i]]) continue;
      rank_sum += rank;
      positives += 1;
    }
    begin = end;
  }
  const double negatives = static_cast<double>(scores.size()) - positives;
  if (positives == 0 || negatives == 0) {
    fail_user("the area under the curve needs samples of both kinds; the data has only one");
  }
  return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

double auc(const Predictions& p) {
  const int64_t rows = static_cast<int64_t>(p.scores.size()) / p.classes;
  const std::vector<int64_t> truth = true_classes(p, rows);
  double sum = 0;
  int64_t curves = 0;
  for (int64_t c = 0; c < p.classes; ++c) {
    if (p.classes == 2 && c == 0) continue;
    const int64_t label = p.classes == 1 ? 1 : c;
    std::vector<double> scores;
    std::vector<bool> positive;
    for (int64_t i = 0; i < rows; ++i) {
      scores.push_back(row_of(p.scores, i, p.classes)[static_cast<size_t>(c)]);
      positive.push_back(truth[static_cast<size_t>(i)] == label);
    }
    sum += auc_of(scores, positive);
    ++curves;
  }
  return sum / static_cast<double>(curves);
}

double mean_error(const Predictions& p, bool squared) {
  if (p.truth.size() != p.scores.size()) {
    fail_user("there are {} true values for {} outputs", p.truth.size(), p.scores.size());
  }
  double sum = 0;
  for (size_t i = 0; i < p.truth.size(); ++i) {
    const double error = p.scores[i] - p.truth[i];
    sum += squared ? error * error : std::fabs(error);
  }
  return sum / static_cast<double>(p.truth.size());
}

}  // namespace

void Difference::add(std::span<const double> reference, std::span<const double> candidate,
                     int64_t row) {
  if (reference.size() != candidate.size()) {
    fail_user("{} elements against {}", reference.size(), candidate.size());
  }
  for (size_t i = 0; i < reference.size(); ++i) {
    const double a = reference[i];
    const double b = candidate[i];
    ++elements_;
    if (a == b || (std::isnan(a) && std::isnan(b))) {
      ++equal_;
      if (std::isfinite(a)) signal_ += a * a;
    } else if (!std::isfinite(a) || !std::isfinite(b)) {
      ++non_finite_;
    } else {
      max_abs_error_ = std::max(max_abs_error_, std::fabs(a - b));
      noise_ += (a - b) * (a - b);
      signal_ += a * a;
    }
  }
  if (row < 2) return;
  for (size_t at = 0; at + static_cast<size_t>(row) <= reference.size();
       at += static_cast<size_t>(row)) {
    ++rows_;
    rows_agree_ += argmax(reference.subspan(at, static_cast<size_t>(row))) ==
                   argmax(candidate.subspan(at, static_cast<size_t>(row)));
  }
}

double Difference::rmse() const {
  return elements_ == 0 ? 0 : std::sqrt(noise_ / static_cast<double>(elements_));
}

std::optional<double> Difference::sqnr_db() const {
  if (noise_ == 0 || signal_ == 0) return std::nullopt;
  return 10 * std::log10(signal_ / noise_);
}

std::optional<double> Difference::top1_agreement() const {
  if (rows_ == 0) return std::nullopt;
  return static_cast<double>(rows_agree_) / static_cast<double>(rows_);
}

std::string_view name_of(Metric metric) { return kMetricNames[static_cast<size_t>(metric)]; }

Metric parse_metric(std::string_view name) {
  for (size_t i = 0; i < std::size(kMetricNames); ++i) {
    if (kMetricNames[i] == name) return static_cast<Metric>(i);
  }
  fail_user("no metric '{}'; there are accuracy, auc, mae, mse, f1", name);
}

double evaluate_metric(Metric metric, const Predictions& predictions) {
  if (predictions.scores.empty()) fail_user("there is nothing to evaluate: no samples");
  switch (metric) {
    case Metric::accuracy:
      return accuracy(labels_of(predictions));
    case Metric::auc:
      return auc(predictions);
    case Metric::mae:
      return mean_error(predictions, false);
    case Metric::mse:
      return mean_error(predictions, true);
    case Metric::f1:
      return f1(labels_of(predictions));
  }
  fail_internal("metric {}", static_cast<int>(metric));
}

}  // namespace mote::driver
