#include "conversion/gaussian_mixture.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/checks.h"
#include "base/parallel.h"
#include "conversion/triangular.h"
#include "kernels/dispatch.h"

namespace wavenet {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
constexpr double kMostAmplification = 4000.0;  // of the rounding of single precision, 6e-8

// Where a panel of W begins, and what all panels before it need.
std::size_t cells_before(std::size_t panel) { return kPanel * kPanel * panel * (panel + 1) / 2; }

// The least of some numbers c with c * before - after positive definite; infinity where none is.
// Distances by `after` are then at least 1 / c of those by `before`.
double covariance_growth(const double* before, const double* after, std::size_t size) {
  constexpr double kGrowths[] = {1.01, 1.03, 1.06, 1.1, 1.15, 1.22, 1.33, 1.5, 2.0, 4.0};
  std::vector<double> rest(size * size);
  const auto holds = [&](double growth) {
    for (std::size_t i = 0; i < rest.size(); ++i) rest[i] = growth * before[i] - after[i];
    return Cholesky(rest.data(), size, size).positive_definite();
  };
  const double* found = std::partition_point(std::begin(kGrowths), std::end(kGrowths),
                                             [&](double growth) { return !holds(growth); });
  return found == std::end(kGrowths) ? std::numeric_limits<double>::infinity() : *found;
}

// With s = growth^-1/2, a norm n becomes at least (s sqrt(n) - move)^2, which is at least
// s^2 n - 2 s move sqrt(n), and sqrt(n) is at most (n / c + c) / 2 for any c.
Drift drift_of(double growth, double move, std::size_t dimensions) {
  const double s = 1.0 / std::sqrt(growth), c = std::sqrt(2.0 * static_cast<double>(dimensions));
  return {static_cast<float>(std::max(0.0, s * s - s * move / c)),
          static_cast<float>(s * move * c)};
}

// Root mean squares of what the mixture says of a row less the offset.
std::vector<double> spread_of(const MixtureView& mixture, std::size_t dimensions,
                              const double* offset) {
  std::vector<double> squares(dimensions, 0.0);
  for (std::size_t m = 0; m < mixture.components; ++m) {
    for (std::size_t i = 0; i < dimensions; ++i) {
      const std::size_t row = m * mixture.size + i;
      const double distance = mixture.means[row] - offset[i];
      const double variance = mixture.covariances[row * mixture.size + i];
      squares[i] += mixture.weights[m] * (variance + distance * distance);
    }
  }
  for (double& square : squares) square = std::sqrt(square);
  return squares;
}

}  // namespace

MixtureDensity::MixtureDensity(const MixtureView& mixture, std::size_t dimensions,
                               const double* offset, std::size_t threads, const MixtureView* before)
    : kernels_(&wavenet::kernels()),
      dimensions_(dimensions),
      width_(padded(dimensions)),
      components_(mixture.components) {
  const std::vector<double> spread = spread_of(mixture, dimensions, offset);
  parallel_for(mixture.components, threads,
               [&](std::size_t m) { components_[m] = pack(mixture, m, offset, spread, before); });
}

