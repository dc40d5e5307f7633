// Vectors of real numbers: mixtures of components whose dimensions are independent.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wavenet {

enum class DiagonalFamily { kGaussian, kLogistic, kStudentT };

// Logarithms of scales below this count as this.
inline constexpr float kLeastLogScale = -7.0f;

// Parameters are the logits of the components where there are several, then for each component rows
// of `dimensions` values: means, logarithms of scales, and for Student-t what softplus makes of the
// degrees of freedom less 2.
struct DiagonalShape {
  DiagonalFamily family = DiagonalFamily::kGaussian;
  std::size_t dimensions = 1;
  std::size_t components = 1;

  std::size_t logits() const { return components > 1 ? components : 0; }
  std::size_t component_parameters() const {
    return (family == DiagonalFamily::kStudentT ? 3 : 2) * dimensions;
  }
  std::size_t parameters() const { return logits() + components * component_parameters(); }
};

// Which random numbers a draw takes: those of one sample of one stream.
struct Draw {
  std::uint64_t seed;
  std::uint32_t stream;
  std::uint64_t time;
};

// Draws `dimensions` values; `temperature` divides the logits and multiplies the scales.
void sample_diagonal(const DiagonalShape& shape, const float* parameters, float temperature,
                     const Draw& draw, float* out);

// Logarithm of the density at `values` [nats].
float log_density_diagonal(const DiagonalShape& shape, const float* parameters,
                           const float* values);

}  // namespace wavenet
