#include "conversion/mixture_trajectory.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace wavenet {
namespace {

constexpr double kNegligible = 1e-12;  // posterior probability

// The components that matter at each frame, with their conditional means.
class ActiveComponents {
 public:
  ActiveComponents(const ConditionalMixture& mixture, std::size_t features)
      : mixture_(mixture), features_(features), starts_{0} {
    std::vector<double> mean(features);
    for (std::size_t t = 0; t < mixture.frames; ++t) {
      const double* posterior = mixture.posteriors + t * mixture.components;
      const std::size_t top =
          std::max_element(posterior, posterior + mixture.components) - posterior;
      for (std::size_t m = 0; m < mixture.components; ++m) {
        if (posterior[m] <= kNegligible && m != top) continue;
        if (m == top) tops_.push_back(components_.size());
        components_.push_back(m);
        log_priors_.push_back(std::log(posterior[m]));
        append_mean(t, m);
      }
      starts_.push_back(components_.size());
    }
    log_scales_.resize(mixture.components);
    for (std::size_t m = 0; m < mixture.components; ++m) {
      for (std::size_t i = 0; i < features; ++i) {
        log_scales_[m] -= 0.5 * std::log(2.0 * std::numbers::pi * variances(m)[i]);
      }
    }
  }

  // Places of frame t's components; the most probable one's place.
  std::size_t begin(std::size_t t) const { return starts_[t]; }
  std::size_t end(std::size_t t) const { return starts_[t + 1]; }
  std::size_t top(std::size_t t) const { return tops_[t]; }

  const double* mean(std::size_t place) const { return means_.data() + place * features_; }
  const double* variance(std::size_t place) const { return variances(components_[place]); }

  // Log of prior times density of the component at a place, for the features Y.
  double log_joint(std::size_t place, const double* Y) const {
    double distance = 0.0;
    for (std::size_t i = 0; i < features_; ++i) {
      const double difference = Y[i] - mean(place)[i];
      distance += difference * difference / variance(place)[i];
    }
    return log_priors_[place] + log_scales_[components_[place]] - 0.5 * distance;
  }

 private:
  const double* variances(std::size_t m) const { return mixture_.variances + m * features_; }

  void append_mean(std::size_t t, std::size_t m) {
    poll_.after(features_ * mixture_.sources);
    const double* x = mixture_.x + t * mixture_.sources;
    const double* slope = mixture_.slopes + m * features_ * mixture_.sources;
    for (std::size_t i = 0; i < features_; ++i, slope += mixture_.sources) {
      double sum = mixture_.biases[m * features_ + i];
      for (std::size_t s = 0; s < mixture_.sources; ++s) sum += slope[s] * x[s];
      means_.push_back(sum);
    }
  }

  const ConditionalMixture& mixture_;
  std::size_t features_;
  std::vector<std::size_t> starts_, tops_, components_;
  std::vector<double> log_priors_, log_scales_, means_;
  Poll poll_;
};

// Adds the frame whose components have the log joint probabilities given, less a constant; returns
// the log of their sum.
double weigh_components(const TrajectoryLayout& layout, const ActiveComponents& active,
                        std::size_t t, const std::vector<double>& log_joints,
                        std::vector<double>& source) {
  const double top = *std::max_element(log_joints.begin(), log_joints.end());
  double total = 0.0;
  for (double joint : log_joints) total += std::exp(joint - top);
  std::fill(source.begin(), source.end(), 0.0);
  const std::size_t d = layout.dimensions(), windows = layout.features() / d;
  for (std::size_t p = active.begin(t); p < active.end(t); ++p) {
    const double weight = std::exp(log_joints[p - active.begin(t)] - top) / total;
    for (std::size_t i = 0; i < layout.features(); ++i) {
      const double precision = weight / active.variance(p)[i];
      const std::size_t place = i / d * layout.lanes() + i % d;
      source[place] += precision;
      source[windows * layout.lanes() + place] += precision * active.mean(p)[i];
    }
  }
  return top + std::log(total);
}

}  // namespace

std::vector<double> mixture_trajectory(const TrajectoryLayout& layout,
                                       const ConditionalMixture& mixture, std::size_t iterations,
                                       double* y) {
  const std::size_t frames = mixture.frames;
  const ActiveComponents active(mixture, layout.features());
  TrajectorySystem system(layout, frames);
  for (std::size_t t = 0; t < frames; ++t) {
    system.add(t, active.mean(active.top(t)), active.variance(active.top(t)));
  }
  system.solve(y);
  std::vector<double> history, log_joints, Y(layout.features()), source(layout.source_size());
  Poll poll;
  for (std::size_t iteration = 0; iteration <= iterations; ++iteration) {
    system.clear();
    double sum = 0.0;
    for (std::size_t t = 0; t < frames; ++t) {
      layout.apply(y, layout.dimensions(), t, frames, Y.data());
      log_joints.clear();
      for (std::size_t p = active.begin(t); p < active.end(t); ++p) {
        log_joints.push_back(active.log_joint(p, Y.data()));
      }
      poll.after((active.end(t) - active.begin(t)) * layout.features());
      sum += weigh_components(layout, active, t, log_joints, source);
      system.add(t, source.data());
    }
    history.push_back(sum / static_cast<double>(frames));
    if (iteration < iterations) system.solve(y);
  }
  return history;
}

}  // namespace wavenet
