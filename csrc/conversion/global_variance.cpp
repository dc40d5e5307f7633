#include "conversion/global_variance.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/interrupt.h"

namespace wavenet {
namespace {

// Over frames, for each dimension: sum of a[t] * b[t].
void dot(const std::vector<double>& a, const std::vector<double>& b, std::vector<double>& sums) {
  std::fill(sums.begin(), sums.end(), 0.0);
  const std::size_t d = sums.size();
  for (std::size_t t = 0; t < a.size(); t += d) {
    for (std::size_t k = 0; k < d; ++k) sums[k] += a[t + k] * b[t + k];
  }
}

// Takes from every dimension its mean over frames.
void centre(const double* y, std::size_t frames, std::size_t d, std::vector<double>& centred) {
  std::vector<double> means(d);
  for (std::size_t t = 0; t < frames; ++t) {
    for (std::size_t k = 0; k < d; ++k) means[k] += y[t * d + k] / static_cast<double>(frames);
  }
  centred.resize(frames * d);
  for (std::size_t t = 0; t < frames; ++t) {
    for (std::size_t k = 0; k < d; ++k) centred[t * d + k] = y[t * d + k] - means[k];
  }
}

// The criterion less its value at the start, along a line: with x the length of the step,
// linear x - square x^2 / 2 - precision ((excess + 2 slope x + spread x^2)^2 - excess^2) / 2.
struct Line {
  double linear, square;                    // of the features' likelihood
  double precision, excess, slope, spread;  // of the variance's

  double rise(double x) const {
    const double more = x * (2.0 * slope + spread * x);
    return x * (linear - 0.5 * square * x) - 0.5 * precision * more * (2.0 * excess + more);
  }

  // The best x: one of the roots of the derivative, a x^3 + b x^2 + c x + e.
  double best() const {
    const double a = -2.0 * precision * spread * spread;
    const double b = -6.0 * precision * slope * spread;
    const double c = -square - 2.0 * precision * (2.0 * slope * slope + spread * excess);
    const double e = linear - 2.0 * precision * slope * excess;
    double best = 0.0;
    for (double x : roots(a, b, c, e)) {
      for (int polish = 0; polish < 2; ++polish) {
        const double steepness = (3.0 * a * x + 2.0 * b) * x + c;
        if (steepness != 0.0) x -= (((a * x + b) * x + c) * x + e) / steepness;
      }
      if (std::isfinite(x) && rise(x) > rise(best)) best = x;
    }
    return best;
  }

 private:
  static std::vector<double> roots(double a, double b, double c, double e) {
    if (a == 0.0) return c == 0.0 ? std::vector<double>{} : std::vector<double>{-e / c};
    const double shift = b / (3.0 * a);
    const double p = c / a - 3.0 * shift * shift;
    const double q = shift * (2.0 * shift * shift - c / a) + e / a;
    const double discriminant = q * q / 4.0 + p * p * p / 27.0;
    if (discriminant > 0.0) {
      const double u = std::cbrt(-q / 2.0 + std::copysign(std::sqrt(discriminant), -q));
      return {u - (u == 0.0 ? 0.0 : p / (3.0 * u)) - shift};
    }
    const double radius = 2.0 * std::sqrt(-p / 3.0);
    if (radius == 0.0) return {-shift};
    const double angle = std::acos(std::clamp(3.0 * q / (p * radius), -1.0, 1.0)) / 3.0;
    std::vector<double> all;
    for (int k = 0; k < 3; ++k) {
      all.push_back(radius * std::cos(angle - 2.0 * std::numbers::pi * k / 3.0) - shift);
    }
    return all;
  }
};

}  // namespace

GlobalVarianceCriterion::GlobalVarianceCriterion(const TrajectoryLayout& layout,
                                                 const TrajectorySystem& equations,
                                                 std::size_t frames,
                                                 const GlobalVariance& statistics, double weight)
    : frames_(frames),
      dimensions_(layout.dimensions()),
      statistics_(statistics),
      weight_(weight),
      span_(layout.span()),
      band_((span_ + 1) * frames * dimensions_),
      right_(frames * dimensions_) {
  Poll poll;
  for (std::size_t t = 0; t < frames; ++t) {
    poll.after(layout.stride());
    for (std::size_t k = 0; k <= span_; ++k) {
      std::copy_n(equations.row(t) + k * layout.lanes(), dimensions_,
                  band_.data() + (k * frames + t) * dimensions_);
    }
    std::copy_n(equations.row(t) + (span_ + 1) * layout.lanes(), dimensions_,
                right_.data() + t * dimensions_);
  }
}

void GlobalVarianceCriterion::multiply(const double* y, double* product) const {
  const std::size_t d = dimensions_, size = frames_ * d;
  for (std::size_t i = 0; i < size; ++i) product[i] = band_[i] * y[i];
  for (std::size_t k = 1; k <= span_ && k < frames_; ++k) {
    poll_interrupt();
    const double* diagonal = band_.data() + k * size;
    for (std::size_t i = 0; i < size - k * d; ++i) {
      product[i] += diagonal[i] * y[i + k * d];
      product[i + k * d] += diagonal[i] * y[i];
    }
  }
}

void GlobalVarianceCriterion::evaluate(const double* y, double* values, double* gradient) const {
  const std::size_t d = dimensions_;
  const double count = static_cast<double>(frames_);
  std::vector<double> centred, variances(d);
  centre(y, frames_, d, centred);
  dot(centred, centred, variances);
  for (double& v : variances) v /= count;
  multiply(y, gradient);
  for (std::size_t k = 0; k < d; ++k) {
    const double excess = variances[k] - statistics_.mean[k];
    values[k] = -0.5 * excess * excess / statistics_.variance[k];
    const double pull = 2.0 / count * excess / statistics_.variance[k];
    for (std::size_t i = k; i < frames_ * d; i += d) {
      values[k] += weight_ * y[i] * (right_[i] - 0.5 * gradient[i]);
      gradient[i] = weight_ * (right_[i] - gradient[i]) - pull * centred[i];
    }
  }
}

// The state of a climb: the gradient at y, and the direction of the next step.
class GlobalVarianceCriterion::Climb {
 public:
  Climb(const GlobalVarianceCriterion& criterion, double* y)
      : criterion_(criterion),
        y_(y),
        size_(criterion.frames_ * criterion.dimensions_),
        values_(criterion.dimensions_),
        lengths_(criterion.dimensions_),
        gradient_(size_),
        direction_(size_),
        product_(size_) {
    criterion_.evaluate(y_, values_.data(), gradient_.data());
    dot(gradient_, gradient_, lengths_);
    direction_ = gradient_;
  }

