// A batch of WaveNet streams shared out among threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "engines/streams.h"
#include "engines/wavenet_pipeline.h"

namespace wavenet {

// One stream alone is drawn on two cores where that is found to be faster.
class WaveNetStreams : public Streams<WaveNet, WaveNetState> {
 public:
  WaveNetStreams(std::shared_ptr<const WaveNet> model, std::size_t batch, std::size_t threads)
      : Streams(std::move(model), batch, threads), threads_(threads) {}
  WaveNetStreams(const WaveNetStreams& other) : Streams(other), threads_(other.threads_) {}

  // As those of WaveNetState.
  void condition(std::size_t stream, std::size_t speaker, const float* global_vector,
                 const float* features, std::size_t frames, bool last);
  void append(std::size_t stream, const float* features, std::size_t frames, bool last);
  std::uint64_t conditioned_samples() const;

  // As WaveNetState::generate and feed; arrays are [stream][steps] and so on.
  void generate(std::size_t steps, const CategoricalOptions& options, std::uint64_t seed,
                std::uint16_t* out);
  void feed(std::size_t steps, const std::uint16_t* samples, float* log_likelihoods, float* logits);

  // As WaveNetState::observe, over all streams.
  void observe();
  ActivationRanges observed() const;

  StepCost step_cost() const { return groups_.front().step_cost(); }  // of a thread's streams

 private:
  static constexpr double kUnknown = std::numeric_limits<double>::infinity();

  // Times of a sample of a stream alone, on one core and on two: neighbours change them.
  struct Tempo {
    std::array<double, 2> seconds{kUnknown, kUnknown};
    std::size_t place = 0;  // in the cycle of trials and the rest [samples]
    std::size_t faster() const { return seconds[1] < seconds[0] ? 2 : 1; }
  };

  void generate_alone(std::size_t steps, const CategoricalOptions& options, std::uint64_t seed,
                      std::uint16_t* out);
  template <typename Work>
  void advance(std::size_t steps, const Work& work);

  std::size_t threads_;
  std::unique_ptr<WaveNetPipeline> pipeline_;
  Tempo tempo_;
};

}  // namespace wavenet