MixtureDensity::Component MixtureDensity::pack(const MixtureView& mixture, std::size_t m,
                                               const double* offset,
                                               const std::vector<double>& spread,
                                               const MixtureView* before) const {
  const std::size_t area = mixture.size * mixture.size;
  const Cholesky factor(mixture.covariances + m * area, dimensions_, mixture.size);
  require(factor.positive_definite(), "the covariance of component ", m,
          " is not positive definite");
  const AlignedBuffer<double> inverse = factor.inverse_of_lower(dimensions_);
  const double* mean = mixture.means + m * mixture.size;
  Component component;
  component.constant = std::log(mixture.weights[m]) -
                       0.5 * static_cast<double>(dimensions_) * std::log(2.0 * std::numbers::pi);
  component.centre.assign(width_, 0.0f);
  component.cells.assign(cells_before(width_ / kPanel), 0.0f);
  double amplification = 0.0;
  for (std::size_t i = 0; i < dimensions_; ++i) {
    double sum = 0.0;
    for (std::size_t j = 0; j <= i; ++j) {
      sum += std::abs(inverse[i * factor.stride() + j]) * spread[j];
    }
    amplification = std::max(amplification, sum);
    component.constant -= std::log(factor.lower(i, i));
    component.centre[i] = static_cast<float>(mean[i] - offset[i]);
    const double* row = inverse.data() + i * factor.stride();
    float* cells = component.cells.data() + cells_before(i / kPanel) + i % kPanel;
    for (std::size_t j = 0; j <= i; ++j) cells[j * kPanel] = static_cast<float>(row[j]);
  }
  if (amplification > kMostAmplification) {
    component.mean.assign(mean, mean + dimensions_);
    for (std::size_t j = 0; j < dimensions_; ++j) {
      for (std::size_t i = j; i < dimensions_; ++i) {
        component.columns.push_back(inverse[i * factor.stride() + j]);
      }
    }
  }
  if (before != nullptr) {
    double move = 0.0;  // |W (mean - old mean)|^2
    for (std::size_t i = 0; i < dimensions_; ++i) {
      double sum = 0.0;
      for (std::size_t j = 0; j <= i; ++j) {
        sum += inverse[i * factor.stride() + j] * (mean[j] - before->means[m * mixture.size + j]);
      }
      move += sum * sum;
    }
    const double growth = covariance_growth(before->covariances + m * area,
                                            mixture.covariances + m * area, mixture.size);
    component.drift = drift_of(growth, std::sqrt(move), dimensions_);
  }
  return component;
}

float MixtureDensity::most_norm(std::size_t m, double margin) const {
  return static_cast<float>(margin == -kNever ? margin : 2.0 * (components_[m].constant + margin));
}

void MixtureDensity::append(std::size_t m, std::uint32_t row, double norm,
                            std::vector<LogJoint>& out, Scratch& scratch) const {
  const double value = components_[m].constant - 0.5 * norm;
  out.push_back({static_cast<std::uint32_t>(m), row, value});
  // Rounding of single precision must not give up a component too early.
  const auto bound = static_cast<float>(2.0 * (value - 1e-3 * (1.0 + std::abs(value))));
  scratch.bounds[row] = std::max(scratch.bounds[row], bound);
}

void MixtureDensity::evaluate_exactly(std::size_t m, const double* x, double margin, float* reached,
                                      std::vector<LogJoint>& out, Scratch& scratch) const {
  const Component& component = components_[m];
  for (const std::uint32_t r : scratch.frames) {
    std::vector<double>& y = scratch.distances;
    y.assign(dimensions_, 0.0);
    const double* column = component.columns.data();
    for (std::size_t j = 0; j < dimensions_; ++j) {
      const double difference = x[r * dimensions_ + j] - component.mean[j];
      for (std::size_t i = j; i < dimensions_; ++i) y[i] += *column++ * difference;
    }
    double norm = 0.0;
    for (const double value : y) norm += value * value;
    reached[r] = static_cast<float>(norm);
    if (reached[r] <= most_norm(m, margin) - scratch.bounds[r]) append(m, r, norm, out, scratch);
  }
}

void MixtureDensity::evaluate(std::size_t m, const MixtureRows& x, double margin, float* reached,
                              std::vector<LogJoint>& out, Scratch& scratch) const {
  const Component& component = components_[m];
  if (needs_exact(m)) {
    evaluate_exactly(m, x.exact, margin, reached, out, scratch);
    return;
  }
  MixtureStage stage{};
  stage.data = x.near;
  stage.stride = width_;
  stage.centre = component.centre.data();
  stage.most = most_norm(m, margin);
  stage.bounds = scratch.bounds.data();
  stage.reached = reached;
  scratch.differences.resize(kMixtureStrip * width_);
  MixtureStrip strip{};
  strip.x = scratch.differences.data();
  for (std::size_t start = 0; start < scratch.frames.size(); start += kMixtureStrip) {
    std::size_t count = std::min(kMixtureStrip, scratch.frames.size() - start);
    std::copy_n(scratch.frames.data() + start, count, strip.frames);
    std::fill_n(strip.norms, kMixtureStrip, 0.0f);
    for (std::size_t panel = 0; panel < width_ / kPanel && count > 0; ++panel) {
      stage.cells = component.cells.data() + cells_before(panel);
      stage.panel = panel;
      count = kernels_->mixture.prune(stage, count, strip);
    }
    for (std::size_t k = 0; k < count; ++k) {
      append(m, strip.frames[k], strip.norms[k], out, scratch);
    }
  }
}

