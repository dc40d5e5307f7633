// What the network's outputs say of the next sample: drawing it, and how probable a given one is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/kernels.h"
#include "sampling/categorical.h"

namespace wavenet {

enum class Distribution { kCategorical, kLogistic, kGaussian };

// A categorical output has a logit for each code. A continuous one has the mixture logits (none for
// a single component), the means and the logarithms of the scales of its components; a code then is
// a value of 16-bit audio, code / 32768 - 1, with the probability of all values that round to it.
struct OutputShape {
  Distribution distribution = Distribution::kCategorical;
  std::size_t levels = 256;    // codes
  std::size_t components = 1;  // of a continuous output
  bool has_mixture_logits = false;
  float log_scale_min = -16.0f;

  std::size_t channels() const {
    if (distribution == Distribution::kCategorical) return levels;
    return (has_mixture_logits ? 3 : 2) * components;
  }
};

// Throws std::invalid_argument if the shape makes no sense, or the options do not suit it.
void validate(const OutputShape& shape);
void validate(const OutputShape& shape, const CategoricalOptions& options);

// Draws a code. The temperature divides the logits, of codes or of components, and multiplies the
// scales; at 0 the code is the most likely one, or the mean of the most likely component.
// `outputs` has padded(shape.channels()) values, the padding of a categorical one kNever.
std::uint32_t sample(const Kernels& kernels, const OutputShape& shape, const float* outputs,
                     const CategoricalOptions& options, const std::array<float, 4>& uniforms,
                     std::vector<float>& scratch);

// Log-probability of a code [nats].
float log_probability(const Kernels& kernels, const OutputShape& shape, const float* outputs,
                      std::uint32_t code, std::vector<float>& scratch);

}  // namespace wavenet
