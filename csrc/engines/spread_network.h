// Upsampling by transposed convolutions as wide as their stride, with one filter and one bias for
// all channels (as in wavenet_vocoder 0.1 and PytorchWaveNetVocoder). A sample depends on one
// frame.
#pragma once

#include <cstddef>
#include <vector>

#include "base/matrix_view.h"
#include "base/scratch.h"
#include "engines/wavenet_shape.h"

namespace wavenet {

class SpreadNetwork {
 public:
  SpreadNetwork() = default;
  // Takes the tensors "condition.upsamplers.*".
  SpreadNetwork(const LocalShape& shape, const Tensors& tensors);

  // Samples [begin, end) of frames; rows of both have `stride` floats, of which `channels` count.
  void upsample(const float* frames, std::size_t channels, std::size_t stride, std::size_t begin,
                std::size_t end, float* samples, Scratch& scratch) const;

 private:
  struct Stage {
    std::size_t factor;
    std::vector<float> filter;  // [phase][frequency tap]
    float bias;
  };

  void run(const Stage& stage, const float* frame, std::size_t phase, std::size_t channels,
           float* sample) const;

  std::vector<Stage> stages_;
  std::size_t frequency_taps_ = 1;
  std::size_t hop_length_ = 1;
  bool relu_ = true;
};

}  // namespace wavenet
