// Recurrent units.
#pragma once

#include <stddef.h>

namespace wavenet {

// One step of a layer of recurrent units, for some streams (columns). A row of gates holds the sums
// of the gates side by side, `units` of each. The kernels read and write whole panels: rows of
// hidden and cell values are padded, and rows of gates are readable for a panel after the last.
struct RecurrentStep {
  const float* gates;
  size_t gates_stride;
  size_t units;
  const float* peepholes;  // of the input, forget and output gate, a padded row each
  float leak;              // share of the new value in a hidden value (RNN)
  const float* before;     // hidden values of the step before (RNN, GRU)
  float* cell;             // of the step before, then of this one (LSTM)
  float* hidden;           // of this step
  size_t stride;           // of the rows of hidden and cell values
  size_t columns;
};

struct RecurrentKernels {
  void (*rnn)(const RecurrentStep&);            // gates: one sum
  void (*lstm)(const RecurrentStep&);           // gates: input, forget, candidate, output
  void (*peephole_lstm)(const RecurrentStep&);  // the same
  void (*gru)(const RecurrentStep&);  // gates: candidate of the input, reset, update, candidate of
                                      // the hidden values
};

}  // namespace wavenet
