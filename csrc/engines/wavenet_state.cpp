#include "engines/wavenet_state.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wavenet {
namespace {

constexpr std::size_t kBlockColumns = 96;  // columns of a pass: its activations stay in L2
constexpr std::size_t kAheadColumns = 6;   // more save little: the current tap's weights remain

// range[i] = the largest |rows[c * stride + i]| so far.
void widen(std::vector<float>& range, const float* rows, std::size_t stride, std::size_t count) {
  for (std::size_t c = 0; c < count; ++c) {
    for (std::size_t i = 0; i < range.size(); ++i) {
      range[i] = std::max(range[i], std::abs(rows[c * stride + i]));
    }
  }
}

}  // namespace

WaveNetState::WaveNetState(std::shared_ptr<const WaveNet> model, std::size_t batch,
                           std::uint32_t first_stream)
    : model_(std::move(model)),
      batch_(batch),
      block_steps_(
          std::max<std::size_t>(1, (model_->planar().empty() ? kBlockColumns : kPlanarColumns) /
                                       std::max<std::size_t>(1, batch))),
      ahead_steps_(std::max<std::size_t>(1, kAheadColumns / std::max<std::size_t>(1, batch))),
      first_stream_(first_stream),
      conditioning_(batch) {
  require(batch >= 1, "there must be at least one stream");
  const WaveNetShape& shape = model_->shape();
  const std::size_t bytes = model_->linear().input_bytes;
  for (const WaveNet::Block& block : model_->blocks()) {
    const std::int32_t zero = kByteZero - model_->linear().stored_shift;
    histories_.emplace_back((shape.kernel_size - 1) * block.dilation,
                            batch * model_->residual_width() * bytes, block_steps_,
                            static_cast<char>(bytes == 1 ? zero : 0));
  }
  ahead_.resize(histories_.size());
  recent_.assign(batch * shape.input_kernel_size, -1);
  next_.assign(batch, static_cast<std::int32_t>(shape.silence));
  const std::size_t columns = batch * block_steps_;
  inputs_.resize(columns);
  carry_.resize(columns * model_->carry_width());
  activations_.resize(columns * model_->gate_width());
  gated_.resize(columns * model_->half_width() * bytes);
  positive_.resize(columns * model_->skip_width());
  hidden_.resize(columns * model_->skip_width());
  logits_.resize(columns * model_->output_width());
  planes_ = WaveNetPlanes(*model_, batch, columns);
}

void WaveNetState::condition(std::size_t stream, std::size_t speaker, const float* global_vector,
                             const float* features, std::size_t frames, bool last) {
  require(stream < batch_, "stream ", stream, " is not one of ", batch_);
  StreamConditioning conditioning(*model_, speaker, global_vector);
  if (model_->shape().local.channels) {
    conditioning.append(*model_, features, frames, last, time_);
  }
  conditioning_[stream] = std::move(conditioning);
  for (Ahead& ahead : ahead_) ahead.begin = ahead.end = 0;
}

void WaveNetState::append(std::size_t stream, const float* features, std::size_t frames,
                          bool last) {
  require(stream < batch_, "stream ", stream, " is not one of ", batch_);
  conditioning_[stream].append(*model_, features, frames, last, time_);
}

StepCost WaveNetState::step_cost() const {
  const auto columns = static_cast<double>(batch_);
  StepCost cost;
  for (const WaveNet::Block& block : model_->blocks()) {
    const auto ahead = static_cast<double>(std::min(ahead_steps_, block.dilation));
    for (const PackedLinear& tap : block.taps) {
      tap.add_cost(columns, &tap == &block.taps.back() ? 1.0 : 1.0 / ahead, cost);
    }
    block.residual.add_cost(columns, 1.0, cost);
    block.skip.add_cost(columns, 1.0, cost);
  }
  model_->add_cost(columns, cost);
  return cost;
}

void WaveNetState::observe() {
  require(&model_->linear() == &model_->kernels().float32,
          "activation ranges are those of the model in float32");
  observing_ = true;
  const WaveNetShape& shape = model_->shape();
  const std::size_t blocks = histories_.size();
  observed_.residual.assign(blocks, std::vector<float>(shape.residual_channels));
  observed_.gated.assign(blocks, std::vector<float>(shape.gate_channels / 2));
}

std::uint64_t WaveNetState::conditioned_samples() const {
  std::uint64_t samples = std::numeric_limits<std::uint64_t>::max();
  for (const StreamConditioning& conditioning : conditioning_) {
    samples = std::min(samples, conditioning.samples(*model_));
  }
  return samples;
}

