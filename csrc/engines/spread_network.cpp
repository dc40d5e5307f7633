#include "engines/spread_network.h"

#include <algorithm>
#include <string>

namespace wavenet {

SpreadNetwork::SpreadNetwork(const LocalShape& shape, const Tensors& tensors)
    : frequency_taps_(shape.frequency_kernel_size),
      hop_length_(shape.hop_length),
      relu_(shape.relu) {
  for (std::size_t s = 0; s < shape.upsampling_factors.size(); ++s) {
    const std::string name = "condition.upsamplers." + std::to_string(s);
    const std::size_t factor = shape.upsampling_factors[s];
    const float* weight = find_tensor(tensors, name + ".weight", {1, 1, frequency_taps_, factor});
    Stage stage{factor, {}, *find_tensor(tensors, name + ".bias", {1})};
    for (std::size_t phase = 0; phase < factor; ++phase) {
      for (std::size_t q = 0; q < frequency_taps_; ++q) {
        stage.filter.push_back(weight[q * factor + phase]);
      }
    }
    stages_.push_back(std::move(stage));
  }
}

// The stages of one sample, coarsest first. Samples of a frame share what their phases share.
void SpreadNetwork::upsample(const float* frames, std::size_t channels, std::size_t stride,
                             std::size_t begin, std::size_t end, float* samples,
                             Scratch& scratch) const {
  for (std::size_t n = begin; n < end; ++n) {
    const float* x = frames + n / hop_length_ * stride;
    std::size_t samples_per_row = hop_length_;
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      samples_per_row /= stages_[s].factor;
      float* level = scratch.room(1 + s, channels);
      if (n == begin || n % samples_per_row == 0) {
        run(stages_[s], x, n / samples_per_row % stages_[s].factor, channels, level);
      }
      x = level;
    }
    float* row = samples + (n - begin) * stride;
    std::copy_n(x, channels, row);
    std::fill(row + channels, row + stride, 0.0f);
  }
}

void SpreadNetwork::run(const Stage& stage, const float* frame, std::size_t phase,
                        std::size_t channels, float* sample) const {
  const float* filter = stage.filter.data() + phase * frequency_taps_;
  const std::size_t half = frequency_taps_ / 2;
  std::fill_n(sample, channels, stage.bias);
  for (std::size_t q = 0; q < frequency_taps_; ++q) {  // y[c] += filter[q] * x[c + half - q]
    const std::size_t first = q > half ? q - half : 0;
    const std::size_t lost = half > q ? half - q : 0;
    for (std::size_t c = first; c + lost < channels; ++c) {
      sample[c] += filter[q] * frame[c + half - q];
    }
  }
  if (relu_) {
    for (std::size_t c = 0; c < channels; ++c) sample[c] = std::max(sample[c], 0.0f);
  }
}

}  // namespace wavenet
