// Vectors whose values are independent given their parameters: normal or Student-t.
#pragma once

#include <cstddef>
#include <cstdint>

namespace wavenet {

enum class DiagonalFamily { kGaussian, kStudentT };

// Parameters come as rows of `dimensions` values each: means, logarithms of scales (not below
// kLeastLogScale), and for Student-t what softplus makes of the degrees of freedom less 2.
inline constexpr float kLeastLogScale = -7.0f;

inline std::size_t diagonal_parameters(DiagonalFamily family, std::size_t dimensions) {
  return (family == DiagonalFamily::kGaussian ? 2 : 3) * dimensions;
}

// Which random numbers a draw takes: those of one sample of one stream.
struct Draw {
  std::uint64_t seed;
  std::uint32_t stream;
  std::uint64_t time;
};

// Draws `dimensions` values; `temperature` multiplies the scales.
void sample_diagonal(DiagonalFamily family, const float* parameters, std::size_t dimensions,
                     float temperature, const Draw& draw, float* out);

// Logarithm of the density at `values` [nats].
float log_density_diagonal(DiagonalFamily family, const float* parameters, std::size_t dimensions,
                           const float* values);

}  // namespace wavenet
