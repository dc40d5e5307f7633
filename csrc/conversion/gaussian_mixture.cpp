#include "conversion/gaussian_mixture.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "base/checks.h"
#include "base/parallel.h"
#include "conversion/triangular.h"
#include "kernels/dispatch.h"

namespace wavenet {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
constexpr std::size_t kStrip = 4 * kPanel;  // rows whose differences stay in the L1 cache
constexpr std::size_t kWhitenedRows = 12;   // rows of W at a time: as many inputs as the last needs

}  // namespace

MixtureDensity::MixtureDensity(const MixtureView& mixture, std::size_t dimensions,
                               const double* offset, std::size_t threads)
    : kernels_(&wavenet::kernels()),
      dimensions_(dimensions),
      width_(padded(dimensions)),
      components_(mixture.components) {
  parallel_for(mixture.components, threads,
               [&](std::size_t m) { components_[m] = pack(mixture, m, offset); });
}

MixtureDensity::Component MixtureDensity::pack(const MixtureView& mixture, std::size_t m,
                                               const double* offset) const {
  const double* covariance = mixture.covariances + m * mixture.size * mixture.size;
  const std::vector<double> lower = cholesky(covariance, dimensions_, mixture.size);
  require(!lower.empty(), "the covariance of component ", m, " is not positive definite");
  const std::vector<double> inverse = inverse_of_lower(lower, dimensions_);
  Component component;
  component.constant = std::log(mixture.weights[m]) -
                       0.5 * static_cast<double>(dimensions_) * std::log(2.0 * std::numbers::pi);
  component.centre.assign(width_, 0.0f);
  for (std::size_t i = 0; i < dimensions_; ++i) {
    component.constant -= std::log(lower[i * dimensions_ + i]);
    component.centre[i] = static_cast<float>(mixture.means[m * mixture.size + i] - offset[i]);
  }
  component.whiten.assign(inverse.begin(), inverse.end());
  return component;
}

void MixtureDensity::whiten(const Component& component, std::size_t dimensions, std::size_t count,
                            Scratch& scratch) const {
  const std::size_t panels = count / kPanel;
  scratch.norms.assign(count, 0.0f);
  scratch.whitened.resize(kWhitenedRows * count);
  for (std::size_t first = 0; first < dimensions; first += kWhitenedRows) {
    const std::size_t rows = std::min(kWhitenedRows, dimensions - first);
    std::fill_n(scratch.whitened.begin(), rows * count, 0.0f);
    kernels_->float32.accumulate(
        {scratch.differences.data(), first + rows, panels, panels, nullptr, nullptr},
        component.whiten.data() + first * dimensions_, dimensions_ * sizeof(float),
        scratch.whitened.data(), count, rows);
    kernels_->mixture.add_squares(scratch.whitened.data(), rows, count, scratch.norms.data());
  }
}

void MixtureDensity::begin(const float* x, std::size_t count, Scratch& scratch) const {
  const std::size_t dimensions = std::min(kPanel, dimensions_);
  const std::size_t strips = (count + kStrip - 1) / kStrip;
  const std::size_t lanes = strips * kStrip;
  scratch.first.assign(dimensions * lanes, 0.0f);
  for (std::size_t r = 0; r < count; ++r) {
    float* column = scratch.first.data() + r / kStrip * kStrip * dimensions + r % kStrip;
    for (std::size_t i = 0; i < dimensions; ++i) column[i * kStrip] = x[r * width_ + i];
  }
  scratch.partial.resize(components_.size() * lanes);
  scratch.best.assign(lanes, -std::numeric_limits<float>::infinity());
  scratch.leaders.assign(lanes, 0);
  scratch.differences.resize(dimensions * kStrip);
  for (std::size_t m = 0; m < components_.size(); ++m) {
    const Component& component = components_[m];
    const auto constant = static_cast<float>(component.constant);
    const auto number = static_cast<std::int32_t>(m);
    for (std::size_t start = 0; start < lanes; start += kStrip) {
      kernels_->mixture.subtract_from_rows(scratch.first.data() + start * dimensions, kStrip,
                                           component.centre.data(), dimensions, kStrip,
                                           scratch.differences.data());
      whiten(component, dimensions, kStrip, scratch);
      const float* norms = scratch.norms.data();
      float* partial = scratch.partial.data() + m * lanes + start;
      float* best = scratch.best.data() + start;
      std::int32_t* leaders = scratch.leaders.data() + start;
      for (std::size_t r = 0; r < kStrip; ++r) {
        partial[r] = constant - 0.5f * norms[r];
        leaders[r] = partial[r] > best[r] ? number : leaders[r];
        best[r] = partial[r] > best[r] ? partial[r] : best[r];
      }
    }
  }
}

void MixtureDensity::finish(std::size_t m, const float* x, const std::vector<std::uint32_t>& rows,
                            std::vector<LogJoint>& out, Scratch& scratch) const {
  const Component& component = components_[m];
  for (std::size_t start = 0; start < rows.size(); start += kStrip) {
    const std::size_t count = std::min(kStrip, rows.size() - start);
    const std::size_t lanes = padded(count);
    scratch.differences.assign(dimensions_ * lanes, 0.0f);
    for (std::size_t k = 0; k < count; ++k) {
      const float* row = x + rows[start + k] * width_;
      float* column = scratch.differences.data() + k;
      for (std::size_t i = 0; i < dimensions_; ++i) {
        column[i * lanes] = row[i] - component.centre[i];
      }
    }
    whiten(component, dimensions_, lanes, scratch);
    for (std::size_t k = 0; k < count; ++k) {
      const double value = component.constant - 0.5 * static_cast<double>(scratch.norms[k]);
      out.push_back({static_cast<std::uint32_t>(m), rows[start + k], value});
    }
  }
}

// First all components by their first dimensions alone; then, for each row, the one that leads by
// them in full, which bounds the row's largest; then those that are not yet surely behind.
void MixtureDensity::log_joints(const float* x, std::size_t count, double margin,
                                std::vector<LogJoint>& out, Scratch& scratch) const {
  begin(x, count, scratch);
  const std::size_t lanes = scratch.best.size();
  scratch.led.assign(components_.size(), {});
  for (std::size_t r = 0; r < count; ++r) {
    scratch.led[static_cast<std::size_t>(scratch.leaders[r])].push_back(
        static_cast<std::uint32_t>(r));
  }
  const std::size_t first = out.size();
  for (std::size_t m = 0; m < components_.size(); ++m) finish(m, x, scratch.led[m], out, scratch);
  for (std::size_t i = first; i < out.size(); ++i) {
    // Rounding of single precision must not give up a component too early.
    const double bound = out[i].value - margin - 1e-3 * (1.0 + std::abs(out[i].value));
    scratch.best[out[i].row] = static_cast<float>(bound);
  }
  for (std::size_t m = 0; m < components_.size(); ++m) {
    scratch.left.clear();
    const float* partial = scratch.partial.data() + m * lanes;
    const auto number = static_cast<std::int32_t>(m);
    for (std::size_t r = 0; r < count; ++r) {
      if (partial[r] >= scratch.best[r] && scratch.leaders[r] != number) {
        scratch.left.push_back(static_cast<std::uint32_t>(r));
      }
    }
    finish(m, x, scratch.left, out, scratch);
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
    density.log_joints(rows.data(), count, -kNever, joints, scratch);
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
