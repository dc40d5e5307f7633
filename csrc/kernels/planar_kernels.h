// Blocks of a network of few channels, whose columns are the lanes.
#pragma once

#include <stddef.h>

namespace wavenet {

// Channels of a network that runs in planes (see body/planar.inc), at most.
inline constexpr size_t kMostPlanes = 32;

// Outputs whose weights stand side by side in planar layers.
inline constexpr size_t kQuad = 4;

// A block of a WaveNet: dilated convolution, gate, residual and skip 1x1. Outputs are padded to
// whole quads.
struct PlanarBlock {
  const float* taps;  // [quad][tap][input][kQuad], oldest first; outputs: filter, gate, filter...
  const float* out;   // [quad][gated channel][kQuad]
  const float* bias;  // of the inputs
  size_t inputs;
  size_t gated;  // channels
  size_t tap_count;
  size_t delay;  // from tap to tap [columns]
  size_t gate_quads;
  size_t out_quads;
};

// What a block runs on. Planes are readable and writable up to whole panels of columns.
struct PlanarPass {
  const float* start;  // of the sums of the filters, and `start_gate` on of the gates
  size_t start_gate;
  float* x;  // inputs, with their past before them: carry + bias
  size_t x_stride;
  const float* carry;  // residual planes
  float* y;            // planes that the outputs are added to
  size_t carry_stride;
};

}  // namespace wavenet
