// The inverse of the filters that shape quantization noise; see wavenet/noise_shaping.py.
#pragma once

#include <cstddef>
#include <span>

namespace wavenet {

// Filters of order + 1 taps, one after the other, each for `hop` samples; the first sample is the
// one of the number `offset` since the first filter began. The first tap of each is above 0.
struct ShapingFilters {
  const double* taps;
  std::size_t order;
  std::size_t hop;
  std::size_t offset;
};

// Undoes y -> x, x[t] = sum over k of taps[k] y[t - k], for `count` samples: a recursion, summed in
// order in double precision. `history` holds the last `order` values of y, the latest last, and is
// moved on.
void undo_noise_shaping(const float* x, std::size_t count, const ShapingFilters& filters,
                        std::span<double> history, float* y);

}  // namespace wavenet
