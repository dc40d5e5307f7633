#include "engines/wavenet_pipeline.h"

#include <algorithm>
#include <exception>

#include "base/helper.h"

namespace wavenet {

WaveNetPipeline::WaveNetPipeline(const WaveNet& model) {
  const std::size_t gated_bytes = model.half_width() * model.linear().input_bytes;
  std::vector<PackedLinear*> chain, rest;
  for (const WaveNet::Block& block : model.blocks()) {
    residuals_.push_back(block.residual);
    skips_.push_back(block.skip);
    gated_.emplace_back(gated_bytes);
  }
  for (PackedLinear& layer : residuals_) chain.push_back(&layer);
  for (PackedLinear& layer : skips_) rest.push_back(&layer);
  place_together(chain);
  place_together(rest);
}

bool WaveNetPipeline::generate(WaveNetState& state, std::size_t steps,
                               const CategoricalOptions& options, std::uint64_t seed,
                               std::uint16_t* out) {
  blocks_done_.set(0);
  samples_done_.set(0);
  state.project_conditioning(state.time_, 1);
  state.planes_.leave(state.histories_);
  for (std::size_t l = 0; l < residuals_.size(); ++l) {
    state.look_ahead(l, state.time_, state.histories_[l].last(0));
  }
  std::exception_ptr failures[2];
  const auto run = [](Counter& done, std::exception_ptr& failure, const auto& work) {
    try {
      work();
    } catch (...) {
      failure = std::current_exception();
      done.set(Counter::kStopped);  // the other thread does not wait for ever
    }
  };
  const auto follow_all = [&] {
    run(samples_done_, failures[1], [&] { follow(state, steps, options, seed, out); });
  };
  Helper follower;
  if (!follower.start(follow_all)) return false;
  run(blocks_done_, failures[0], [&] { lead(state, steps); });
  follower.wait();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
  state.time_ += steps;
  return true;
}

void WaveNetPipeline::lead(WaveNetState& state, std::size_t steps) {
  const WaveNet& model = *state.model_;
  const LinearKernels& linear = model.linear();
  std::uint64_t done = 0;
  for (std::size_t t = 0; t < steps && samples_done_.wait_for(t); ++t) {
    state.embed(state.next_.data(), 1);
    for (std::size_t l = 0; l < residuals_.size(); ++l) {
      const WaveNet::Block& block = model.blocks()[l];
      char* current = state.histories_[l].append(1);
      linear.encode(state.carry_.data(), block.bias.data(), block.residual_form,
                    model.residual_width(), current);
      float* activations = state.ahead_[l].row(state.time_ + t, model.gate_width());
      block.taps.back().accumulate(current, 0, activations, 0, 1);
      linear.gate(activations, activations + model.half_width(), block.gated_form,
                  model.half_width(), gated_[l].data());
      blocks_done_.set(++done);
      residuals_[l].accumulate(gated_[l].data(), 0, state.carry_.data(), 0, 1);
    }
  }
}

void WaveNetPipeline::follow(WaveNetState& state, std::size_t steps,
                             const CategoricalOptions& options, std::uint64_t seed,
                             std::uint16_t* out) {
  const std::uint64_t end = state.conditioned_samples();
  float* skips = state.carry_.data() + state.model_->residual_width();
  std::uint64_t done = 0;
  for (std::size_t t = 0; t < steps; ++t) {
    const std::uint64_t next = state.time_ + t + 1;
    if (next < end) state.project_conditioning(next, 1);
    for (std::size_t l = 0; l < skips_.size(); ++l) {
      if (!blocks_done_.wait_for(++done)) return;
      skips_[l].accumulate(gated_[l].data(), 0, skips, 0, 1);
      if (next < end) state.look_ahead(l, next, state.histories_[l].last(0));
    }
    state.run_head(1);
    out[t] = state.draw(0, next - 1, options, seed);
    samples_done_.set(t + 1);
  }
}

}  // namespace wavenet
