#include "engines/wavenet_state.h"

#include <algorithm>
#include <limits>

namespace wavenet {
namespace {

constexpr std::size_t kBlockColumns = 96;        // columns of a pass: its activations stay in L2
constexpr std::size_t kConditionedSamples = 16;  // samples whose conditioning is projected at once

std::size_t gated_width(const WaveNet& model) { return model.half_width() + kPanel; }

}  // namespace

WaveNetState::WaveNetState(std::shared_ptr<const WaveNet> model, std::size_t batch,
                           std::uint32_t first_stream)
    : model_(std::move(model)),
      batch_(batch),
      block_steps_(std::max<std::size_t>(1, kBlockColumns / std::max<std::size_t>(1, batch))),
      first_stream_(first_stream),
      conditioning_(batch) {
  require(batch >= 1, "there must be at least one stream");
  const WaveNetShape& shape = model_->shape();
  for (const WaveNet::Block& block : model_->blocks()) {
    histories_.emplace_back((shape.kernel_size - 1) * block.dilation,
                            batch * model_->residual_width(), block_steps_);
  }
  recent_.assign(batch * shape.input_kernel_size, -1);
  next_.assign(batch, static_cast<std::int32_t>(shape.silence));
  const std::size_t columns = batch * block_steps_;
  inputs_.resize(columns);
  carry_.resize(columns * model_->carry_width());
  activations_.resize(columns * model_->gate_width());
  gated_.resize(columns * gated_width(*model_));
  hidden_.resize(columns * model_->skip_width());
  logits_.resize(columns * model_->class_width());
}

void WaveNetState::condition(std::size_t stream, std::size_t speaker, const float* global_vector,
                             const float* features, std::size_t frames) {
  require(stream < batch_, "stream ", stream, " is not one of ", batch_);
  Conditioning& conditioning = conditioning_[stream];
  const std::vector<float> vector = model_->global_vector(speaker, global_vector);
  conditioning.global.resize(model_->condition_width());
  model_->condition_globally(vector, conditioning.global.data());
  if (model_->shape().local.channels) {
    require(features != nullptr && frames > 0, "the model needs feature frames");
    conditioning.encoded =
        model_->condition_network().encode(model_->kernels(), features, frames, vector.data());
  }
  conditioning.begin = conditioning.end = 0;
}

std::uint64_t WaveNetState::conditioned_samples() const {
  if (!model_->shape().local.channels) return std::numeric_limits<std::uint64_t>::max();
  const ConditionNetwork& network = model_->condition_network();
  std::uint64_t frames = std::numeric_limits<std::uint64_t>::max();
  for (const Conditioning& conditioning : conditioning_) {
    frames = std::min<std::uint64_t>(frames, conditioning.encoded.size() / network.width());
  }
  return frames * model_->shape().local.hop_length;
}

void WaveNetState::generate(std::size_t steps, const CategoricalOptions& options,
                            std::uint64_t seed, std::uint16_t* out, std::size_t stride) {
  const std::size_t classes = model_->shape().classes;
  for (std::size_t t = 0; t < steps; ++t) {
    const std::uint64_t now = time_;
    forward(next_.data(), 1, true);
    for (std::size_t b = 0; b < batch_; ++b) {
      const auto stream = first_stream_ + static_cast<std::uint32_t>(b);
      const std::uint32_t code =
          sample_categorical(model_->kernels(), logits_.data() + b * model_->class_width(), classes,
                             options, uniform(seed, stream, now)[0], scratch_);
      next_[b] = static_cast<std::int32_t>(code);
      out[b * stride + t] = static_cast<std::uint16_t>(code);
    }
  }
}

void WaveNetState::feed(std::size_t steps, const std::uint16_t* samples, std::size_t stride,
                        float* log_likelihoods, float* logits) {
  const std::size_t classes = model_->shape().classes;
  const bool with_logits = log_likelihoods || logits;
  for (std::size_t start = 0; start < steps; start += block_steps_) {
    const std::size_t count = std::min(block_steps_, steps - start);
    for (std::size_t t = 0; t < count; ++t) {
      for (std::size_t b = 0; b < batch_; ++b) {
        inputs_[t * batch_ + b] = next_[b];
        next_[b] = samples[b * stride + start + t];
      }
    }
    forward(inputs_.data(), count, with_logits);
    if (!with_logits) continue;
    for (std::size_t t = 0; t < count; ++t) {
      for (std::size_t b = 0; b < batch_; ++b) {
        const std::size_t place = b * stride + start + t;
        const float* row = logits_.data() + (t * batch_ + b) * model_->class_width();
        if (logits) std::copy_n(row, classes, logits + place * classes);
        if (log_likelihoods) {
          log_likelihoods[place] =
              log_probability(model_->kernels(), row, classes, samples[place], scratch_);
        }
      }
    }
  }
}

void WaveNetState::forward(const std::int32_t* inputs, std::size_t steps, bool with_logits) {
  for (Conditioning& conditioning : conditioning_) project(conditioning, steps);
  embed(inputs, steps);
  for (std::size_t l = 0; l < histories_.size(); ++l) run_block(l, steps);
  if (with_logits) {
    model_->head(carry_.data() + model_->residual_width(), model_->carry_width(), steps * batch_,
                 hidden_.data(), logits_.data());
  }
  time_ += steps;
}

void WaveNetState::embed(const std::int32_t* inputs, std::size_t steps) {
  const std::size_t taps = model_->shape().input_kernel_size;
  const std::size_t width = model_->residual_width();
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t b = 0; b < batch_; ++b) {
      std::int32_t* recent = recent_.data() + b * taps;
      std::copy(recent + 1, recent + taps, recent);
      recent[taps - 1] = inputs[t * batch_ + b];
      float* carry = carry_.data() + (t * batch_ + b) * model_->carry_width();
      model_->embed(recent, carry);
      std::fill_n(carry + width, model_->skip_width(), 0.0f);
    }
  }
}

