// Recurrent sequence model: an immutable packed model, and streams that advance over it.
#pragma once

#include <cstddef>
#include <vector>

#include "engines/recurrent_shape.h"

namespace wavenet {

// Weights packed for the kernels that were in use when the model was built. Rows are padded to
// whole panels.
class Recurrent {
 public:
  // `tensors` under the names and shapes of the torch module; they are copied. All layers compute
  // in `precision` but for the inputs of the first, which are in float32. With 8 bits, hidden
  // values need no measured range: they lie in [-1, 1], a sum of n layers in [-n, n].
  // Throws std::invalid_argument where a tensor is missing or misshapen or the shape makes no
  // sense.
  Recurrent(const RecurrentShape& shape, const Tensors& tensors, Precision precision);

  const RecurrentShape& shape() const { return shape_; }
  const Kernels& kernels() const { return *kernels_; }
  const LinearKernels& linear() const { return *linear_; }
  const std::vector<RecurrentLayer>& layers() const { return layers_; }

  std::size_t width() const { return padded(shape_.hidden_size); }
  std::size_t gates_width() const { return layers_.front().gates_width(); }  // of any layer
  std::size_t output_width() const { return padded(shape_.outputs()); }

  // Gates of the first layer before its given inputs: bias and global vector (null: zeros).
  AlignedBuffer<float> first_gates(const float* global_vector) const;
  // Part of a class that is fed back in them.
  const float* class_gates(std::size_t code) const {
    return class_gates_.data() + code * gates_width();
  }

  StepCost step_cost(std::size_t streams) const;

  // How the inputs of a layer, or behind the last layer those of the output, are stored.
  InputForm input_form(std::size_t layer) const;
  InputForm hidden_form() const { return input_form(1); }

  // Rows of stored inputs, and of given channels, to rows of output_width(); `x_stride` [bytes].
  void output(const void* x, std::size_t x_stride, const float* given, float* out,
              std::size_t columns) const;

 private:
  void pack_first_inputs(const Tensors& tensors);
  void pack_output(const Tensors& tensors);
  RecurrentLayer make_layer(const Tensors& tensors, std::size_t index) const;
  MatrixView input_weights(const Tensors& tensors, std::size_t layer) const;

  RecurrentShape shape_;
  const Kernels* kernels_;
  const LinearKernels* linear_;
  std::vector<AlignedBuffer<float>> input_scales_;  // see input_form
  std::vector<RecurrentLayer> layers_;
  AlignedBuffer<float> class_gates_;  // [code][gates_width]
  PackedLinear global_;
  PackedLinear output_;
  PackedLinear skip_;
  AlignedBuffer<float> output_bias_;
};

}  // namespace wavenet
