// Architecture of a WaveNet as the engine needs it; the Python configuration fills it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sampling/output.h"

namespace wavenet {

// kTransposed: learned transposed convolutions. kStretch: repetition and one learned filter for all
// channels, again and again. kSpread: transposed convolutions without overlap, one filter and bias
// for all channels.
enum class Upsampling { kRepeat, kTransposed, kStretch, kSpread };

struct LocalShape {
  std::size_t channels = 0;    // of the feature frames; 0: no local conditioning
  std::size_t hop_length = 1;  // [samples per frame]
  std::size_t layers = 0;
  std::size_t hidden_channels = 0;
  std::size_t kernel_size = 1;  // odd [frames]
  bool relu = true;             // behind each layer, and each stage of kSpread
  bool pad_with_edge = false;   // layers see the outermost frames again beyond them, else zeros
  Upsampling upsampling = Upsampling::kRepeat;
  std::vector<std::size_t> upsampling_factors;
  std::size_t frequency_kernel_size = 1;  // odd; of kStretch and kSpread

  std::size_t output_channels() const { return layers ? hidden_channels : channels; }
};

enum class Input { kOneHot, kEmbedding, kScalar };

struct WaveNetShape {
  std::vector<std::size_t> dilations;
  std::size_t kernel_size = 2;
  std::size_t residual_channels = 0;
  std::size_t gate_channels = 0;  // both halves
  std::size_t skip_channels = 0;
  OutputShape output;
  Input input = Input::kOneHot;
  std::size_t input_kernel_size = 2;
  std::vector<float> code_values;  // sample value of each code, for scalar input
  std::uint32_t silence = 128;     // code of 0.0, the input before the first sample
  std::size_t speakers = 0;
  std::size_t speaker_channels = 0;
  std::size_t global_channels = 0;
  LocalShape local;

  // Number of past samples that one output depends on.
  std::size_t receptive_field() const {
    std::size_t field = input_kernel_size;
    for (std::size_t dilation : dilations) field += (kernel_size - 1) * dilation;
    return field;
  }

  // Speaker embedding, then given vector.
  std::size_t global_size() const { return (speakers ? speaker_channels : 0) + global_channels; }
};

// Largest magnitudes that the inputs of the layers take on real sound, of each channel; 8-bit
// inputs are scaled by the largest of a layer.
struct ActivationRanges {
  std::vector<std::vector<float>> residual;  // of each block's dilated convolution
  std::vector<std::vector<float>> gated;     // of each block's residual and skip 1x1
};

}  // namespace wavenet
