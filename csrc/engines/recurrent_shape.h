// Architecture of a recurrent model as the engine needs it; the Python configuration fills it.
#pragma once

#include <cstddef>

#include "layers/recurrent_layer.h"
#include "sampling/diagonal.h"

namespace wavenet {

enum class RecurrentOutput { kPoint, kCategorical, kDiagonal };

// The input of a step is the sample before (a class through an embedding, or a vector), if there is
// feedback, then covariates, then a global vector.
struct RecurrentShape {
  Cell cell = Cell::kLstm;
  std::size_t layers = 1;
  std::size_t hidden_size = 0;
  float leak = 1.0f;      // of an RNN: share of the new value in a hidden value
  bool residual = false;  // each layer but the first adds its input to its output
  bool feedback = true;
  bool input_skip = false;  // the given channels lead to the output directly too
  std::size_t classes = 0;  // of categorical samples; else 0
  std::size_t embedding_size = 0;
  DiagonalShape diagonal;  // of vector samples; of points only its dimensions
  std::size_t covariates = 0;
  std::size_t global_channels = 0;
  RecurrentOutput output = RecurrentOutput::kCategorical;

  bool categorical() const { return output == RecurrentOutput::kCategorical; }
  // Numbers that a sample is given as: a class counts as one.
  std::size_t sample_width() const { return categorical() ? 1 : diagonal.dimensions; }
  std::size_t feedback_channels() const {
    return !feedback ? 0 : categorical() ? embedding_size : diagonal.dimensions;
  }
  // Channels of the inputs that are products: vectors fed back, then covariates.
  std::size_t given_channels() const {
    return (feedback && !categorical() ? diagonal.dimensions : 0) + covariates;
  }
  // Numbers that describe the distribution of a sample.
  std::size_t outputs() const {
    if (output == RecurrentOutput::kPoint) return diagonal.dimensions;
    return categorical() ? classes : diagonal.parameters();
  }
};

}  // namespace wavenet
