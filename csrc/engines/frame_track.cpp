#include "engines/frame_track.h"

#include <algorithm>

#include "base/checks.h"

namespace wavenet {

void FrameTrack::append(const Kernels& kernels, const ConditionNetwork& network,
                        const float* features, std::size_t frames, bool last, std::size_t time) {
  require(!ended_, "the feature frames have ended; none can follow");
  if (features_end_ == 0 && last) {  // all at once
    encoded_ = network.encode(kernels, features, frames, global_vector_.data());
    features_end_ = end_ = frames;
    ended_ = true;
    return;
  }
  const std::size_t channels = network.channels();
  std::vector<float> joined = features_;
  joined.insert(joined.end(), features, features + frames * channels);
  const std::size_t features_end = features_end_ + frames;
  // Convolutions see `context` frames on each side; beyond the first and the last there is padding.
  const std::size_t context = network.context();
  const std::size_t end = last ? features_end : features_end - std::min(features_end, context);
  if (end <= end_) {
    features_ = std::move(joined);
    features_end_ = features_end;
    ended_ = last;
    return;
  }
  const AlignedBuffer<float> rows =
      network.encode(kernels, joined.data(), features_end - features_first_, global_vector_.data());
  const std::size_t width = network.width();
  // Upsampling looks back as far as ahead; one more, as no row may look like the very first one.
  const std::size_t needed = time / network.hop_length();
  const std::size_t behind = std::min(needed, network.lookahead() + 1);
  const std::size_t first = std::clamp(needed - behind, first_, end_);
  AlignedBuffer<float> kept(encoded_.begin() + (first - first_) * width, encoded_.end());
  kept.insert(kept.end(), rows.begin() + (end_ - features_first_) * width,
              rows.begin() + (end - features_first_) * width);
  const std::size_t from = end - std::min(end, context);
  joined.erase(joined.begin(), joined.begin() + (from - features_first_) * channels);
  features_ = std::move(joined);
  features_first_ = from;
  features_end_ = features_end;
  encoded_ = std::move(kept);
  first_ = first;
  end_ = end;
  ended_ = last;
}

}  // namespace wavenet
