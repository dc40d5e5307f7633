// Dynamic time warping by antidiagonals.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "kernels/dtw_patterns.h"

namespace wavenet {

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

}  // namespace wavenet
