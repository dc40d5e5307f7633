// The mutable part of a WaveNet: what a few streams that advance together remember.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/random.h"
#include "engines/stream_conditioning.h"
#include "layers/history.h"
#include "sampling/output.h"

namespace wavenet {

// Streams are the columns of every product. Time runs in blocks of one step (generation) or more
// (priming, scoring) through the same code, so that both give the same bits. Copyable: a copy is a
// fork of the streams.
class WaveNetState {
 public:
  // `first_stream`: number of the first stream, for its random numbers.
  WaveNetState(std::shared_ptr<const WaveNet> model, std::size_t batch, std::uint32_t first_stream);

  // Conditioning of one stream from its start on. `features`: frames x local channels, row-major;
  // more may follow by append() unless they are the `last` ones.
  void condition(std::size_t stream, std::size_t speaker, const float* global_vector,
                 const float* features, std::size_t frames, bool last);
  void append(std::size_t stream, const float* features, std::size_t frames, bool last);

  // Draws `steps` samples; codes of stream b at out + b * stride.
  void generate(std::size_t steps, const CategoricalOptions& options, std::uint64_t seed,
                std::uint16_t* out, std::size_t stride);

  // Feeds given samples; codes of stream b at samples + b * stride. Where they are not null,
  // `log_likelihoods` (stream b at + b * stride) receives the log-probability of each sample given
  // those before it [nats], `logits` ([stream][stride][channels]) what it was computed from.
  // Without either, samples before the last receptive field cost nothing.
  void feed(std::size_t steps, const std::uint16_t* samples, std::size_t stride,
            float* log_likelihoods, float* logits);

  std::size_t batch() const { return batch_; }
  std::uint64_t time() const { return time_; }  // samples so far
  StepCost step_cost() const;                   // of generation, all streams together
  // Keeps the largest magnitudes of the activations from now on; float32 models alone.
  void observe();
  bool observing() const { return observing_; }
  const ActivationRanges& observed() const { return observed_; }

  // Samples that the conditioning so far lasts for, from the start; unlimited without a local one.
  std::uint64_t conditioned_samples() const;

 private:
  friend class WaveNetPipeline;

  // What a block's activations hold before its current tap: conditioning and past taps, computed
  // for the samples [begin, end) at once, since a dilated tap looks back further than that.
  struct Ahead {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    AlignedBuffer<float> rows;  // [step][stream][gate_width]

    float* row(std::uint64_t time, std::size_t width) {
      return rows.data() + (time - begin) * width;
    }
  };

  // Rows for the columns of some steps: what the sums of activations start from.
  struct Start {
    const float* rows;
    std::size_t stride;  // 0: the same for all
  };

  std::size_t pass_over(std::size_t steps, const std::uint16_t* samples, std::size_t stride);
  // One pass over `steps` inputs ([step][stream]); logits_ holds [step][stream] after it.
  void forward(const std::int32_t* inputs, std::size_t steps, bool with_logits);
  void embed(const std::int32_t* inputs, std::size_t steps);
  void step_blocks();  // run_block() of all, for one step of one stream
  void run_block(std::size_t index, std::size_t steps);
  void run_head(std::size_t steps);
  // Sees to it that a block's Ahead holds the sample at `time`, whose input has or will have its
  // place at `current`. Time never goes back.
  void look_ahead(std::size_t index, std::uint64_t time, const char* current) {
    if (time >= ahead_[index].end) renew(index, time, current);
  }
  void renew(std::size_t index, std::uint64_t time, const char* current);
  std::uint16_t draw(std::size_t stream, std::uint64_t time, const CategoricalOptions& options,
                     std::uint64_t seed);
  void add_past_taps(std::size_t index, const char* current, std::size_t steps, Start start,
                     float* activations) const;
  // Projects what the samples from `time` on need, for `steps` and for looking ahead.
  void project_conditioning(std::uint64_t time, std::size_t steps);
  Start start(std::size_t block, std::uint64_t time, std::size_t steps, float* room) const;
  void observe_block(std::size_t index, std::size_t columns);

  std::shared_ptr<const WaveNet> model_;
  std::size_t batch_;
  std::size_t block_steps_;  // most steps of a pass
  std::size_t ahead_steps_;  // most steps of an Ahead; 1: none
  std::uint32_t first_stream_;
  std::uint64_t time_ = 0;
  std::vector<StreamConditioning> conditioning_;
  std::vector<History> histories_;    // per block: rows of batch x residual_width
  WaveNetPlanes planes_;              // where the histories are while blocks run in planes
  std::vector<Ahead> ahead_;          // per block
  std::vector<std::int32_t> recent_;  // per stream: the last input_kernel_size inputs
  std::vector<std::int32_t> next_;    // per stream: the sample that is not fed yet
  std::vector<std::int32_t> inputs_;  // [step][stream]
  AlignedBuffer<float> carry_, activations_, positive_, hidden_, logits_;
  AlignedBuffer<char> gated_;  // inputs of layers, as they are stored
  std::vector<float> scratch_;
  bool observing_ = false;
  ActivationRanges observed_;
};

}  // namespace wavenet
