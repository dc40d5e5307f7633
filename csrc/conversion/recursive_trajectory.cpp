#include "conversion/recursive_trajectory.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/checks.h"
#include "kernels/dispatch.h"

namespace wavenet {
namespace {

std::size_t checked(std::size_t delay) {
  require(delay <= 1000, "delay must be from 0 to 1000 frames, got ", delay);
  return delay;
}

}  // namespace

RecursiveTrajectory::RecursiveTrajectory(TrajectoryLayout layout, std::size_t delay)
    : layout_(std::move(layout)),
      delay_(checked(delay)),
      kept_(std::max(delay + 1, layout_.span()) + layout_.span()),
      rows_((2 * kept_ + layout_.span() + 1) * layout_.stride()),
      open_rows_(2 * layout_.span() * layout_.stride()),
      sources_((layout_.half() + 1) * layout_.source_size()),
      solution_((kept_ + layout_.span()) * layout_.lanes()) {}

double* RecursiveTrajectory::source(std::size_t t) {
  return sources_.data() + t % (layout_.half() + 1) * layout_.source_size();
}

// Moves the rows that are still needed to the front when the memory is full.
void RecursiveTrajectory::make_room() {
  const std::size_t stride = layout_.stride();
  if ((received_ - first_ + layout_.span() + 1) * stride <= rows_.size()) return;
  const std::size_t drop = received_ - first_ - kept_;
  const auto end = std::move(rows_.begin() + drop * stride, rows_.end(), rows_.begin());
  std::fill(end, rows_.end(), 0.0);
  first_ += drop;
}

bool RecursiveTrajectory::push(const double* means, const double* variances, double* y) {
  const TrajectoryKernels& table = kernels().trajectory;
  const std::size_t half = layout_.half();
  make_room();
  layout_.weigh(means, variances, source(received_));
  const std::size_t last = received_++;
  if (last >= half) {  // the windows of this frame now end within the sequence
    const std::size_t t = last - half;
    const auto terms = layout_.terms(t, received_);
    table.scatter(terms.data(), terms.size(), source(t), row(t), layout_.lanes());
  }
  if (last >= layout_.span()) {
    table.eliminate(row(eliminated_++), layout_.span(), layout_.lanes());
  }
  if (last < delay_) return false;
  solve(last - delay_, 1, y);
  return true;
}

void RecursiveTrajectory::flush(double* y) {
  if (pending() > 0) solve(received_ - pending(), pending(), y);
  std::fill(rows_.begin(), rows_.end(), 0.0);
  received_ = first_ = eliminated_ = 0;
}

// Writes frames target .. target + count - 1 of the trajectory of the frames so far.
void RecursiveTrajectory::solve(std::size_t target, std::size_t count, double* y) {
  const TrajectoryKernels& table = kernels().trajectory;
  const std::size_t lanes = layout_.lanes(), span = layout_.span(), stride = layout_.stride();
  const std::size_t d = layout_.dimensions();
  const std::size_t open = received_ - eliminated_;  // at most `span` rows
  std::fill(open_rows_.begin(), open_rows_.end(), 0.0);
  std::copy_n(row(eliminated_), open * stride, open_rows_.begin());
  for (std::size_t t = received_ - std::min(received_, layout_.half()); t < received_; ++t) {
    const auto terms = layout_.terms(t, received_);
    double* of_frame = open_rows_.data() + (t - eliminated_) * stride;
    table.scatter(terms.data(), terms.size(), source(t), of_frame, lanes);
  }
  for (std::size_t k = 0; k < open; ++k) {
    table.eliminate(open_rows_.data() + k * stride, span, lanes);
  }
  const std::size_t begin = std::min(target, eliminated_);
  std::fill(solution_.begin(), solution_.end(), 0.0);
  for (std::size_t t = received_; t-- > begin;) {
    const double* from = t < eliminated_ ? row(t) : open_rows_.data() + (t - eliminated_) * stride;
    table.substitute(from, span, lanes, solution_.data() + (t - begin) * lanes);
  }
  for (std::size_t k = 0; k < count; ++k) {
    const double* frame = solution_.data() + (target - begin + k) * lanes;
    for (std::size_t i = 0; i < d; ++i) {
      require(std::isfinite(frame[i]), "the means or variances are too large or too small for ",
              "double precision: the trajectory overflows");
    }
    std::copy_n(frame, d, y + k * d);
  }
}

}  // namespace wavenet
