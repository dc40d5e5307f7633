#include "engines/wavenet_streams.h"

#include <algorithm>
#include <chrono>

namespace wavenet {
namespace {

constexpr std::size_t kTrialSamples = 256;
constexpr std::size_t kTempoSamples = 64 * kTrialSamples;
constexpr std::size_t kPieceSamples = 64;  // fewer do not pay for starting a thread
constexpr double kHopeless = 4.0;          // times slower

}  // namespace

void WaveNetStreams::condition(std::size_t stream, std::size_t speaker, const float* global_vector,
                               const float* features, std::size_t frames, bool last) {
  const Claim claim(claimable_);
  const auto [group, place] = find(stream);
  group->condition(place, speaker, global_vector, features, frames, last);
}

void WaveNetStreams::append(std::size_t stream, const float* features, std::size_t frames,
                            bool last) {
  const Claim claim(claimable_);
  const auto [group, place] = find(stream);
  group->append(place, features, frames, last);
}

std::uint64_t WaveNetStreams::conditioned_samples() const {
  const Claim claim(claimable_);
  std::uint64_t samples = groups_.front().conditioned_samples();
  for (const WaveNetState& group : groups_) {
    samples = std::min(samples, group.conditioned_samples());
  }
  return samples;
}

template <typename Work>
void WaveNetStreams::advance(std::size_t steps, const Work& work) {
  const auto ready = [&] {
    for (const WaveNetState& group : groups_) {
      // Streams may have been conditioned anew, with less than has passed.
      const std::uint64_t left = std::max(group.conditioned_samples(), group.time()) - group.time();
      require(steps <= left, "the conditioning lasts for ", left, " more samples; ", steps,
              " are asked for");
    }
  };
  run(ready, work);
}

void WaveNetStreams::generate(std::size_t steps, const CategoricalOptions& options,
                              std::uint64_t seed, std::uint16_t* out) {
  validate(model_->shape().output, options);
  advance(steps, [&](std::size_t g) {
    if (batch_ == 1 && threads_ > 1 && !groups_[g].observing()) {
      generate_alone(steps, options, seed, out);
    } else {
      groups_[g].generate(steps, options, seed, out + first_[g] * steps, steps);
    }
  });
}

// Some samples on one core, some on two, then many the faster way, and so on. A trial goes by
// pieces, so that it can be given up where a neighbour has the other core.
void WaveNetStreams::generate_alone(std::size_t steps, const CategoricalOptions& options,
                                    std::uint64_t seed, std::uint16_t* out) {
  WaveNetState& state = groups_.front();
  while (steps > 0) {
    const std::size_t place = tempo_.place;
    const bool trial = place < 2 * kTrialSamples;
    const std::size_t end = trial ? (place / kTrialSamples + 1) * kTrialSamples : kTempoSamples;
    const std::size_t count = std::min({steps, end - place, trial ? kPieceSamples : steps});
    std::size_t cores = trial ? place / kTrialSamples + 1 : tempo_.faster();
    if (count < kPieceSamples) cores = 1;
    if (cores == 2 && !pipeline_) pipeline_ = std::make_unique<WaveNetPipeline>(*model_);
    const auto start = std::chrono::steady_clock::now();
    if (cores == 1 || !pipeline_->generate(state, count, options, seed, out)) {
      state.generate(count, options, seed, out, count);
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (place % kTrialSamples == 0 && trial) tempo_.seconds[place / kTrialSamples] = kUnknown;
    double& seconds = tempo_.seconds[cores - 1];
    if (trial) seconds = std::min(seconds, taken.count() / static_cast<double>(count));
    const bool hopeless = trial && cores == 2 && seconds > kHopeless * tempo_.seconds[0];
    tempo_.place = (hopeless ? end : place + count) % kTempoSamples;
    out += count;
    steps -= count;
  }
}

void WaveNetStreams::feed(std::size_t steps, const std::uint16_t* samples, float* log_likelihoods,
                          float* logits) {
  const std::size_t levels = model_->shape().output.levels;
  const std::size_t channels = model_->shape().output.channels();
  const auto* bad = std::find_if(samples, samples + batch_ * steps,
                                 [&](std::uint16_t code) { return code >= levels; });
  require(bad == samples + batch_ * steps, "code ", bad == samples + batch_ * steps ? 0 : *bad,
          " is not below ", levels);
  advance(steps, [&](std::size_t g) {
    const std::size_t start = first_[g] * steps;
    groups_[g].feed(steps, samples + start, steps,
                    log_likelihoods ? log_likelihoods + start : nullptr,
                    logits ? logits + start * channels : nullptr);
  });
}

void WaveNetStreams::observe() {
  const Claim claim(claimable_);
  for (WaveNetState& group : groups_) group.observe();
}

ActivationRanges WaveNetStreams::observed() const {
  const Claim claim(claimable_);
  const auto widen = [](std::vector<float>& all, const std::vector<float>& one) {
    for (std::size_t i = 0; i < one.size(); ++i) all[i] = std::max(all[i], one[i]);
  };
  ActivationRanges all = groups_.front().observed();
  for (const WaveNetState& group : groups_) {
    const ActivationRanges& one = group.observed();
    for (std::size_t l = 0; l < one.residual.size(); ++l) {
      widen(all.residual[l], one.residual[l]);
      widen(all.gated[l], one.gated[l]);
    }
  }
  return all;
}

}  // namespace wavenet