void WaveNetState::generate(std::size_t steps, const CategoricalOptions& options,
                            std::uint64_t seed, std::uint16_t* out, std::size_t stride) {
  for (std::size_t t = 0; t < steps; ++t) {
    const std::uint64_t now = time_;
    forward(next_.data(), 1, true);
    for (std::size_t b = 0; b < batch_; ++b) out[b * stride + t] = draw(b, now, options, seed);
  }
}

// The sample of `time` from the logits, which becomes the next input.
std::uint16_t WaveNetState::draw(std::size_t stream, std::uint64_t time,
                                 const CategoricalOptions& options, std::uint64_t seed) {
  const float* logits = logits_.data() + stream * model_->output_width();
  const auto number = first_stream_ + static_cast<std::uint32_t>(stream);
  const std::uint32_t code = sample(model_->kernels(), model_->shape().output, logits, options,
                                    uniform(seed, number, time), scratch_);
  next_[stream] = static_cast<std::int32_t>(code);
  return static_cast<std::uint16_t>(code);
}

void WaveNetState::feed(std::size_t steps, const std::uint16_t* samples, std::size_t stride,
                        float* log_likelihoods, float* logits) {
  const OutputShape& shape = model_->shape().output;
  const std::size_t channels = shape.channels();
  const bool with_logits = log_likelihoods || logits;
  const std::size_t passed = with_logits || observing_ ? 0 : pass_over(steps, samples, stride);
  for (std::size_t start = passed; start < steps; start += block_steps_) {
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
        const float* row = logits_.data() + (t * batch_ + b) * model_->output_width();
        if (logits) std::copy_n(row, channels, logits + place * channels);
        if (log_likelihoods) {
          log_likelihoods[place] =
              log_probability(model_->kernels(), shape, row, samples[place], scratch_);
        }
      }
    }
  }
}

// Samples that a receptive field of others follows leave no trace: only the time goes on.
std::size_t WaveNetState::pass_over(std::size_t steps, const std::uint16_t* samples,
                                    std::size_t stride) {
  const std::size_t passed = steps - std::min(steps, model_->shape().receptive_field());
  if (passed == 0) return 0;
  for (std::size_t b = 0; b < batch_; ++b) next_[b] = samples[b * stride + passed - 1];
  time_ += passed;
  return passed;
}

void WaveNetState::forward(const std::int32_t* inputs, std::size_t steps, bool with_logits) {
  project_conditioning(time_, steps);
  if (planes_.take(steps * batch_) && !observing_) {
    planes_.run(*model_, conditioning_.front().global(), histories_, inputs, steps * batch_,
                recent_.data(), with_logits ? carry_.data() + model_->residual_width() : nullptr);
  } else {
    planes_.leave(histories_);
    embed(inputs, steps);
    if (steps * batch_ == 1 && !observing_) {
      step_blocks();
    } else {
      for (std::size_t l = 0; l < histories_.size(); ++l) run_block(l, steps);
    }
  }
  if (with_logits) run_head(steps);
  time_ += steps;
}

void WaveNetState::run_head(std::size_t steps) {
  model_->head(carry_.data() + model_->residual_width(), model_->carry_width(), steps * batch_,
               positive_.data(), hidden_.data(), logits_.data());
}

void WaveNetState::embed(const std::int32_t* inputs, std::size_t steps) {
  const std::size_t taps = model_->shape().input_kernel_size;
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t b = 0; b < batch_; ++b) {
      std::int32_t* recent = recent_.data() + b * taps;
      std::copy(recent + 1, recent + taps, recent);
      recent[taps - 1] = inputs[t * batch_ + b];
      model_->embed(recent, carry_.data() + (t * batch_ + b) * model_->carry_width());
    }
  }
}

// Each block leaves the inputs of the next one.
void WaveNetState::step_blocks() {
  const LinearKernels& linear = model_->linear();
  const std::vector<WaveNet::Block>& blocks = model_->blocks();
  const std::size_t width = model_->residual_width(), gate_width = model_->gate_width();
  char* current = histories_[0].append(1);
  linear.encode(carry_.data(), blocks[0].bias.data(), blocks[0].residual_form, width, current);
  BlockStep step{nullptr, nullptr, gated_.data(), carry_.data(), carry_.data() + width, nullptr};
  for (std::size_t l = 0; l < blocks.size(); ++l) {
    look_ahead(l, time_, current);
    step.input = current;
    step.activations = ahead_[l].row(time_, gate_width);
    if (l + 1 < blocks.size()) current = histories_[l + 1].append(1);
    step.next_input = current;
    linear.step_block(blocks[l].view, step);
  }
}

