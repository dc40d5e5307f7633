// A batch of streams of a recurrent model shared out among threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/claim.h"
#include "engines/recurrent_state.h"

namespace wavenet {

// Each thread advances its own streams, so that results do not depend on how many there are.
// One call at a time: a second one that comes meanwhile throws std::runtime_error, and so do all
// after one that failed for want of memory.
class RecurrentStreams {
 public:
  RecurrentStreams(std::shared_ptr<const Recurrent> model, std::size_t batch, std::size_t threads);
  RecurrentStreams(const RecurrentStreams& other);

  // As those of RecurrentState; arrays are [stream][step] and so on.
  void condition(std::size_t stream, const float* global_vector);
  void generate(std::size_t steps, const float* covariates, const CategoricalOptions& options,
                std::uint64_t seed, float* out);
  void feed(std::size_t steps, const float* samples, const float* covariates,
            float* log_likelihoods, float* outputs);

  RecurrentMemory save() const;
  // Throws std::invalid_argument unless the memory is of a model and a batch of these sizes, with
  // finite values and classes that there are.
  void restore(const RecurrentMemory& memory);

  std::size_t batch() const { return batch_; }
  std::uint64_t time() const;
  StepCost step_cost() const { return model_->step_cost(groups_.front().batch()); }
  const RecurrentShape& shape() const { return model_->shape(); }

 private:
  template <typename Work>
  void run(const Work& work);
  RecurrentMemory empty_memory() const;
  // `least`: -1 where there may be no sample yet.
  void check_samples(const float* samples, std::size_t count, float least = 0.0f) const;

  std::shared_ptr<const Recurrent> model_;
  std::size_t batch_;
  std::vector<RecurrentState> groups_;
  std::vector<std::size_t> first_;  // first stream of each group
  mutable Claimable claimable_;
};

}  // namespace wavenet
