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
// Where a panel of W begins, and what all panels before it need.
std::size_t cells_before(std::size_t panel) { return kPanel * kPanel * panel * (panel + 1) / 2; }

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
  component.cells.assign(cells_before(width_ / kPanel), 0.0f);
  for (std::size_t i = 0; i < dimensions_; ++i) {
    float* cells = component.cells.data() + cells_before(i / kPanel) + i % kPanel;
    for (std::size_t j = 0; j <= i; ++j) {
      cells[j * kPanel] = static_cast<float>(inverse[i * dimensions_ + j]);
    }
  }
  return component;
}

void MixtureDensity::evaluate(std::size_t m, const float* x, double margin,
                              std::vector<LogJoint>& out, Scratch& scratch) const {
  const Component& component = components_[m];
  const bool all = margin == -kNever;
  MixtureStage stage{};
  stage.data = x;
  stage.stride = width_;
  stage.centre = component.centre.data();
  stage.most = static_cast<float>(all ? margin : 2.0 * (component.constant + margin));
  stage.bounds = scratch.bounds.data();
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
      const double value = component.constant - 0.5 * static_cast<double>(strip.norms[k]);
      out.push_back({static_cast<std::uint32_t>(m), strip.frames[k], value});
      // Rounding of single precision must not give up a component too early.
      const auto bound = static_cast<float>(2.0 * (value - 1e-3 * (1.0 + std::abs(value))));
      float& known = scratch.bounds[strip.frames[k]];
      known = std::max(known, bound);
    }
  }
}

// First each row's likely best, which bounds the others.
void MixtureDensity::log_joints(const float* x, std::size_t count, double margin,
                                const std::uint32_t* leaders, std::vector<LogJoint>& out,
                                Scratch& scratch) const {
  scratch.bounds.assign(count, static_cast<float>(kNever));
  for (const bool of_leaders : {true, false}) {
    if (of_leaders && leaders == nullptr) continue;
    for (std::size_t m = 0; m < components_.size(); ++m) {
      scratch.frames.resize(count);
      std::size_t chosen = 0;
      for (std::size_t r = 0; r < count; ++r) {
        scratch.frames[chosen] = static_cast<std::uint32_t>(r);
        chosen += leaders == nullptr || (leaders[r] == m) == of_leaders;
      }
      scratch.frames.resize(chosen);
      evaluate(m, x, margin, out, scratch);
    }
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
    density.log_joints(rows.data(), count, -kNever, nullptr, joints, scratch);
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
