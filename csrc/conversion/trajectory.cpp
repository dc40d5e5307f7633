#include "conversion/trajectory.h"

#include <algorithm>
#include <cmath>

#include "base/checks.h"
#include "kernels/dispatch.h"

namespace wavenet {
namespace {

constexpr std::size_t kMostDimensions = std::size_t{1} << 20;
constexpr std::size_t kLanesOfAll = 8;  // a multiple of every instruction set's

// Frame t + offset, held at the ends.
std::size_t held(std::size_t t, std::ptrdiff_t offset, std::size_t frames) {
  const auto place = static_cast<std::ptrdiff_t>(t) + offset;
  return std::clamp<std::ptrdiff_t>(place, 0, static_cast<std::ptrdiff_t>(frames) - 1);
}

bool looks_at_present_only(const std::vector<double>& window) {
  for (std::size_t k = 0; k < window.size(); ++k) {
    if ((window[k] != 0.0) != (k == window.size() / 2)) return false;
  }
  return true;
}

}  // namespace

TrajectoryLayout::TrajectoryLayout(std::vector<std::vector<double>> windows, std::size_t dimensions)
    : windows_(std::move(windows)), dimensions_(dimensions), half_(0) {
  require(!windows_.empty(), "there must be at least one window");
  require(dimensions_ > 0 && dimensions_ <= kMostDimensions, "the trajectory must have from 1 to ",
          kMostDimensions, " dimensions, got ", dimensions_);
  for (std::size_t w = 0; w < windows_.size(); ++w) {
    require(windows_[w].size() % 2 == 1, "window ", w,
            " must have coefficients of odd number, got ", windows_[w].size());
    for (double c : windows_[w]) require(std::isfinite(c), "window ", w, " holds ", c);
    half_ = std::max(half_, windows_[w].size() / 2);
  }
  require(std::any_of(windows_.begin(), windows_.end(), looks_at_present_only),
          "one window must look at the present frame only, such as [1.0]: otherwise no single "
          "trajectory is the best");
  lanes_ = (dimensions_ + kLanesOfAll - 1) / kLanesOfAll * kLanesOfAll;
}

std::vector<TrajectoryTerm> TrajectoryLayout::terms(std::size_t t, std::size_t frames) const {
  std::vector<TrajectoryTerm> terms;
  for (std::size_t w = 0; w < windows_.size(); ++w) {
    const std::vector<double>& window = windows_[w];
    const auto half = static_cast<std::ptrdiff_t>(window.size() / 2);
    for (std::ptrdiff_t a = -half; a <= half; ++a) {
      const double c = window[a + half];
      if (c == 0.0) continue;
      const std::size_t row = held(t, a, frames);
      const auto base = (static_cast<std::ptrdiff_t>(row) - static_cast<std::ptrdiff_t>(t)) *
                        static_cast<std::ptrdiff_t>(stride());
      const auto right = static_cast<std::ptrdiff_t>((span() + 1) * lanes_);
      terms.push_back({base + right, (windows_.size() + w) * lanes_, c});
      for (std::ptrdiff_t b = -half; b <= half; ++b) {
        const double e = window[b + half];
        const std::size_t column = held(t, b, frames);
        if (e == 0.0 || column < row) continue;
        const auto cell = static_cast<std::ptrdiff_t>((column - row) * lanes_);
        terms.push_back({base + cell, w * lanes_, c * e});
      }
    }
  }
  return terms;
}

void TrajectoryLayout::weigh(const double* means, const double* variances, double* source) const {
  const auto weigh = kernels().trajectory.weigh;
  for (std::size_t w = 0; w < windows_.size(); ++w) {
    weigh(means + w * dimensions_, variances + w * dimensions_, dimensions_, source + w * lanes_,
          source + (windows_.size() + w) * lanes_);
  }
}

void TrajectoryLayout::apply(const double* y, std::size_t y_stride, std::size_t t,
                             std::size_t frames, double* features) const {
  for (const std::vector<double>& window : windows_) {
    std::fill_n(features, dimensions_, 0.0);
    const auto half = static_cast<std::ptrdiff_t>(window.size() / 2);
    for (std::ptrdiff_t a = -half; a <= half; ++a) {
      const double* frame = y + held(t, a, frames) * y_stride;
      for (std::size_t d = 0; d < dimensions_; ++d) features[d] += window[a + half] * frame[d];
    }
    features += dimensions_;
  }
}

TrajectorySystem::TrajectorySystem(const TrajectoryLayout& layout, std::size_t frames)
    : layout_(layout),
      frames_(frames),
      inner_(layout.terms(layout.half(), layout.span() + 1)),
      rows_((frames + layout.span()) * layout.stride()),
      solution_((frames + layout.span()) * layout.lanes()),
      source_(layout.source_size()) {}

void TrajectorySystem::add(std::size_t t, const double* source) {
  double* row = rows_.data() + t * layout_.stride();
  const auto scatter = kernels().trajectory.scatter;
  if (t >= layout_.half() && t + layout_.half() < frames_) {
    scatter(inner_.data(), inner_.size(), source, row, layout_.lanes());
  } else {
    const std::vector<TrajectoryTerm> terms = layout_.terms(t, frames_);
    scatter(terms.data(), terms.size(), source, row, layout_.lanes());
  }
  poll_.after(inner_.size() * layout_.lanes());
}

void TrajectorySystem::add(std::size_t t, const double* means, const double* variances) {
  layout_.weigh(means, variances, source_.data());
  add(t, source_.data());
}

void TrajectorySystem::solve(double* y) {
  const TrajectoryKernels& table = kernels().trajectory;
  const std::size_t lanes = layout_.lanes(), span = layout_.span(), d = layout_.dimensions();
  for (std::size_t t = 0; t < frames_; ++t) {
    table.eliminate(rows_.data() + t * layout_.stride(), span, lanes);
    poll_.after(layout_.work());
  }
  for (std::size_t t = frames_; t-- > 0;) {
    poll_.after(layout_.stride());
    double* solution = solution_.data() + t * lanes;
    table.substitute(row(t), span, lanes, solution);
    for (std::size_t k = 0; k < d; ++k) {
      require(std::isfinite(solution[k]),
              "the means or variances are too large or too small for double precision: the "
              "trajectory overflows at frame ",
              t);
    }
    std::copy_n(solution, d, y + t * d);
  }
}

void TrajectorySystem::clear() { std::fill(rows_.begin(), rows_.end(), 0.0); }

void mlpg(const TrajectoryLayout& layout, std::size_t frames, const double* means,
          const double* variances, std::size_t variance_stride, double* y) {
  TrajectorySystem system(layout, frames);
  for (std::size_t t = 0; t < frames; ++t) {
    system.add(t, means + t * layout.features(), variances + t * variance_stride);
  }
  system.solve(y);
}

}  // namespace wavenet