void WaveNetState::run_block(std::size_t index, std::size_t steps) {
  const WaveNet& model = *model_;
  const Kernels& kernels = model.kernels();
  const WaveNet::Block& block = model.blocks()[index];
  const std::size_t columns = steps * batch_;
  const std::size_t width = model.residual_width();
  const std::size_t half = model.half_width();

  float* current = histories_[index].append(steps);
  for (std::size_t c = 0; c < columns; ++c) {
    std::copy_n(carry_.data() + c * model.carry_width(), width, current + c * width);
  }
  fill_activations(index, steps);
  for (std::size_t k = 0; k < block.taps.size(); ++k) {
    const std::size_t delay = (block.taps.size() - 1 - k) * block.dilation;
    block.taps[k].accumulate(kernels, current - delay * batch_ * width, width, activations_.data(),
                             model.gate_width(), columns);
  }
  const std::size_t stride = gated_width(model);
  for (std::size_t c = 0; c < columns; ++c) {
    const float* row = activations_.data() + c * model.gate_width();
    float* gated = gated_.data() + c * stride;
    kernels.gate(row, row + half, gated, half);
    gated[model.shape().gate_channels / 2] = 1.0f;  // the bias of `out`
  }
  float* destination = carry_.data() + (block.last ? width : 0);
  block.out.accumulate(kernels, gated_.data(), stride, destination, model.carry_width(), columns);
}

void WaveNetState::project(Conditioning& conditioning, std::size_t steps) const {
  if (conditioning.global.empty()) {
    require(!model_->shape().global_size() && !model_->shape().local.channels,
            "the stream has no conditioning yet");
    conditioning.global.resize(model_->condition_width());
    model_->condition_globally({}, conditioning.global.data());
  }
  if (!model_->shape().local.channels) return;
  const ConditionNetwork& network = model_->condition_network();
  const std::size_t hold = network.samples_per_row();
  const std::size_t begin = time_ / hold;
  std::size_t end = (time_ + steps - 1) / hold + 1;
  if (begin >= conditioning.begin && end <= conditioning.end) return;

  const std::size_t total =
      conditioning.encoded.size() / network.width() * network.rows_per_frame();
  require(end <= total, "the feature frames end before the samples do");
  end = std::min(total, std::max(end, begin + kConditionedSamples / hold));
  const std::size_t count = end - begin;
  AlignedBuffer<float> rows(count * network.width());
  network.rows(model_->kernels(), conditioning.encoded, begin, end, rows.data());
  conditioning.projected.resize(count * model_->condition_width());
  for (std::size_t r = 0; r < count; ++r) {
    std::copy(conditioning.global.begin(), conditioning.global.end(),
              conditioning.projected.data() + r * model_->condition_width());
  }
  model_->condition_locally(rows.data(), count, conditioning.projected.data());
  conditioning.begin = begin;
  conditioning.end = end;
}

void WaveNetState::fill_activations(std::size_t block, std::size_t steps) {
  const std::size_t width = model_->gate_width();
  const bool local = model_->shape().local.channels;
  const std::size_t hold = local ? model_->condition_network().samples_per_row() : 1;
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t b = 0; b < batch_; ++b) {
      const Conditioning& conditioning = conditioning_[b];
      const float* row = conditioning.global.data();
      if (local) {
        row = conditioning.projected.data() +
              ((time_ + t) / hold - conditioning.begin) * model_->condition_width();
      }
      std::copy_n(row + block * width, width, activations_.data() + (t * batch_ + b) * width);
    }
  }
}

}  // namespace wavenet
