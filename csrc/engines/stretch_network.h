// Upsampling by repetition and smoothing, again and again, with filters that all channels share (as
// in wavenet_vocoder). It is linear, so that with a filter over time alone a sample is a weighted
// mean of the frames around it, whatever linear map the frames went through before.
#pragma once

#include <cstddef>
#include <vector>

#include "base/matrix_view.h"
#include "base/scratch.h"
#include "engines/wavenet_shape.h"

namespace wavenet {

class StretchNetwork {
 public:
  StretchNetwork() = default;
  // Takes the tensors "condition.upsamplers.*".
  StretchNetwork(const LocalShape& shape, const Tensors& tensors);

  bool mixes_channels() const { return frequency_taps_ > 1; }

  // Samples [begin, end) of `length` frames; rows of frames and of samples have `stride` floats, of
  // which `channels` count.
  void upsample(const float* frames, std::size_t length, std::size_t channels, std::size_t stride,
                std::size_t begin, std::size_t end, float* samples, Scratch& scratch) const {
    run(stages_.size(), frames, length, channels, stride, begin, end, samples, scratch);
  }

  // Frames on each side of its own that a sample depends on.
  std::size_t reach() const { return reach_; }
  // Where channels are not mixed: the weights that the frames (frame - reach ... frame + reach) of
  // `frames` have in a sample of `frame`; frames beyond the first and the last weigh nothing.
  const float* weights(std::size_t frame, std::size_t frames, std::size_t sample) const;

 private:
  struct Stage {
    std::size_t factor;
    std::vector<float> filter;  // [phase][frequency tap][frame before, at, after]
  };

  void run(std::size_t stage, const float* frames, std::size_t length, std::size_t channels,
           std::size_t stride, std::size_t begin, std::size_t end, float* samples,
           Scratch& scratch) const;
  void tabulate();

  std::vector<Stage> stages_;
  std::size_t frequency_taps_ = 1;
  std::size_t hop_length_ = 1;
  std::size_t reach_ = 0;
  std::vector<float> weights_;  // [frames before, up to reach][frames after][sample][frame]
};

}  // namespace wavenet
