// The inverse of the filter that shapes quantization noise; see wavenet/noise_shaping.py.
#pragma once

#include <cstddef>
#include <span>

namespace wavenet {

// Undoes y -> x, x[t] = sum over k of taps[k] y[t - k], for `count` samples: a recursion, summed in
// order in double precision. `history` holds the last taps.size() - 1 values of y, the latest last,
// and is moved on. taps[0] is not 0.
void undo_noise_shaping(const float* x, std::size_t count, std::span<const double> taps,
                        std::span<double> history, float* y);

}  // namespace wavenet
