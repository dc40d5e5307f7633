// Probabilities of samples of 16 bits.
#pragma once

#include <stddef.h>

namespace wavenet {

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

}  // namespace wavenet
