// The table of kernels that each instruction set fills; dispatch.cpp chooses one at run time.
// Included by the per-instruction-set files: plain types only, nothing inline.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/dtw_patterns.h"

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

// Channels of a network that runs in planes (see body/planar.inc), at most.
inline constexpr size_t kMostPlanes = 32;

// Outputs whose weights stand side by side in planar layers.
inline constexpr size_t kQuad = 4;

// A block of a WaveNet: dilated convolution, gate, residual and skip 1x1. Outputs are padded to
// whole quads.
struct PlanarBlock {
  const float*
      taps;          // [quad][tap][input][kQuad], oldest first; outputs are filter, gate, filter...
  const float* out;  // [quad][gated channel][kQuad]
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

// Cells that sort numbers into mu-law codes by their bits; see body/mulaw.inc.
template <typename Bits>
struct MulawCells {
  const Bits* entries;  // `count` for positive numbers, then `count` for negative ones
  Bits count;
  int low_bits;      // bits of a number below those that choose its cell
  Bits first;        // bits of the smallest magnitude with a cell of its own
  Bits one;          // bits of 1.0
  Bits infinity;     // bits of infinity
  Bits code_mask;    // number of codes - 1
  float first_edge;  // what to add to (s + 1) / 2 * mu for codes to be its whole part
};

// Encoders return false where a number is NaN (its code is then arbitrary but in range).
struct MulawKernels {
  bool (*encode_float_8)(const float*, size_t, const MulawCells<uint32_t>&, uint8_t*);
  bool (*encode_float_16)(const float*, size_t, const MulawCells<uint32_t>&, uint16_t*);
  bool (*encode_double_8)(const double*, size_t, const MulawCells<uint64_t>&, uint8_t*);
  bool (*encode_double_16)(const double*, size_t, const MulawCells<uint64_t>&, uint16_t*);
  // values[i] = table[indices[i]]
  void (*look_up_8_float)(const uint8_t*, size_t, const float* table, float*);
  void (*look_up_16_float)(const uint16_t*, size_t, const float* table, float*);
  void (*look_up_8_double)(const uint8_t*, size_t, const double* table, double*);
  void (*look_up_16_double)(const uint16_t*, size_t, const double* table, double*);
};

// Antidiagonals of a warping matrix whose costs are computed in one call.
inline constexpr size_t kDtwDiagonals = 16;

// Costs of kDtwDiagonals antidiagonals: costs[k * costs_stride + i] is that of the frames
// x[d * x_stride + i] and y[d * y_stride + i - k], d < dimensions, for i < count. The kernels read
// and write up to 7 further values where count is not a multiple of 8.
using DtwCosts = void (*)(const double* x, size_t x_stride, const double* y, size_t y_stride,
                          size_t dimensions, size_t count, double* costs, size_t costs_stride);

struct DtwKernels {
  DtwCosts euclidean;
  DtwCosts squared_euclidean;
  DtwCosts city_block;
  DtwCosts cosine;  // of rows of length 1

