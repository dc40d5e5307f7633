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
  double cutoff;        // of the high-pass, in cycles per sample; 0: there is none
};

// Undoes y -> x, x[t] = sum over k of taps[k] y[t - k], for `count` samples: a recursion, summed in
// order in double precision. Its output goes through a high-pass (Butterworth, fourth order) and is
// limited; neither goes back into the recursion. `state` holds the last `order` values of y, the
// latest last, then the `high_pass_state` values of the high-pass, and is moved on.
inline constexpr std::size_t high_pass_state = 4;
void undo_noise_shaping(const float* x, std::size_t count, const ShapingFilters& filters,
                        std::span<double> state, float* out);

}  // namespace wavenet
