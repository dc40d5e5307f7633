#include "conversion/mixture_training.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/checks.h"
#include "base/parallel.h"
#include "kernels/dispatch.h"

namespace wavenet {
namespace {

constexpr double kFewest = 1e-3;         // a component with fewer frames is empty
constexpr double kMostCancelled = 0.01;  // of squares, less that of the mean
constexpr std::size_t kMostReached = std::size_t{1} << 26;  // distances to keep: 256 MiB

}  // namespace

MixtureTraining::MixtureTraining(const double* data, std::size_t frames, std::size_t size,
                                 std::size_t threads)
    : data_(data),
      frames_(frames),
      size_(size),
      width_(padded(size)),
      threads_(threads),
      kernels_(&wavenet::kernels()),
      offset_(size, 0.0),
      rows_(frames * width_, 0.0f) {
  require(frames >= 1 && size >= 1, "there must be at least one frame and one dimension");
  require(frames <= std::numeric_limits<std::uint32_t>::max(), "there are too many frames");
  for (std::size_t t = 0; t < frames; ++t) {
    for (std::size_t i = 0; i < size; ++i) offset_[i] += data[t * size + i];
  }
  for (double& value : offset_) value /= static_cast<double>(frames);
  for (std::size_t t = 0; t < frames; ++t) {
    for (std::size_t i = 0; i < size; ++i) {
      rows_[t * width_ + i] = static_cast<float>(data[t * size + i] - offset_[i]);
    }
  }
}

double MixtureTraining::expect(const MixtureView& mixture) {
  const std::size_t components = mixture.components;
  const std::size_t blocks = (frames_ + kMixtureBlock - 1) / kMixtureBlock;
  const bool same_size = last_means_.size() == components * size_;
  const MixtureView before{nullptr, last_means_.data(), last_covariances_.data(), components,
                           size_};
  const MixtureDensity density(mixture, size_, offset_.data(), threads_,
                               same_size ? &before : nullptr);
  if (!same_size) {
    leaders_.clear();
    const std::size_t pairs = blocks * components * kMixtureBlock;
    reached_.assign(pairs <= kMostReached ? pairs : 0, 0.0f);
  }
  std::vector<std::vector<Membership>> found(blocks);
  log_likelihoods_.resize(frames_);
  struct Worker {
    MixtureDensity::Scratch scratch;
    std::vector<LogJoint> joints;
  };
  const auto work = [&](Worker& worker, std::size_t b) {
    const std::size_t start = b * kMixtureBlock;
    const std::size_t count = std::min(kMixtureBlock, frames_ - start);
    worker.joints.clear();
    const Acquaintance known{leaders_.empty() ? nullptr : leaders_.data() + start,
                             reached_.empty() ? nullptr : reached_.data() + components * start};
    const MixtureRows rows{rows_.data() + start * width_, data_ + start * size_, count};
    density.log_joints(rows, kNegligible, known, worker.joints, worker.scratch);
    found[b] = memberships(worker.joints, count, kNegligible, log_likelihoods_.data() + start);
  };
  parallel_for(blocks, threads_, [] { return Worker{}; }, work);
  members_.assign(mixture.components, {});
  leaders_.assign(frames_, 0);
  for (std::size_t b = 0; b < blocks; ++b) {
    for (const Membership& one : found[b]) {
      const auto frame = static_cast<std::uint32_t>(b * kMixtureBlock + one.row);
      members_[one.component].push_back({frame, one.posterior});
      if (one.posterior >= 0.5f) leaders_[frame] = one.component;
    }
  }
  const std::size_t area = size_ * size_;
  last_means_.assign(mixture.means, mixture.means + components * size_);
  last_covariances_.resize(components * area);
  parallel_for(components, threads_, [&](std::size_t m) {
    std::copy_n(mixture.covariances + m * area, area, last_covariances_.data() + m * area);
  });
  centres_.clear();
  needs_exact_.clear();
  for (std::size_t m = 0; m < mixture.components; ++m) {
    needs_exact_.push_back(density.needs_exact(m));
    centres_.emplace_back(density.centre(m), density.centre(m) + width_);
  }
  return std::accumulate(log_likelihoods_.begin(), log_likelihoods_.end(), 0.0) /
         static_cast<double>(frames_);
}

void MixtureTraining::assign(const std::int32_t* labels, std::size_t components) {
  members_.assign(components, {});
  for (std::size_t t = 0; t < frames_; ++t) {
    require(labels[t] >= 0 && static_cast<std::size_t>(labels[t]) < components, "label ", labels[t],
            " is not one of ", components, " components");
    members_[static_cast<std::size_t>(labels[t])].push_back({static_cast<std::uint32_t>(t), 1.0f});
  }
  needs_exact_.assign(components, false);
  centres_.assign(components, AlignedBuffer<float>(width_, 0.0f));
  for (std::size_t m = 0; m < components; ++m) {
    if (!members_[m].empty()) {
      std::copy_n(rows_.data() + members_[m].front().frame * width_, width_, centres_[m].data());
    }
  }
  log_likelihoods_.clear();
}

void MixtureTraining::maximise(const MaximisationOptions& options, const MixtureTarget& out) const {
  require(!members_.empty(), "there must be an expectation before");
  require(options.covariance != Covariance::kCrossDiagonal || size_ % 2 == 0,
          "cross-diagonal covariances need an even number of dimensions, got ", size_);
  const std::size_t area = size_ * size_;
  std::vector<Scatter> scatters(components());
  parallel_for(components(), threads_,
               [&](std::size_t m) { scatters[m] = scatter(m, options.covariance); });
  const bool any_empty = std::any_of(scatters.begin(), scatters.end(), is_empty);
  std::vector<double> prior;
  if (options.prior_frames > 0.0 || any_empty) prior = pooled(scatters);
  if (any_empty) restart_empty(scatters);

  double counts = 0.0;
  for (const Scatter& one : scatters) counts += one.count;
  parallel_for(components(), threads_, [&](std::size_t m) {
    const Scatter& one = scatters[m];
    out.weights[m] = one.count / counts;
    for (std::size_t i = 0; i < size_; ++i) out.means[m * size_ + i] = one.mean[i] + offset_[i];
    double* covariance = out.covariances + m * area;
    const double scale = 1.0 / (one.count + options.prior_frames);
    for (std::size_t i = 0; i < area; ++i) {
      if (one.matrix.empty()) {
        covariance[i] = prior[i];
      } else {
        const double pull = options.prior_frames > 0.0 ? options.prior_frames * prior[i] : 0.0;
        covariance[i] = (one.matrix[i] + pull) * scale;
      }
    }
    for (std::size_t i = 0; i < size_; ++i) covariance[i * (size_ + 1)] += options.reg_covar;
  });
}

std::vector<double> MixtureTraining::pooled(const std::vector<Scatter>& scatters) const {
  std::vector<double> sum(size_ * size_, 0.0);
  double total = 0.0;
  for (const Scatter& one : scatters) total += one.count;
  parallel_for(size_, threads_, [&](std::size_t row) {
    for (const Scatter& one : scatters) {
      for (std::size_t i = row * size_; i < (row + 1) * size_; ++i) sum[i] += one.matrix[i] / total;
    }
  });
  return sum;
}

bool MixtureTraining::is_empty(const Scatter& one) { return one.count < kFewest; }

MixtureTraining::Scatter MixtureTraining::scatter(std::size_t m, Covariance covariance) const {
  Scatter result;
  for (const MixtureMember& member : members_[m]) result.count += member.posterior;
  AlignedBuffer<float> centre = centres_[m];
  AlignedBuffer<double> sums = this->sums(m, centre);
  const double scale = result.count > 0.0 ? 1.0 / result.count : 0.0;
  const std::size_t half = size_ / 2;
  // The mean may have moved so far that squares around its old place say nothing of the variance.
  bool far = false;
  for (std::size_t i = 0; i < size_; ++i) {
    const double square = sums[i * width_ + i], shift = sums[size_ * width_ + i];
    far = far || square - shift * shift * scale < kMostCancelled * square;
  }
  if (far) {
    for (std::size_t i = 0; i < size_; ++i) {
      centre[i] += static_cast<float>(sums[size_ * width_ + i] * scale);
    }
    sums = this->sums(m, centre);
  }
  const double* shift = sums.data() + size_ * width_;
  result.mean.resize(size_);
  result.matrix.assign(size_ * size_, 0.0);
  for (std::size_t i = 0; i < size_; ++i) {
    result.mean[i] = centre[i] + shift[i] * scale;
    for (std::size_t j = 0; j <= i; ++j) {
      const bool kept = covariance == Covariance::kFull || i == j ||
                        (covariance == Covariance::kCrossDiagonal && i - j == half);
      if (!kept) continue;
      const double value = sums[i * width_ + j] - shift[i] * shift[j] * scale;
      result.matrix[i * size_ + j] = result.matrix[j * size_ + i] = value;
    }
  }
  return result;
}

void MixtureTraining::add_exactly(std::size_t m, const AlignedBuffer<float>& centre,
                                  double* totals) const {
  Poll poll;
  std::vector<double> x(size_);
  for (const MixtureMember& member : members_[m]) {
    const double* row = data_ + member.frame * size_;
    const double posterior = member.posterior;
    for (std::size_t i = 0; i < size_; ++i) x[i] = row[i] - offset_[i] - centre[i];
    for (std::size_t i = 0; i <= size_; ++i) {
      const double factor = i < size_ ? posterior * x[i] : posterior;
      const std::size_t end = std::min(i + 1, size_);
      for (std::size_t j = 0; j < end; ++j) totals[i * width_ + j] += factor * x[j];
    }
    poll.after(size_ * size_);
  }
}

AlignedBuffer<double> MixtureTraining::sums(std::size_t m,
                                            const AlignedBuffer<float>& centre) const {
  AlignedBuffer<double> totals((width_ + kPanel) * width_, 0.0);
  if (needs_exact_[m]) {
    add_exactly(m, centre, totals.data());
    return totals;
  }
  AlignedBuffer<double> x(kMixtureMembers * width_, 0.0);
  AlignedBuffer<double> weighted(kMixtureMembers * (width_ + kPanel), 0.0);
  MixtureSums sums{totals.data(), x.data(), weighted.data()};
  constexpr std::size_t kSome = 64 * kMixtureMembers;  // between two polls
  for (std::size_t start = 0; start < members_[m].size(); start += kSome) {
    const std::size_t count = std::min(kSome, members_[m].size() - start);
    kernels_->mixture.add_members(rows_.data(), centre.data(), size_, width_,
                                  members_[m].data() + start, count, sums);
    poll_interrupt();
  }
  return totals;
}

// Empty components take the least likely frames, one each, and the pooled covariance.
void MixtureTraining::restart_empty(std::vector<Scatter>& scatters) const {
  std::vector<std::uint32_t> order;
  for (Scatter& one : scatters) {
    if (!is_empty(one)) continue;
    if (order.empty()) {
      order.resize(frames_);
      std::iota(order.begin(), order.end(), 0u);
      if (!log_likelihoods_.empty()) {
        std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
          return log_likelihoods_[a] > log_likelihoods_[b];
        });
      }
    }
    const float* row = rows_.data() + order.back() * width_;
    if (order.size() > 1) order.pop_back();
    one.count = 1.0;
    one.mean.assign(row, row + size_);
    one.matrix.clear();
  }
}

}  // namespace wavenet
