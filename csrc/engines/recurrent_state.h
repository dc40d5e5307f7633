// The mutable part of a recurrent model: what a few streams that advance together remember.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engines/recurrent.h"
#include "sampling/categorical.h"

namespace wavenet {

// Hidden and cell values of all layers, and the sample that is not fed back yet, of some streams.
struct RecurrentMemory {
  std::uint64_t time = 0;      // samples so far
  std::vector<float> hidden;   // [layer][stream][unit]
  std::vector<float> cell;     // the same, of an LSTM; else empty
  std::vector<float> samples;  // [stream][sample_width]; a class is a number, before the first -1
};

// Streams are the columns of every product. Time runs in blocks of one step (generation) or more
// (priming, scoring, effects) through the same code, so that both give the same bits. In a block
// each layer computes the part of its inputs for all steps at once. Copyable: a copy is a fork.
class RecurrentState {
 public:
  // `first_stream`: number of the first stream, for its random numbers.
  RecurrentState(std::shared_ptr<const Recurrent> model, std::size_t batch,
                 std::uint32_t first_stream);

  // The global vector of one stream (global_channels floats) from now on.
  void condition(std::size_t stream, const float* global_vector);

  // Draws `steps` samples. Those of stream b are at out + b * stride * sample_width, its covariates
  // (null if the model takes none) at covariates + b * stride * covariates.
  void generate(std::size_t steps, const float* covariates, const CategoricalOptions& options,
                std::uint64_t seed, float* out, std::size_t stride);

  // Feeds given samples (null: there is no feedback). Where they are not null, `log_likelihoods`
  // ([stream][stride]) receives the log-probability or log-density of each sample given those
  // before it [nats], `outputs` ([stream][stride][outputs]) the numbers that describe it.
  void feed(std::size_t steps, const float* samples, const float* covariates, std::size_t stride,
            float* log_likelihoods, float* outputs);

  std::size_t batch() const { return batch_; }
  std::uint64_t time() const { return time_; }

  // Adds these streams to `memory`, whose arrays have room for all streams (`batch` of them).
  void save(RecurrentMemory& memory, std::size_t batch) const;
  void restore(const RecurrentMemory& memory, std::size_t batch);

 private:
  template <typename Visit>
  void visit_memory(std::size_t batch, const Visit& visit) const;
  void set_input(std::size_t row, std::size_t stream, const float* covariates);
  void keep_sample(std::size_t stream, const float* sample);
  // One pass over `steps` inputs; outputs_ holds [step][stream] after it.
  void forward(std::size_t steps, bool with_outputs);
  void begin_gates(std::size_t steps);
  void run_layer(std::size_t index, std::size_t steps);
  const void* stored(const float* rows, std::size_t count, InputForm form, char* room) const;
  float log_likelihood(const float* outputs, const float* sample);
  void draw(const float* outputs, std::size_t stream, const CategoricalOptions& options,
            std::uint64_t seed, float* out);

  std::shared_ptr<const Recurrent> model_;
  std::size_t batch_;
  std::size_t block_steps_;  // most steps of a pass
  std::uint32_t first_stream_;
  std::uint64_t time_ = 0;
  std::vector<AlignedBuffer<float>> first_gates_;      // per stream
  std::vector<AlignedBuffer<float>> hidden_;           // per layer: [step + 1][stream][width]
  std::vector<AlignedBuffer<float>> cell_;             // per layer: [stream][width]
  std::vector<float> samples_;                         // [stream][sample_width], not fed back yet
  std::vector<std::int32_t> classes_;                  // [step][stream], fed back
  AlignedBuffer<float> given_;                         // [step][stream][given_channels]
  AlignedBuffer<float> gates_, sums_, outputs_;        // [step][stream]
  const float* layer_output_ = nullptr;                // rows of the layer that ran last
  AlignedBuffer<char> stored_hidden_, stored_inputs_;  // where they are not floats
  AlignedBuffer<float> zeros_;                         // width
  std::vector<float> scratch_;
};

}  // namespace wavenet
