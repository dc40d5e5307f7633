#include "engines/recurrent_streams.h"

#include <algorithm>
#include <cmath>

namespace wavenet {

void RecurrentStreams::condition(std::size_t stream, const float* global_vector) {
  const Claim claim(claimable_);
  const auto [group, place] = find(stream);
  group->condition(place, global_vector);
}

void RecurrentStreams::generate(std::size_t steps, const float* covariates,
                                const CategoricalOptions& options, std::uint64_t seed, float* out) {
  if (shape().categorical()) {
    validate(options, shape().classes);
  } else {
    require(std::isfinite(options.temperature) && options.temperature >= 0,
            "temperature must be finite and not negative, got ", options.temperature);
  }
  run([] {},
      [&](std::size_t g) {
        const std::size_t start = first_[g] * steps;
        groups_[g].generate(steps, covariates + start * shape().covariates, options, seed,
                            out + start * shape().sample_width(), steps);
      });
}

void RecurrentStreams::feed(std::size_t steps, const float* samples, const float* covariates,
                            float* log_likelihoods, float* outputs) {
  require(samples || !shape().feedback, "the model needs the samples that it is fed");
  if (samples) check_samples(samples, batch_ * steps);
  require(!log_likelihoods || (samples && shape().output != RecurrentOutput::kPoint),
          "a model of points gives no likelihood");
  run([] {},
      [&](std::size_t g) {
        const std::size_t start = first_[g] * steps;
        groups_[g].feed(steps, samples ? samples + start * shape().sample_width() : nullptr,
                        covariates + start * shape().covariates, steps,
                        log_likelihoods ? log_likelihoods + start : nullptr,
                        outputs ? outputs + start * shape().outputs() : nullptr);
      });
}

void RecurrentStreams::check_samples(const float* samples, std::size_t count, float least) const {
  if (!shape().categorical()) return;
  const float classes = static_cast<float>(shape().classes);
  const float* end = samples + count;
  const float* bad = std::find_if(samples, end, [&](float code) {
    return !(code >= least && code < classes && code == std::floor(code));
  });
  require(bad == end, "class ", bad == end ? 0 : *bad, " is not a whole number below ", classes);
}

RecurrentMemory RecurrentStreams::empty_memory() const {
  const std::size_t values = shape().layers * batch_ * shape().hidden_size;
  const bool lstm = shape().cell == Cell::kLstm || shape().cell == Cell::kPeepholeLstm;
  return {0, std::vector<float>(values), std::vector<float>(lstm ? values : 0),
          std::vector<float>(batch_ * shape().sample_width())};
}

RecurrentMemory RecurrentStreams::save() const {
  const Claim claim(claimable_);
  RecurrentMemory memory = empty_memory();
  for (const RecurrentState& group : groups_) group.save(memory, batch_);
  return memory;
}

void RecurrentStreams::restore(const RecurrentMemory& memory) {
  const RecurrentMemory fitting = empty_memory();
  require(memory.hidden.size() == fitting.hidden.size() &&
              memory.cell.size() == fitting.cell.size() &&
              memory.samples.size() == fitting.samples.size(),
          "the memory is that of another model or another number of streams");
  for (const std::vector<float>* values : {&memory.hidden, &memory.cell, &memory.samples}) {
    const auto bad = std::find_if(values->begin(), values->end(),
                                  [](float value) { return !std::isfinite(value); });
    require(bad == values->end(), "the memory holds a value that is not finite");
  }
  check_samples(memory.samples.data(), batch_, -1.0f);
  const Claim claim(claimable_);
  for (RecurrentState& group : groups_) group.restore(memory, batch_);
}

}  // namespace wavenet