void WaveNetState::run_block(std::size_t index, std::size_t steps) {
  const WaveNet& model = *model_;
  const LinearKernels& linear = model.linear();
  const WaveNet::Block& block = model.blocks()[index];
  const std::size_t columns = steps * batch_;
  const std::size_t width = model.residual_width(), half = model.half_width();
  const std::size_t row_bytes = width * linear.input_bytes;
  const std::size_t gated_bytes = half * linear.input_bytes;

  char* current = histories_[index].append(steps);
  for (std::size_t c = 0; c < columns; ++c) {
    linear.encode(carry_.data() + c * model.carry_width(), block.bias.data(), block.residual_form,
                  width, current + c * row_bytes);
  }
  float* activations = activations_.data();
  if (steps == 1 && ahead_steps_ > 1 && block.dilation > 1) {
    look_ahead(index, time_, current);
    activations = ahead_[index].row(time_, batch_ * model.gate_width());
  } else {
    add_past_taps(index, current, steps, start(index, time_, steps, activations), activations);
  }
  block.taps.back().accumulate(current, row_bytes, activations, model.gate_width(), columns);
  for (std::size_t c = 0; c < columns; ++c) {
    const float* row = activations + c * model.gate_width();
    linear.gate(row, row + half, block.gated_form, half, gated_.data() + c * gated_bytes);
  }
  block.residual.accumulate(gated_.data(), gated_bytes, carry_.data(), model.carry_width(),
                            columns);
  block.skip.accumulate(gated_.data(), gated_bytes, carry_.data() + width, model.carry_width(),
                        columns);
  if (observing_) observe_block(index, columns);
}

// The blocks take turns in looking ahead, so that no step has to wait for all of them.
void WaveNetState::renew(std::size_t index, std::uint64_t time, const char* current) {
  Ahead& ahead = ahead_[index];
  const WaveNet::Block& block = model_->blocks()[index];
  const std::size_t most = std::min(ahead_steps_, block.dilation);
  const auto steps = static_cast<std::size_t>(
      std::min<std::uint64_t>(most - (time + index) % most, conditioned_samples() - time));
  ahead.begin = time;
  ahead.end = time + steps;
  ahead.rows.resize(most * batch_ * model_->gate_width());
  float* rows = ahead.rows.data();
  add_past_taps(index, current, steps, start(index, time, steps, rows), rows);
}

// Activations without the current tap, for the steps from the one at `current` on.
void WaveNetState::add_past_taps(std::size_t index, const char* current, std::size_t steps,
                                 Start start, float* activations) const {
  const WaveNet::Block& block = model_->blocks()[index];
  const std::size_t row_bytes = model_->residual_width() * model_->linear().input_bytes;
  for (std::size_t back = block.taps.size() - 1; back > 0; --back) {
    const PackedLinear& tap = block.taps[block.taps.size() - 1 - back];
    tap.apply(current - back * block.dilation * batch_ * row_bytes, row_bytes, start.rows,
              start.stride, activations, model_->gate_width(), steps * batch_);
    start = {activations, model_->gate_width()};
  }
}

void WaveNetState::project_conditioning(std::uint64_t time, std::size_t steps) {
  const std::uint64_t left = conditioned_samples() - time;
  require(steps <= left, "the feature frames end before the samples do");
  const std::size_t wanted = std::max(steps, ahead_steps_);
  for (StreamConditioning& conditioning : conditioning_) {
    conditioning.project(*model_, time,
                         static_cast<std::size_t>(std::min<std::uint64_t>(wanted, left)));
  }
}

// Bias and conditioning of the steps from `time` on, in `room` where they differ.
WaveNetState::Start WaveNetState::start(std::size_t block, std::uint64_t time, std::size_t steps,
                                        float* room) const {
  const std::size_t width = model_->gate_width();
  if (!model_->shape().local.channels && (batch_ == 1 || !model_->shape().global_size())) {
    return {conditioning_.front().global() + block * width, 0};
  }
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t b = 0; b < batch_; ++b) {
      conditioning_[b].start(*model_, time + t, block, room + (t * batch_ + b) * width);
    }
  }
  return {room, width};
}

void WaveNetState::observe_block(std::size_t index, std::size_t columns) {
  const char* rows = histories_[index].last(columns / batch_);
  widen(observed_.residual[index], reinterpret_cast<const float*>(rows), model_->residual_width(),
        columns);
  widen(observed_.gated[index], reinterpret_cast<const float*>(gated_.data()), model_->half_width(),
        columns);
}

}  // namespace wavenet
