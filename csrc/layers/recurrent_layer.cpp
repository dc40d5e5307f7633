#include "layers/recurrent_layer.h"

#include <algorithm>

namespace wavenet {
namespace {

std::size_t gate_count(Cell cell) { return cell == Cell::kRnn ? 1 : cell == Cell::kGru ? 3 : 4; }

auto step_of(const RecurrentKernels& kernels, Cell cell) {
  return cell == Cell::kRnn            ? kernels.rnn
         : cell == Cell::kLstm         ? kernels.lstm
         : cell == Cell::kPeepholeLstm ? kernels.peephole_lstm
                                       : kernels.gru;
}

LayerWeights recurrent_weights(const MatrixView& weights) {
  LayerWeights packed(padded(weights.rows), weights.columns);
  packed.set(0, 0, weights);
  return packed;
}

}  // namespace

LayerWeights RecurrentLayer::input_weights(Cell cell, const MatrixView& weights) {
  if (cell != Cell::kGru) return recurrent_weights(weights);
  // The candidate comes first, so that the recurrent product has its gates in one piece too.
  const std::size_t units = weights.rows / 3;
  MatrixView gates = weights, candidate = weights;
  gates.rows = 2 * units;
  candidate.rows = units;
  candidate.data += 2 * units * weights.row_stride;
  LayerWeights packed(padded(weights.rows), weights.columns);
  packed.set(0, 0, candidate);
  packed.set(units, 0, gates);
  return packed;
}

RecurrentLayer::RecurrentLayer(const RecurrentKernels& kernels, const LinearKernels& inputs,
                               const LinearKernels& hidden, Cell cell,
                               const RecurrentWeights& weights, InputForm input_form,
                               InputForm hidden_form)
    : step_(step_of(kernels, cell)),
      units_(weights.recurrent.columns),
      leak_(weights.leak),
      recurrent_place_(cell == Cell::kGru ? units_ : 0),
      input_(inputs, input_weights(cell, weights.input), input_form),
      recurrent_(hidden, recurrent_weights(weights.recurrent), hidden_form) {
  const std::size_t gates = gate_count(cell) * units_;
  require(weights.recurrent.rows == gates && weights.input.rows == gates,
          "recurrent weights do not match their cell");
  // The products write whole panels from their place on, the step reads them from the last gate on.
  const std::size_t last_gate = recurrent_place_ + gates - units_;
  gates_bias_.assign(padded(std::max(recurrent_place_ + padded(gates), last_gate + width())), 0.0f);
  const float* own = weights.input_bias;
  const float* recurrent = weights.recurrent_bias;
  if (cell == Cell::kGru) {
    std::copy_n(own + 2 * units_, units_, gates_bias_.data());
    std::copy_n(recurrent + 2 * units_, units_, gates_bias_.data() + 3 * units_);
  }
  const std::size_t shared = cell == Cell::kGru ? 2 * units_ : gates;
  for (std::size_t i = 0; i < shared; ++i) {
    gates_bias_[recurrent_place_ + i] = own[i] + recurrent[i];
  }
  if (cell == Cell::kPeepholeLstm) {
    peepholes_.assign(3 * width(), 0.0f);
    for (std::size_t g = 0; g < 3; ++g) {
      std::copy_n(weights.peepholes + g * units_, units_, peepholes_.data() + g * width());
    }
  }
}

}  // namespace wavenet
