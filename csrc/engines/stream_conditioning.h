// What one stream of a WaveNet is conditioned on.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/aligned_buffer.h"
#include "base/scratch.h"
#include "engines/frame_track.h"
#include "engines/wavenet.h"

namespace wavenet {

// Projects the global vector to the gates of all blocks, and feature frames as time goes by.
class StreamConditioning {
 public:
  StreamConditioning() = default;  // of a stream that was given nothing
  StreamConditioning(const WaveNet& model, std::size_t speaker, const float* global_vector);

  // `features`: frames x local channels, row-major; more may follow unless they are the `last`.
  void append(const WaveNet& model, const float* features, std::size_t frames, bool last,
              std::uint64_t time);

  // Samples that it lasts for, from the start; unlimited without feature frames.
  std::uint64_t samples(const WaveNet& model) const;

  // Projects what the samples from `time` on need, for `steps`.
  void project(const WaveNet& model, std::uint64_t time, std::size_t steps);

  // Bias and global part of all blocks.
  const float* global() const { return global_.data(); }
  // What the activations of a block start from at `time`, which has been projected.
  void start(const WaveNet& model, std::uint64_t time, std::size_t block, float* activation) const;

 private:
  void blend(const WaveNet& model, std::uint64_t time, std::size_t block, float* activation) const;

  AlignedBuffer<float> global_;
  FrameTrack track_;  // frames of the condition network
  // Rows [begin_, end_): local part of all blocks, plus the global one unless rows are blended.
  AlignedBuffer<float> projected_;
  Scratch scratch_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace wavenet
