// Dense layers over packed weights, and blocks of a WaveNet made of them.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace wavenet {

// Output channels are packed and padded in panels of this many, for every instruction set.
inline constexpr size_t kPanel = 16;

// Panels stand side by side in groups of at most this many: one product's weights are one stream.
inline constexpr size_t kMostGroupPanels = 12;

// The inner sum of a product runs in steps; a panel's weights of a step have this many bytes.
inline constexpr size_t kCellBytes = 64;

// Cells of zeros that multiply_in_registers needs.
inline constexpr size_t kScratchCells = 16;

// Weights of a dense layer, packed for a precision.
struct LinearView {
  const void* cells;  // [group][step][panel of the group][kCellBytes], aligned to 64 bytes
  size_t steps;
  size_t panels;
  size_t group_panels;     // of every group; the last one may have fewer
  const float* scales;     // per output; null but for int8
  const int32_t* offsets;  // per output; null but for int8: the integer that its sum starts from
};

// The byte that stands for an input of 0.
inline constexpr int32_t kByteZero = 128;

// How the inputs x of a layer are stored: as they are, or for int8 as the bytes
// round(scales[i] * x[i]) + kByteZero, clamped to the range of bytes.
struct InputForm {
  const float* scales;  // null but for int8; of whole panels
};

// A block of a WaveNet for one stream: the current tap and what follows it.
struct BlockView {
  LinearView tap, residual, skip;
  InputForm gated_form;
  size_t half;             // channels of the filter, and of the gate
  size_t width;            // residual channels; 0 in the last block
  const float* next_bias;  // of the inputs of the next block
  InputForm next_form;
};

// A step through it.
struct BlockStep {
  const void* input;   // stored
  float* activations;  // [filter | gate], what is known before the current tap
  void* gated;         // room for `half` stored values
  float* carry;        // residual sums
  float* skips;        // skip sums
  void* next_input;    // of the next block, to be stored
};

// Dense layers with weights in one precision. Rows of inputs are padded to whole panels.
struct LinearKernels {
  size_t input_bytes;    // of a stored input
  size_t step_inputs;    // inputs of a step
  int32_t stored_shift;  // taken from the stored bytes of int8, where they are signed

  // y[c][o] = start[c][o] + sum over i of weight(o, i) * x[c][i]. The sum runs in the order of i
  // (for int8 it is of integers, scaled in the end) for every number of columns, so that results
  // are bit-identical for any split into columns. `x_stride` in bytes; each row of y holds panels *
  // kPanel floats. `start` may be y.
  void (*apply)(const LinearView& layer, const void* x, size_t x_stride, const float* start,
                size_t start_stride, float* y, size_t y_stride, size_t columns);

  // out[i] = x[i] + bias[i], stored; i < count (a multiple of kPanel).
  void (*encode)(const float* x, const float* bias, InputForm form, size_t count, void* out);

  // out[i] = max(x[i], 0), stored; i < count (a multiple of kPanel).
  void (*encode_positive)(const float* x, InputForm form, size_t count, void* out);

  // out[i] = tanh(filter[i]) * sigmoid(gate[i]), stored; i < count (a multiple of kPanel).
  void (*gate)(const float* filter, const float* gate, InputForm form, size_t count, void* out);

  // Adds the current tap to the activations, and the gated ones' products to residual and skip
  // sums.
  void (*step_block)(const BlockView& block, const BlockStep& step);

  // Products without memory, round_products of them a round; see body/limits.inc.
  float (*multiply_in_registers)(const char* scratch, size_t rounds);
  size_t round_products;
};

}  // namespace wavenet
