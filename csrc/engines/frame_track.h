// The feature frames of one stream as the blocks see them. They may come a few at a time: what the
// condition network makes of a frame is kept only while samples need it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

#include "engines/condition_network.h"

namespace wavenet {

class FrameTrack {
 public:
  FrameTrack() = default;
  // With the global vector that the network sees beside every frame.
  explicit FrameTrack(std::vector<float> global_vector)
      : global_vector_(std::move(global_vector)) {}

  // The next feature frames (frames x channels, row-major); nothing follows the `last` ones. Frames
  // that the samples from `time` on do not need are dropped. Nothing has changed where it throws.
  void append(const Kernels& kernels, const ConditionNetwork& network, const float* features,
              std::size_t frames, bool last, std::size_t time);

  bool ended() const { return ended_; }
  std::size_t received() const { return features_end_; }  // feature frames so far
  // Frames so far, as the blocks see them, from the start; those before first() are dropped.
  std::size_t end() const { return end_; }
  std::size_t first() const { return first_; }
  const AlignedBuffer<float>& encoded() const { return encoded_; }  // [first(), end())

  // Frames whose samples are conditioned, since all that they depend on has come.
  std::size_t ready(const ConditionNetwork& network) const {
    return ended_ ? end_ : end_ - std::min(end_, network.lookahead());
  }

 private:
  std::vector<float> global_vector_;
  std::vector<float> features_;  // the last frames that came, for those to come
  std::size_t features_first_ = 0;
  std::size_t features_end_ = 0;
  AlignedBuffer<float> encoded_;
  std::size_t first_ = 0;
  std::size_t end_ = 0;
  bool ended_ = false;
};

}  // namespace wavenet
