// The inverse of the filters that shape quantization noise; see wavenet/dsp/noise_shaping.py.
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
  const double* knees;  // for each filter: what is louder is compressed, to below twice as much
  double mean_rate;     // per sample, at which the running mean that is taken off follows
};

// Undoes y -> x, x[t] = sum over k of taps[k] y[t - k], for `count` samples: a recursion, summed in
// order in double precision. Its output is made free of the running mean and limited; neither goes
// back into the recursion. `state` holds the last `order` values of y, the latest last, then their
// running mean, and is moved on.
void undo_noise_shaping(const float* x, std::size_t count, const ShapingFilters& filters,
                        std::span<double> state, float* out);

}  // namespace wavenet
