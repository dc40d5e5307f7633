#include "engines/recurrent.h"

#include <algorithm>
#include <string>

#include "kernels/dispatch.h"
#include "sampling/categorical.h"

namespace wavenet {
namespace {

void validate(const RecurrentShape& shape) {
  require(shape.layers >= 1, "a recurrent model needs at least one layer");
  require(shape.hidden_size >= 1, "hidden_size must be at least 1");
  require(shape.feedback_channels() + shape.covariates + shape.global_channels >= 1,
          "a recurrent model needs an input");
  require(!shape.categorical() || shape.classes >= 2, "classes must be at least 2, got ",
          shape.classes);
  require(shape.leak > 0.0f && shape.leak <= 1.0f, "leak must be above 0 and at most 1, got ",
          shape.leak);
  require(shape.diagonal.dimensions >= 1, "dimensions must be at least 1");
  require(shape.diagonal.components >= 1, "components must be at least 1");
}

std::size_t gate_rows(const RecurrentShape& shape) {
  const std::size_t gates = shape.cell == Cell::kRnn ? 1 : shape.cell == Cell::kGru ? 3 : 4;
  return gates * shape.hidden_size;
}

MatrixView columns_of(MatrixView matrix, std::size_t first, std::size_t count) {
  matrix.data += first * matrix.column_stride;
  matrix.columns = count;
  return matrix;
}

}  // namespace

Recurrent::Recurrent(const RecurrentShape& shape, const Tensors& tensors, Precision precision)
    : shape_(shape), kernels_(&wavenet::kernels()), linear_(&linear_kernels(*kernels_, precision)) {
  validate(shape);
  for (std::size_t l = 0; l <= shape.layers; ++l) {
    const std::size_t sum = shape_.residual ? std::max<std::size_t>(l, 1) : 1;
    input_scales_.emplace_back(width(), 127.0f / static_cast<float>(sum));
  }
  for (std::size_t l = 0; l < shape.layers; ++l) layers_.push_back(make_layer(tensors, l));
  pack_first_inputs(tensors);
  pack_output(tensors);
}

InputForm Recurrent::input_form(std::size_t layer) const {
  return linear_->input_bytes == 1 ? InputForm{input_scales_[layer].data()} : InputForm{nullptr};
}

MatrixView Recurrent::input_weights(const Tensors& tensors, std::size_t layer) const {
  const std::size_t inputs =
      layer ? shape_.hidden_size
            : shape_.feedback_channels() + shape_.covariates + shape_.global_channels;
  const std::size_t rows = gate_rows(shape_);
  const std::string name = "layers." + std::to_string(layer) + ".weight_ih_l0";
  return {find_tensor(tensors, name, {rows, inputs}), rows, inputs, inputs, 1};
}

RecurrentLayer Recurrent::make_layer(const Tensors& tensors, std::size_t index) const {
  const std::string name = "layers." + std::to_string(index);
  const std::size_t rows = gate_rows(shape_), units = shape_.hidden_size;
  MatrixView input = input_weights(tensors, index);
  if (index == 0) {
    const std::size_t given = shape_.given_channels();
    const std::size_t end = shape_.feedback_channels() + shape_.covariates;
    input = columns_of(input, end - given, given);
  }
  const float* recurrent = find_tensor(tensors, name + ".weight_hh_l0", {rows, units});
  const RecurrentWeights weights{
      input,
      {recurrent, rows, units, units, 1},
      find_tensor(tensors, name + ".bias_ih_l0", {rows}),
      find_tensor(tensors, name + ".bias_hh_l0", {rows}),
      shape_.cell == Cell::kPeepholeLstm ? find_tensor(tensors, name + ".peepholes", {3, units})
                                         : nullptr,
      shape_.leak,
  };
  return RecurrentLayer(kernels_->recurrent, index ? *linear_ : kernels_->float32, *linear_,
                        shape_.cell, weights, input_form(index), hidden_form());
}

// An embedding and the columns that multiply it are a table with a row per class.
void Recurrent::pack_first_inputs(const Tensors& tensors) {
  const MatrixView inputs = input_weights(tensors, 0);
  if (shape_.global_channels) {
    const std::size_t first = inputs.columns - shape_.global_channels;
    const MatrixView global = columns_of(inputs, first, shape_.global_channels);
    global_ = PackedLinear(kernels_->float32, RecurrentLayer::input_weights(shape_.cell, global));
  }
  if (!shape_.feedback || !shape_.categorical()) return;
  const std::size_t size = shape_.embedding_size;
  const float* embedding = find_tensor(tensors, "embedding.weight", {shape_.classes, size});
  const PackedLinear product(
      kernels_->float32, RecurrentLayer::input_weights(shape_.cell, columns_of(inputs, 0, size)));
  class_gates_.assign(shape_.classes * gates_width(), 0.0f);
  product.accumulate(embedding, size * sizeof(float), class_gates_.data(), gates_width(),
                     shape_.classes);
}

void Recurrent::pack_output(const Tensors& tensors) {
  const std::size_t outputs = shape_.outputs(), units = shape_.hidden_size;
  LayerWeights weights(output_width(), units);
  const float* matrix = find_tensor(tensors, "output.weight", {outputs, units});
  weights.set(0, 0, {matrix, outputs, units, units, 1});
  output_ = PackedLinear(*linear_, weights, input_form(shape_.layers));
  if (shape_.input_skip) {
    const std::size_t given = shape_.given_channels();
    LayerWeights skip(output_width(), given);
    skip.set(0, 0,
             {find_tensor(tensors, "skip.weight", {outputs, given}), outputs, given, given, 1});
    skip_ = PackedLinear(kernels_->float32, skip);
  }
  output_bias_.assign(output_width(), shape_.categorical() ? kNever : 0.0f);
  std::copy_n(find_tensor(tensors, "output.bias", {outputs}), outputs, output_bias_.data());
}

AlignedBuffer<float> Recurrent::first_gates(const float* global_vector) const {
  AlignedBuffer<float> gates = layers_.front().gates_bias();
  if (shape_.global_channels) {
    const std::vector<float> zeros(global_vector ? 0 : shape_.global_channels);
    global_.accumulate(global_vector ? global_vector : zeros.data(), 0, gates.data(), gates_width(),
                       1);
  }
  return gates;
}

void Recurrent::output(const void* x, std::size_t x_stride, const float* given, float* out,
                       std::size_t columns) const {
  for (std::size_t c = 0; c < columns; ++c) {
    std::copy(output_bias_.begin(), output_bias_.end(), out + c * output_width());
  }
  output_.accumulate(x, x_stride, out, output_width(), columns);
  if (shape_.input_skip) {
    skip_.accumulate(given, shape_.given_channels() * sizeof(float), out, output_width(), columns);
  }
}

StepCost Recurrent::step_cost(std::size_t streams) const {
  const auto columns = static_cast<double>(streams);
  StepCost cost;
  for (const RecurrentLayer& layer : layers_) layer.add_cost(columns, cost);
  output_.add_cost(columns, 1.0, cost);
  skip_.add_cost(columns, 1.0, cost);
  return cost;
}

}  // namespace wavenet
