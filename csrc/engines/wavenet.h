// WaveNet: an immutable packed model, and streams that advance over it (arXiv 1609.03499; the
// generation with cached activations is that of arXiv 1611.09482).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engines/condition_network.h"
#include "engines/wavenet_planar.h"
#include "layers/weight_memory.h"

namespace wavenet {

// Weights packed for the kernels that were in use when the model was built. Rows of activations
// are padded to whole panels: a gate row is [filter | gate], a carry row is [residual | skip].
class WaveNet {
 public:
  // `tensors` under the names and shapes of the torch module; they are copied. The blocks and the
  // head compute in `precision`, but for the head of 8 bits, which has bfloat16 weights: its errors
  // would go straight to the logits. The condition network always computes in float32. `ranges`
  // matters to 8 bits alone. Throws std::invalid_argument where a tensor is missing or misshapen,
  // or the shape or the ranges make no sense.
  WaveNet(const WaveNetShape& shape, const Tensors& tensors, Precision precision,
          const ActivationRanges& ranges);

  struct Block {
    std::vector<PackedLinear> taps;  // oldest first, each residual -> gate row
    PackedLinear residual, skip;     // gated activation -> parts of the carry row
    std::size_t dilation;
    InputForm residual_form;
    InputForm gated_form;
    AlignedBuffer<float> residual_scales, gated_scales;  // of the forms
    AlignedBuffer<float> bias;  // of the residual outputs of all blocks before
    BlockView view;             // of the above, for steps of one stream
  };

  const WaveNetShape& shape() const { return shape_; }
  const Kernels& kernels() const { return *kernels_; }
  const LinearKernels& linear() const { return *linear_; }  // of the blocks
  const std::vector<Block>& blocks() const { return blocks_; }
  const PlanarBlocks& planar() const { return planar_; }  // the same blocks; may be empty
  const ConditionNetwork& condition_network() const { return condition_network_; }

  std::size_t residual_width() const { return padded(shape_.residual_channels); }
  std::size_t skip_width() const { return padded(shape_.skip_channels); }
  std::size_t half_width() const { return padded(shape_.gate_channels / 2); }
  std::size_t gate_width() const { return 2 * half_width(); }
  std::size_t carry_width() const { return residual_width() + skip_width(); }
  std::size_t output_width() const { return padded(shape_.output.channels()); }
  // Width of the conditioning of all blocks side by side.
  std::size_t condition_width() const { return blocks_.size() * gate_width(); }

  // Adds the cost of the layers outside the blocks for `columns` streams.
  void add_cost(double columns, StepCost& cost) const;

  // A carry row before the first block: input convolution of the codes[0 .. input_kernel_size),
  // oldest first, where a negative code is the zero padding before the start; skip biases.
  void embed(const std::int32_t* codes, float* carry) const;

  // The residual part of the same for `columns` columns, in planes: tap k of column c has
  // codes[c + k * tap_stride]. Fills planes up to whole panels.
  void embed_planes(const std::int32_t* codes, std::size_t tap_stride, std::size_t columns,
                    float* planes, std::size_t stride) const;
  const AlignedBuffer<float>& skip_bias() const { return skip_bias_; }

  // Global conditioning vector: speaker embedding, then `global_vector`.
  std::vector<float> global_vector(std::size_t speaker, const float* global_vector) const;

  // Bias and global conditioning of all blocks (condition_width() floats).
  void condition_globally(const std::vector<float>& global_vector, float* out) const;

  // out += local conditioning of all blocks, `columns` rows of condition_width() floats.
  void condition_locally(const float* rows, std::size_t columns, float* out) const;

  // ReLU, 1x1, ReLU, 1x1 of the skip sums (skip_width() floats every `stride`) to logits
  // (output_width() floats a column). Scratch of skip_width() floats a column: `stored`, for
  // inputs of a layer, and `hidden`.
  void head(const float* skips, std::size_t stride, std::size_t columns, void* stored,
            float* hidden, float* logits) const;

 private:
  void pack_input(const Tensors& tensors);
  void pack_conditioning(const Tensors& tensors);
  void pack_blocks(const Tensors& tensors, const ActivationRanges& ranges);
  void pack_head(const Tensors& tensors, Precision precision);
  void place_weights();
  void view_blocks();
  void pack_outputs(const Tensors& tensors, const std::string& name, bool last, Block& block);

  WaveNetShape shape_;
  const Kernels* kernels_;
  const LinearKernels* linear_;
  ConditionNetwork condition_network_;
  std::vector<Block> blocks_;
  PlanarBlocks planar_;
  AlignedBuffer<float> input_table_;  // [tap][code][residual_width]; one row a tap for scalars
  AlignedBuffer<float> input_bias_;
  AlignedBuffer<float> block_bias_;  // condition_width()
  AlignedBuffer<float> skip_bias_;   // of all blocks together
  std::vector<float> speaker_embedding_;
  PackedLinear global_;  // global vector -> condition_width()
  PackedLinear local_;   // conditioning row -> condition_width()
  const LinearKernels* head_linear_;
  PackedLinear hidden_;
  PackedLinear output_;
  AlignedBuffer<float> hidden_bias_;
  AlignedBuffer<float> output_bias_;
};

}  // namespace wavenet
