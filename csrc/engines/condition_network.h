// The network between feature frames and the blocks: convolutions at frame rate, then upsampling.
#pragma once

#include <cstddef>
#include <vector>

#include "engines/spread_network.h"
#include "engines/stretch_network.h"
#include "engines/wavenet_shape.h"
#include "layers/packed_linear.h"

namespace wavenet {

class ConditionNetwork {
 public:
  ConditionNetwork() = default;
  // Takes the tensors "condition.*".
  ConditionNetwork(const LinearKernels& kernels, const LocalShape& shape, std::size_t global_size,
                   const Tensors& tensors);

  // Feature frames (frames x channels, row-major) and one global vector to frames x width().
  AlignedBuffer<float> encode(const Kernels& kernels, const float* features, std::size_t frames,
                              const float* global_vector) const;

  // Rows [begin, end) at the rate of rows: encoded frames themselves where they are repeated or
  // blended, else their upsampling. `rows` has (end - begin) x width() floats. Stage 0 of `scratch`
  // is left alone.
  void rows(const AlignedBuffer<float>& encoded, std::size_t begin, std::size_t end, float* rows,
            Scratch& scratch) const;

  // Whether a sample is conditioned on a blend of the rows around it, rather than on its own row.
  // The blend commutes with the linear map into the blocks; see StretchNetwork for the weights.
  bool blends() const { return blends_; }
  const StretchNetwork& stretch() const { return stretch_; }
  // Rows on each side of its own that a sample needs.
  std::size_t reach() const { return blends_ ? stretch_.reach() : 0; }
  // Encoded frames on each side of its own that a sample may depend on, and feature frames on each
  // side of its own that an encoded frame depends on.
  std::size_t lookahead() const;
  std::size_t context() const;

  std::size_t channels() const { return channels_; }  // of the feature frames
  std::size_t hop_length() const { return samples_per_row_ * rows_per_frame_; }
  std::size_t width() const { return width_; }  // output channels, padded to whole panels
  std::size_t samples_per_row() const { return samples_per_row_; }
  std::size_t rows_per_frame() const { return rows_per_frame_; }

 private:
  struct Convolution {
    std::vector<PackedLinear> taps;
    AlignedBuffer<float> bias;
  };
  struct Upsampler {
    std::size_t factor;
    std::vector<PackedLinear> taps;  // 2 * factor
  };

  void upsample(const AlignedBuffer<float>& encoded, std::size_t stage, std::size_t begin,
                std::size_t end, float* out, Scratch& scratch) const;

  std::size_t channels_ = 0;
  std::size_t outputs_ = 0;
  std::size_t global_size_ = 0;
  std::size_t width_ = 0;
  std::size_t samples_per_row_ = 1;
  std::size_t rows_per_frame_ = 1;
  std::vector<Convolution> layers_;
  std::vector<Upsampler> upsamplers_;
  StretchNetwork stretch_;
  SpreadNetwork spread_;
  bool relu_ = true;
  bool pad_with_edge_ = false;
  Upsampling upsampling_ = Upsampling::kRepeat;
  bool blends_ = false;
};

}  // namespace wavenet