// First each row's likely best, which bounds the others.
void MixtureDensity::log_joints(const MixtureRows& x, double margin, const Acquaintance& known,
                                std::vector<LogJoint>& out, Scratch& scratch) const {
  const std::size_t count = x.count;
  scratch.bounds.assign(count, static_cast<float>(kNever));
  std::vector<std::uint32_t>& frames = scratch.frames;
  const auto reached_of = [&](std::size_t m) {
    if (known.reached != nullptr) return known.reached + m * kMixtureBlock;
    scratch.reached.assign(count, 0.0f);
    return scratch.reached.data();
  };
  for (std::size_t m = 0; known.leaders != nullptr && m < components_.size(); ++m) {
    frames.clear();
    for (std::size_t r = 0; r < count; ++r) {
      if (known.leaders[r] == m) frames.push_back(static_cast<std::uint32_t>(r));
    }
    evaluate(m, x, margin, reached_of(m), out, scratch);
  }
  for (std::size_t m = 0; m < components_.size(); ++m) {
    const Drift drift = components_[m].drift;
    float* reached = reached_of(m);
    frames.resize(count);
    frames.resize(kernels_->mixture.candidates(scratch.bounds.data(), count, most_norm(m, margin),
                                               drift.scale, drift.drop, reached, frames.data()));
    if (known.leaders != nullptr) {
      std::erase_if(frames, [&](std::uint32_t r) { return known.leaders[r] == m; });
    }
    evaluate(m, x, margin, reached, out, scratch);
  }
}

std::vector<double> mean_of_means(const MixtureView& mixture, std::size_t dimensions) {
  std::vector<double> mean(dimensions, 0.0);
  for (std::size_t m = 0; m < mixture.components; ++m) {
    for (std::size_t i = 0; i < dimensions; ++i) {
      mean[i] += mixture.weights[m] * mixture.means[m * mixture.size + i];
    }
  }
  return mean;
}

void log_joints_of(const MixtureView& mixture, const double* x, std::size_t frames,
                   std::size_t threads, double* out) {
  const std::vector<double> offset = mean_of_means(mixture, mixture.size);
  const MixtureDensity density(mixture, mixture.size, offset.data(), threads);
  const std::size_t width = density.width();
  parallel_for((frames + kMixtureBlock - 1) / kMixtureBlock, threads, [&](std::size_t b) {
    const std::size_t start = b * kMixtureBlock;
    const std::size_t count = std::min(kMixtureBlock, frames - start);
    AlignedBuffer<float> rows(count * width, 0.0f);
    for (std::size_t r = 0; r < count; ++r) {
      for (std::size_t i = 0; i < mixture.size; ++i) {
        rows[r * width + i] = static_cast<float>(x[(start + r) * mixture.size + i] - offset[i]);
      }
    }
    MixtureDensity::Scratch scratch;
    std::vector<LogJoint> joints;
    const MixtureRows block{rows.data(), x + start * mixture.size, count};
    density.log_joints(block, -kNever, {}, joints, scratch);
    for (const LogJoint& joint : joints) {
      out[(start + joint.row) * mixture.components + joint.component] = joint.value;
    }
  });
}

std::vector<Membership> memberships(const std::vector<LogJoint>& joints, std::size_t count,
                                    double margin, double* log_likelihoods) {
  std::vector<double> best(count, kNever), totals(count, 0.0);
  for (const LogJoint& joint : joints) best[joint.row] = std::max(best[joint.row], joint.value);
  std::vector<Membership> found;
  for (const LogJoint& joint : joints) {
    const double behind = joint.value - best[joint.row];
    if (behind < -margin) continue;
    const double share = std::exp(behind);
    totals[joint.row] += share;
    found.push_back({joint.component, joint.row, static_cast<float>(share)});
  }
  for (Membership& one : found) one.posterior /= static_cast<float>(totals[one.row]);
  for (std::size_t r = 0; r < count; ++r) log_likelihoods[r] = best[r] + std::log(totals[r]);
  return found;
}

}  // namespace wavenet
