// A batch of streams of a recurrent model shared out among threads.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engines/recurrent_state.h"
#include "engines/streams.h"

namespace wavenet {

class RecurrentStreams : public Streams<Recurrent, RecurrentState> {
 public:
  using Streams::Streams;

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

  StepCost step_cost() const { return model_->step_cost(groups_.front().batch()); }

 private:
  RecurrentMemory empty_memory() const;
  // `least`: -1 where there may be no sample yet.
  void check_samples(const float* samples, std::size_t count, float least = 0.0f) const;
};

}  // namespace wavenet
