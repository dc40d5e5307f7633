#include "sampling/diagonal.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/random.h"

namespace wavenet {
namespace {

float scale_of(const float* parameters, std::size_t dimensions, std::size_t d) {
  return std::exp(std::max(parameters[dimensions + d], kLeastLogScale));
}

double degrees_of_freedom(const float* parameters, std::size_t dimensions, std::size_t d) {
  const double raw = parameters[2 * dimensions + d];
  return 2.0 + std::max(raw, 0.0) + std::log1p(std::exp(-std::abs(raw)));
}

// The polar method without rejection; `first` in (0, 1], `second` in [0, 1). Normal: Box and Muller
// 1958; Student-t: Bailey 1994, "Polar generation of random variates with the t-distribution".
float standard_normal(float first, float second) {
  const double angle = 2.0 * std::numbers::pi * second;
  return static_cast<float>(std::sqrt(-2.0 * std::log(first)) * std::cos(angle));
}
float standard_student(float first, float second, double degrees) {
  const double angle = 2.0 * std::numbers::pi * second;
  const double radius = std::sqrt(degrees * std::expm1(-2.0 / degrees * std::log(first)));
  return static_cast<float>(radius * std::cos(angle));
}

double log_normal(double z) { return -0.5 * z * z - 0.5 * std::log(2.0 * std::numbers::pi); }
double log_student(double z, double degrees) {
  return std::lgamma(0.5 * (degrees + 1.0)) - std::lgamma(0.5 * degrees) -
         0.5 * std::log(degrees * std::numbers::pi) -
         0.5 * (degrees + 1.0) * std::log1p(z * z / degrees);
}

}  // namespace

void sample_diagonal(DiagonalFamily family, const float* parameters, std::size_t dimensions,
                     float temperature, const Draw& draw, float* out) {
  std::array<float, 4> numbers{};
  for (std::size_t d = 0; d < dimensions; ++d) {
    if (d % 2 == 0) {
      const auto block = static_cast<std::uint32_t>(d / 2);
      numbers = uniform(draw.seed, draw.stream, draw.time, block);
    }
    const float first = 1.0f - numbers[d % 2 * 2];
    const float second = numbers[d % 2 * 2 + 1];
    const float z =
        family == DiagonalFamily::kGaussian
            ? standard_normal(first, second)
            : standard_student(first, second, degrees_of_freedom(parameters, dimensions, d));
    out[d] = parameters[d] + temperature * scale_of(parameters, dimensions, d) * z;
  }
}

float log_density_diagonal(DiagonalFamily family, const float* parameters, std::size_t dimensions,
                           const float* values) {
  double sum = 0.0;
  for (std::size_t d = 0; d < dimensions; ++d) {
    const double scale = scale_of(parameters, dimensions, d);
    const double z = (values[d] - parameters[d]) / scale;
    sum -= std::log(scale);
    sum += family == DiagonalFamily::kGaussian
               ? log_normal(z)
               : log_student(z, degrees_of_freedom(parameters, dimensions, d));
  }
  return static_cast<float>(sum);
}

}  // namespace wavenet
