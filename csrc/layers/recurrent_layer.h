// A layer of recurrent units, packed: the products of its gates and their biases.
#pragma once

#include <cstddef>

#include "layers/packed_linear.h"

namespace wavenet {

enum class Cell { kRnn, kLstm, kPeepholeLstm, kGru };

// Weights of a layer as torch has them: rows are the gates one after the other, `units` each
// (LSTM: input, forget, candidate, output; GRU: reset, update, candidate).
struct RecurrentWeights {
  MatrixView input;
  MatrixView recurrent;
  const float* input_bias;
  const float* recurrent_bias;
  const float* peepholes;  // input, forget, output, or null
  float leak = 1.0f;       // of an RNN
};

// A row of gates starts as the bias, the inputs and the last hidden values are added to it, all
// gates in one product each, and a kernel makes of it the next hidden values. A GRU keeps the two
// parts of its candidate apart: [candidate of the input | reset | update | candidate of hidden].
class RecurrentLayer {
 public:
  // `input_form`, `hidden_form`: how inputs and hidden values are stored. The inputs may be in
  // another precision than the hidden values, of which `hidden` are the kernels.
  RecurrentLayer(const RecurrentKernels& kernels, const LinearKernels& inputs,
                 const LinearKernels& hidden, Cell cell, const RecurrentWeights& weights,
                 InputForm input_form, InputForm hidden_form);

  std::size_t units() const { return units_; }
  std::size_t width() const { return padded(units_); }            // of a row of hidden values
  std::size_t gates_width() const { return gates_bias_.size(); }  // of a row of gates
  const AlignedBuffer<float>& gates_bias() const { return gates_bias_; }

  // Adds the part of the inputs to rows of gates, gates_width() apart; `x_stride` [bytes].
  void add_inputs(const void* x, std::size_t x_stride, float* gates, std::size_t columns) const {
    input_.accumulate(x, x_stride, gates, gates_width(), columns);
  }

  // One step from rows of hidden values, width() apart, to the next ones. `stored`: the hidden
  // values `before` as they are stored, `stored_stride` [bytes] apart. `cell`: of an LSTM.
  void advance(const void* stored, std::size_t stored_stride, const float* before, float* gates,
               float* cell, float* hidden, std::size_t columns) const {
    recurrent_.accumulate(stored, stored_stride, gates + recurrent_place_, gates_width(), columns);
    step_({gates, gates_width(), units_, peepholes_.data(), leak_, before, cell, hidden, width(),
           columns});
  }

  void add_cost(double columns, StepCost& cost) const {
    input_.add_cost(columns, 1.0, cost);
    recurrent_.add_cost(columns, 1.0, cost);
  }

  // Weights of further inputs (columns of the weights that the layer was not built with), as those
  // of a packed layer that adds to rows of gates.
  static LayerWeights input_weights(Cell cell, const MatrixView& weights);

 private:
  void (*step_)(const RecurrentStep&);
  std::size_t units_;
  float leak_;
  std::size_t recurrent_place_;  // where the gates of the recurrent product start in a row
  PackedLinear input_;
  PackedLinear recurrent_;
  AlignedBuffer<float> gates_bias_;
  AlignedBuffer<float> peepholes_;
};

}  // namespace wavenet