  // out[i], choices[i] = the least total over the pattern's moves into cell i of an antidiagonal,
  // and the first move that gives it. totals[k] and costs[k] point at row i = 0 of the k-th
  // antidiagonal before. Reads and writes up to 7 further values. One for each of kDtwPatterns.
  void (*diagonal[kDtwPatternCount])(const double* const* totals, const double* const* costs,
                                     size_t count, double* out, uint8_t* choices);
};

// row[target + v] += factor * source[source + v]; offsets in doubles.
struct TrajectoryTerm {
  ptrdiff_t target;
  size_t source;
  double factor;
};

// Symmetric banded systems of `lanes` (a multiple of 8) dimensions at once, solved as L D L^T. A
// row of a system couples frame t with the frames t, t + 1, ..., t + span: these coefficients,
// `lanes` of each, and then the right-hand side. Rows of following frames follow in memory.
struct TrajectoryKernels {
  // precisions[i] = 1 / variances[i], weighted[i] = means[i] / variances[i], for any count.
  void (*weigh)(const double* means, const double* variances, size_t count, double* precisions,
                double* weighted);
  // Adds all terms to the rows around that of a frame.
  void (*scatter)(const TrajectoryTerm* terms, size_t count, const double* source, double* row,
                  size_t lanes);
  // Takes a row out of the next `span` rows; leaves the factors of L^T and the value L D solves.
  void (*eliminate)(double* row, size_t span, size_t lanes);
  // solution[v] from an eliminated row and the solutions of the next `span` frames behind it.
  void (*substitute)(const double* row, size_t span, size_t lanes, double* solution);
};

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

// Frames whose distances to one component are computed together.
inline constexpr size_t kMixtureStrip = 128;

struct MixtureStrip {
  uint32_t frames[kMixtureStrip];
  float norms[kMixtureStrip];      // so far
  uint32_t places[kMixtureStrip];  // rows where the differences of earlier panels stand
  float* x;                        // frame - centre: [panel][kMixtureStrip][kPanel]
};

// A panel of rows of the inverse Cholesky factor W of a component, lower triangular.
struct MixtureStage {
  const float* cells;   // [step][kPanel] for all steps up to the panel's last row, aligned
  size_t panel;         // its number
  const float* data;    // rows of frames
  size_t stride;        // of data
  const float* centre;  // of the component
  float most;           // frames with norms above most - bounds[frame] are given up
  const float* bounds;
  float* reached;  // of each frame, the norm so far
};

// A frame that belongs to a component, in part.
struct MixtureMember {
  uint32_t frame;
  float posterior;
};

// Members whose products are computed together.
inline constexpr size_t kMixtureMembers = 32;

// Sums over the members of a component, and room to compute them, zero at first. width: the size of
// frames in whole panels.
struct MixtureSums {
  double* totals;    // (width + kPanel, width): sums of r d d^T, lower triangle, then of r d
  double* x;         // (kMixtureMembers, width)
  double* weighted;  // (kMixtureMembers, width + kPanel)
};

struct MixtureKernels {
  // out[c][i] = x[rows[c] * x_stride + i] - centre[i], i < width (a multiple of kPanel).
  void (*gather_differences)(const float* x, size_t x_stride, const uint32_t* rows, size_t count,
                             const float* centre, size_t width, float* out);
  // Goes on with |W (data - centre)|^2 of `count` frames by a panel of W; returns how many are not
  // given up, and puts these first.
  size_t (*prune)(const MixtureStage& stage, size_t count, MixtureStrip& strip);
  // reached[r] = scale * reached[r] - drop, r < count; puts the r with reached[r] <= most -
  // bounds[r] into frames and returns how many these are.
  size_t (*candidates)(const float* bounds, size_t count, float most, float scale, float drop,
                       float* reached, uint32_t* frames);
  // Adds what the members of a component contribute, with d = data - centre.
  void (*add_members)(const float* data, const float* centre, size_t size, size_t width,
                      const MixtureMember* members, size_t count, MixtureSums& sums);
};

// Symmetric positive definite matrices; rows are `stride` apart, a multiple of kPanel.
struct TriangularKernels {
  // The upper triangle becomes U with U^T U = matrix; below, numbers without meaning are left.
  // False where the matrix is not positive definite.
  bool (*factorise)(double* matrix, size_t size, size_t stride);
  // The inverse of U^T, lower triangular.
  void (*invert)(const double* upper, size_t size, size_t stride, double* inverse);
};

// The values that round to a sample; the lowest and the highest sample take all beyond them too.
struct SampleInterval {
  float value;
  float half_step;  // of values of samples
  float log_step;   // log of a whole step
  int edge;         // -1: the lowest sample, 1: the highest, 0: between
  float log_scale_min;
};

// log_probabilities[i] = log-probability of the interval under the i-th component, whose logarithm
// of the scale is raised to log_scale_min; i < count (a multiple of kPanel).
using Intervals = void (*)(const SampleInterval& interval, const float* means,
                           const float* log_scales, size_t count, float* log_probabilities);

struct Kernels {
  const char* instruction_set;

  LinearKernels float32;
  LinearKernels bf16;  // weights rounded to bfloat16; inputs too where their pairs are multiplied
  LinearKernels int8;  // weights and inputs in 8 bits, sums of 32-bit integers

  // Runs a block over `columns` columns, in float32, with the bits of the layers above.
  void (*run_planar)(const PlanarBlock& block, const PlanarPass& pass, size_t columns);

  // Memory without products; see body/limits.inc.
  float (*read_all)(const float* data, size_t count);

  // y[i] = max(x[i], 0), i < count (a multiple of 16).
  void (*relu)(const float* x, float* y, size_t count);

  // y[i] = exp(scale * (x[i] - peak)) where peak is the largest of x, and 0 where that is below
  // 2^-126; lane_sums[l] = sum of y[i] with i % kPanel == l. count: a multiple of kPanel.
  void (*exponentials)(const float* x, float scale, float* y, size_t count, float* peak,
                       float* lane_sums);

  // Error below 4e-6 (1 + |log-probability|).
  Intervals logistic_intervals;
  Intervals gaussian_intervals;

  // y[i] = base[i] + sum over k < count of weights[k] * rows[k * stride + i], i < width (a multiple
  // of kPanel).
  void (*blend)(const float* base, const float* rows, size_t stride, const float* weights,
                size_t count, size_t width, float* y);

  // Whether all values are finite, and above 0 where asked.
  bool (*all_finite)(const double* values, size_t count, bool above_zero);

  MulawKernels mulaw;
  DtwKernels dtw;
  RecurrentKernels recurrent;
  TrajectoryKernels trajectory;
  MixtureKernels mixture;
  TriangularKernels triangular;
};

void fill_generic(Kernels& kernels);
void fill_avx2(Kernels& kernels);
void fill_avx2_vnni(Kernels& kernels);
void fill_avx512(Kernels& kernels);
void fill_avx512_vnni(Kernels& kernels);
void fill_avx512_bf16(Kernels& kernels);
void fill_amx(Kernels& kernels);
void fill_amx_emulated(Kernels& kernels);
void fill_neon(Kernels& kernels);
void fill_neon_dot(Kernels& kernels);

}  // namespace wavenet
