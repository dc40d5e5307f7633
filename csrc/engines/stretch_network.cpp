#include "engines/stretch_network.h"

#include <algorithm>
#include <string>

namespace wavenet {

// Output n = i f + p of a stage takes the repeated inputs n - f ... n + f, which are three inputs:
// i - 1, i and i + 1. Their taps are added up once, for each phase p.
StretchNetwork::StretchNetwork(const LocalShape& shape, const Tensors& tensors)
    : frequency_taps_(shape.frequency_kernel_size), hop_length_(shape.hop_length) {
  for (std::size_t s = 0; s < shape.upsampling_factors.size(); ++s) {
    const std::size_t factor = shape.upsampling_factors[s];
    require(factor >= 2, "factors of stretching must be at least 2, got ", factor);
    const std::size_t taps = 2 * factor + 1;
    const float* weight =
        find_tensor(tensors, "condition.upsamplers." + std::to_string(s) + ".weight",
                    {1, 1, frequency_taps_, taps});
    Stage stage{factor, {}};
    for (std::size_t phase = 0; phase < factor; ++phase) {
      for (std::size_t q = 0; q < frequency_taps_; ++q) {
        double sums[3] = {};
        for (std::size_t k = 0; k < taps; ++k) sums[(phase + k) / factor] += weight[q * taps + k];
        for (double sum : sums) stage.filter.push_back(static_cast<float>(sum));
      }
    }
    stages_.push_back(std::move(stage));
  }
  for (std::size_t s = stages_.size(); s-- > 0;) {
    reach_ = (reach_ + stages_[s].factor - 1) / stages_[s].factor + 1;
  }
  if (!mixes_channels()) tabulate();
}

void StretchNetwork::run(std::size_t stage, const float* frames, std::size_t length,
                         std::size_t channels, std::size_t stride, std::size_t begin,
                         std::size_t end, float* samples, Scratch& scratch) const {
  if (stage == 0) {
    std::copy(frames + begin * stride, frames + end * stride, samples);
    return;
  }
  const Stage& last = stages_[stage - 1];
  std::size_t inputs = length;
  for (std::size_t s = 0; s + 1 < stage; ++s) inputs *= stages_[s].factor;
  const std::size_t in_begin = begin / last.factor - (begin >= last.factor);
  const std::size_t in_end = std::min(inputs, (end - 1) / last.factor + 2);
  float* x = scratch.room(stage, (in_end - in_begin) * stride);
  run(stage - 1, frames, length, channels, stride, in_begin, in_end, x, scratch);

  std::fill(samples, samples + (end - begin) * stride, 0.0f);
  const std::size_t half = frequency_taps_ / 2;
  for (std::size_t n = begin; n < end; ++n) {
    const float* filter = last.filter.data() + n % last.factor * frequency_taps_ * 3;
    float* y = samples + (n - begin) * stride;
    for (std::size_t input = n / last.factor, d = 0; d < 3; ++d) {
      if (input + d < 1 + in_begin || input + d >= 1 + in_end) continue;
      const float* row = x + (input + d - 1 - in_begin) * stride;
      for (std::size_t q = 0; q < frequency_taps_; ++q) {  // y[c] += filter * row[c + q - half]
        const std::size_t first = q < half ? half - q : 0;
        const std::size_t lost = std::max(q, half) - half;
        const std::size_t stop = channels > lost ? channels - lost : 0;
        for (std::size_t c = first; c < stop; ++c) y[c] += filter[q * 3 + d] * row[c + q - half];
      }
    }
  }
}

// The weights of a frame's samples, from unit frames: as many before and after it as matter.
void StretchNetwork::tabulate() {
  const std::size_t width = 2 * reach_ + 1;
  weights_.assign((reach_ + 1) * (reach_ + 1) * hop_length_ * width, 0.0f);
  float* place = weights_.data();
  Scratch scratch;
  for (std::size_t previous = 0; previous <= reach_; ++previous) {
    for (std::size_t following = 0; following <= reach_; ++following) {
      const std::size_t frames = previous + 1 + following;
      std::vector<float> units(frames * width, 0.0f);
      for (std::size_t f = 0; f < frames; ++f) units[f * width + reach_ - previous + f] = 1.0f;
      upsample(units.data(), frames, width, width, previous * hop_length_,
               (previous + 1) * hop_length_, place, scratch);
      place += hop_length_ * width;
    }
  }
}

const float* StretchNetwork::weights(std::size_t frame, std::size_t frames,
                                     std::size_t sample) const {
  const std::size_t previous = std::min(frame, reach_);
  const std::size_t following = std::min(frames - 1 - frame, reach_);
  const std::size_t place = (previous * (reach_ + 1) + following) * hop_length_ + sample;
  return weights_.data() + place * (2 * reach_ + 1);
}

}  // namespace wavenet
