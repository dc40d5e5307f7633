#include "engines/stream_conditioning.h"

#include <algorithm>
#include <limits>

namespace wavenet {
namespace {

constexpr std::size_t kSamplesAtOnce = 16;  // that are projected

}  // namespace

StreamConditioning::StreamConditioning(const WaveNet& model, std::size_t speaker,
                                       const float* global_vector)
    : global_(model.condition_width()) {
  const std::vector<float> vector = model.global_vector(speaker, global_vector);
  model.condition_globally(vector, global_.data());
  if (model.shape().local.channels) track_ = FrameTrack(vector);
}

void StreamConditioning::append(const WaveNet& model, const float* features, std::size_t frames,
                                bool last, std::uint64_t time) {
  require(model.shape().local.channels, "the model takes no feature frames");
  require(!global_.empty(), "the stream has no conditioning yet");
  require(frames > 0 || !last || track_.received() > 0, "the model needs feature frames");
  track_.append(model.kernels(), model.condition_network(), features, frames, last, time);
}

std::uint64_t StreamConditioning::samples(const WaveNet& model) const {
  if (!model.shape().local.channels) return std::numeric_limits<std::uint64_t>::max();
  return track_.ready(model.condition_network()) * model.shape().local.hop_length;
}

void StreamConditioning::project(const WaveNet& model, std::uint64_t time, std::size_t steps) {
  if (global_.empty()) {
    require(!model.shape().global_size() && !model.shape().local.channels,
            "the stream has no conditioning yet");
    global_.resize(model.condition_width());
    model.condition_globally({}, global_.data());
  }
  if (!model.shape().local.channels) return;
  const ConditionNetwork& network = model.condition_network();
  const std::size_t hold = network.samples_per_row();
  const std::size_t total =
      (network.blends() ? track_.end() : track_.ready(network)) * network.rows_per_frame();
  const std::size_t first = time / hold;
  const std::size_t begin = first - std::min<std::size_t>(first, network.reach());
  std::size_t end = std::min(total, (time + steps - 1) / hold + 1 + network.reach());
  if (begin >= begin_ && end <= end_) return;

  // Rows that are still needed move to the start; the others follow.
  const std::size_t width = model.condition_width();
  const bool some_known = begin_ <= begin && begin < end_;
  const std::size_t known = some_known ? end_ - begin : 0;
  end = std::min(total, std::max(end, begin + kSamplesAtOnce / hold));
  float* rows = scratch_.room(0, (end - begin - known) * network.width());
  const std::size_t dropped = track_.first() * network.rows_per_frame();
  network.rows(track_.encoded(), begin + known - dropped, end - dropped, rows, scratch_);
  projected_.resize(std::max(projected_.size(), (end - begin) * width));
  std::copy_n(projected_.data() + (some_known ? begin - begin_ : 0) * width, known * width,
              projected_.data());
  for (std::size_t r = known; r < end - begin; ++r) {
    float* row = projected_.data() + r * width;
    if (network.blends()) {
      std::fill_n(row, width, 0.0f);
    } else {
      std::copy(global_.begin(), global_.end(), row);
    }
  }
  model.condition_locally(rows, end - begin - known, projected_.data() + known * width);
  begin_ = begin;
  end_ = end;
}

void StreamConditioning::start(const WaveNet& model, std::uint64_t time, std::size_t block,
                               float* activation) const {
  const std::size_t width = model.gate_width();
  const ConditionNetwork& network = model.condition_network();
  const bool local = model.shape().local.channels;
  if (local && network.blends()) {
    blend(model, time, block, activation);
    return;
  }
  const float* row = global_.data();
  if (local) {
    row = projected_.data() + (time / network.samples_per_row() - begin_) * model.condition_width();
  }
  std::copy_n(row + block * width, width, activation);
}

// Of a sample from the projected frames around it.
void StreamConditioning::blend(const WaveNet& model, std::uint64_t time, std::size_t block,
                               float* activation) const {
  const ConditionNetwork& network = model.condition_network();
  const std::size_t width = model.gate_width();
  const std::size_t hop = network.samples_per_row();
  const std::size_t frames = track_.end();
  const std::size_t frame = time / hop;
  const std::size_t before = std::min(frame, network.reach());
  const std::size_t after = std::min(frames - 1 - frame, network.reach());
  const float* weights =
      network.stretch().weights(frame, frames, time % hop) + network.reach() - before;
  const float* rows = projected_.data() + (frame - before - begin_) * model.condition_width();
  model.kernels().blend(global_.data() + block * width, rows + block * width,
                        model.condition_width(), weights, before + 1 + after, width, activation);
}

}  // namespace wavenet
