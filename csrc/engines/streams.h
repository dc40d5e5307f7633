// A batch of streams of a model, shared out among threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/checks.h"
#include "base/claim.h"
#include "base/flush_denormals.h"
#include "base/parallel.h"

namespace wavenet {

// Each thread advances a group of streams, a State of its own, so that results do not depend on how
// many there are. Copyable: a copy is a fork.
// One call at a time: a second one that comes meanwhile throws std::runtime_error, and so do all
// after one that failed for want of memory.
template <typename Model, typename State>
class Streams {
 public:
  Streams(std::shared_ptr<const Model> model, std::size_t batch, std::size_t threads)
      : model_(std::move(model)), batch_(batch) {
    require(batch >= 1, "batch must be at least 1, got ", batch);
    require(threads >= 1, "threads must be at least 1, got ", threads);
    const std::size_t groups = std::min(batch, threads);
    for (std::size_t g = 0; g < groups; ++g) {
      first_.push_back(g * batch / groups);
      const std::size_t count = (g + 1) * batch / groups - first_.back();
      groups_.emplace_back(model_, count, static_cast<std::uint32_t>(first_.back()));
    }
  }

  Streams(const Streams& other) : model_(other.model_), batch_(other.batch_), first_(other.first_) {
    const Claim claim(other.claimable_);
    groups_ = other.groups_;
  }

  std::size_t batch() const { return batch_; }
  const auto& shape() const { return model_->shape(); }

  std::uint64_t time() const {
    const Claim claim(claimable_);
    return groups_.front().time();
  }

 protected:
  // The group of a stream, and its number there.
  std::pair<State*, std::size_t> find(std::size_t stream) {
    require(stream < batch_, "stream ", stream, " is not one of ", batch_);
    const auto after = std::upper_bound(first_.begin(), first_.end(), stream);
    const auto group = static_cast<std::size_t>(after - first_.begin()) - 1;
    return {&groups_[group], stream - first_[group]};
  }

  // Calls work(g) for each group, on threads, after ready(), which may refuse.
  template <typename Ready, typename Work>
  void run(const Ready& ready, const Work& work) {
    const Claim claim(claimable_);
    ready();
    const FlushDenormals flush;
    claim.advance([&] { parallel_for(groups_.size(), groups_.size(), work); });
  }

  std::shared_ptr<const Model> model_;
  std::size_t batch_;
  std::vector<State> groups_;
  std::vector<std::size_t> first_;  // stream of each group
  mutable Claimable claimable_;
};

}  // namespace wavenet