  double value() const { return std::accumulate(values_.begin(), values_.end(), 0.0); }

  // Goes to the best point along the direction.
  void step() {
    const std::size_t d = criterion_.dimensions_;
    const std::vector<Line> all = lines();
    for (std::size_t k = 0; k < d; ++k) {
      const double length = all[k].best();
      for (std::size_t i = k; i < size_; i += d) y_[i] += length * direction_[i];
    }
    before_ = gradient_;
    criterion_.evaluate(y_, values_.data(), gradient_.data());
  }

  // Takes Polak and Ribiere's direction, or the gradient where that would lead down.
  void turn() {
    const std::size_t d = criterion_.dimensions_;
    std::vector<double> changes(d);
    const std::vector<double> lengths_before = lengths_;
    dot(gradient_, before_, changes);
    dot(gradient_, gradient_, lengths_);
    for (std::size_t k = 0; k < d; ++k) {
      const double change = lengths_[k] - changes[k];
      const double keep = lengths_before[k] > 0.0 ? std::max(0.0, change / lengths_before[k]) : 0.0;
      double ascent = 0.0;
      for (std::size_t i = k; i < size_; i += d) {
        direction_[i] = gradient_[i] + keep * direction_[i];
        ascent += direction_[i] * gradient_[i];
      }
      if (ascent > 0.0) continue;
      for (std::size_t i = k; i < size_; i += d) direction_[i] = gradient_[i];
    }
  }

 private:
  // The criterion along the direction, of each dimension.
  std::vector<Line> lines() {
    const std::size_t d = criterion_.dimensions_;
    const double count = static_cast<double>(criterion_.frames_), weight = criterion_.weight_;
    std::vector<double> linear(d), square(d), variance(d), slope(d), spread(d);
    criterion_.multiply(y_, product_.data());
    for (std::size_t i = 0; i < size_; ++i) product_[i] = criterion_.right_[i] - product_[i];
    dot(product_, direction_, linear);
    criterion_.multiply(direction_.data(), product_.data());
    dot(product_, direction_, square);
    centre(y_, criterion_.frames_, d, centred_);
    centre(direction_.data(), criterion_.frames_, d, centred_direction_);
    dot(centred_, centred_, variance);
    dot(centred_, centred_direction_, slope);
    dot(centred_direction_, centred_direction_, spread);
    std::vector<Line> lines;
    const GlobalVariance& target = criterion_.statistics_;
    for (std::size_t k = 0; k < d; ++k) {
      lines.push_back({weight * linear[k], weight * square[k], 1.0 / target.variance[k],
                       variance[k] / count - target.mean[k], slope[k] / count, spread[k] / count});
    }
    return lines;
  }

  const GlobalVarianceCriterion& criterion_;
  double* y_;
  std::size_t size_;
  std::vector<double> values_, lengths_;  // by dimension; squared lengths of the gradient
  std::vector<double> gradient_, before_, direction_, product_, centred_, centred_direction_;
};

std::vector<double> GlobalVarianceCriterion::climb(double* y, std::size_t iterations,
                                                   double tolerance) const {
  Climb climb(*this, y);
  std::vector<double> history{climb.value()};
  for (std::size_t iteration = 0; iteration < iterations; ++iteration) {
    poll_interrupt();
    climb.step();
    history.push_back(climb.value());
    const double rise = history.back() - history[history.size() - 2];
    if (rise <= tolerance * std::abs(history.back())) break;
    climb.turn();
  }
  return history;
}

}  // namespace wavenet
