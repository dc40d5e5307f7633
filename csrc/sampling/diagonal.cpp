#include "sampling/diagonal.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/random.h"

namespace wavenet {
namespace {

constexpr std::uint32_t kComponentBlock = 1u << 31;  // beyond those of any dimension

float scale_of(const float* parameters, std::size_t dimensions, std::size_t d) {
  return std::exp(std::max(parameters[dimensions + d], kLeastLogScale));
}

double degrees_of_freedom(const float* parameters, std::size_t dimensions, std::size_t d) {
  const double raw = parameters[2 * dimensions + d];
  return 2.0 + std::max(raw, 0.0) + std::log1p(std::exp(-std::abs(raw)));
}

// The polar method without rejection. Normal: Box and Muller 1958; Student-t: Bailey 1994, "Polar
// generation of random variates with the t-distribution". `first` in (0, 1], `second` in [0, 1).
double standard_normal(double first, double second) {
  return std::sqrt(-2.0 * std::log(first)) * std::cos(2.0 * std::numbers::pi * second);
}
double standard_student(double first, double second, double degrees) {
  const double radius = std::sqrt(degrees * std::expm1(-2.0 / degrees * std::log(first)));
  return radius * std::cos(2.0 * std::numbers::pi * second);
}
double standard_logistic(double first) {
  const double middle = first - 0x1p-25;  // of the 2^-24 that the number stands for
  return std::log(middle / (1.0 - middle));
}

double log_normal(double z) { return -0.5 * z * z - 0.5 * std::log(2.0 * std::numbers::pi); }
double log_logistic(double z) { return -std::abs(z) - 2.0 * std::log1p(std::exp(-std::abs(z))); }
double log_student(double z, double degrees) {
  return std::lgamma(0.5 * (degrees + 1.0)) - std::lgamma(0.5 * degrees) -
         0.5 * std::log(degrees * std::numbers::pi) -
         0.5 * (degrees + 1.0) * std::log1p(z * z / degrees);
}

double standard_draw(const DiagonalShape& shape, const float* parameters, std::size_t d,
                     double first, double second) {
  if (shape.family == DiagonalFamily::kGaussian) return standard_normal(first, second);
  if (shape.family == DiagonalFamily::kLogistic) return standard_logistic(first);
  return standard_student(first, second, degrees_of_freedom(parameters, shape.dimensions, d));
}

std::size_t draw_component(const DiagonalShape& shape, const float* logits, float temperature,
                           const Draw& draw) {
  const float* end = logits + shape.components;
  const float* likeliest = std::max_element(logits, end);
  if (shape.components == 1 || temperature == 0.0f) {
    return static_cast<std::size_t>(likeliest - logits);
  }
  const auto weight = [&](float logit) { return std::exp((logit - *likeliest) / temperature); };
  float total = 0.0f;
  for (const float* logit = logits; logit < end; ++logit) total += weight(*logit);
  float target = uniform(draw.seed, draw.stream, draw.time, kComponentBlock)[0] * total;
  for (const float* logit = logits; logit < end; ++logit) {
    target -= weight(*logit);
    if (target < 0.0f) return static_cast<std::size_t>(logit - logits);
  }
  return static_cast<std::size_t>(likeliest - logits);
}

double component_log_density(const DiagonalShape& shape, const float* parameters,
                             const float* values) {
  double sum = 0.0;
  for (std::size_t d = 0; d < shape.dimensions; ++d) {
    const double scale = scale_of(parameters, shape.dimensions, d);
    const double z = (values[d] - parameters[d]) / scale;
    sum -= std::log(scale);
    if (shape.family == DiagonalFamily::kGaussian) {
      sum += log_normal(z);
    } else if (shape.family == DiagonalFamily::kLogistic) {
      sum += log_logistic(z);
    } else {
      sum += log_student(z, degrees_of_freedom(parameters, shape.dimensions, d));
    }
  }
  return sum;
}

}  // namespace

void sample_diagonal(const DiagonalShape& shape, const float* parameters, float temperature,
                     const Draw& draw, float* out) {
  const std::size_t component = draw_component(shape, parameters, temperature, draw);
  parameters += shape.logits() + component * shape.component_parameters();
  std::array<float, 4> numbers{};
  for (std::size_t d = 0; d < shape.dimensions; ++d) {
    if (d % 2 == 0) {
      const auto block = static_cast<std::uint32_t>(d / 2);
      numbers = uniform(draw.seed, draw.stream, draw.time, block);
    }
    const double first = 1.0 - numbers[d % 2 * 2];
    const double second = numbers[d % 2 * 2 + 1];
    const double z = standard_draw(shape, parameters, d, first, second);
    const float scale = temperature * scale_of(parameters, shape.dimensions, d);
    out[d] = parameters[d] + scale * static_cast<float>(z);
  }
}

float log_density_diagonal(const DiagonalShape& shape, const float* parameters,
                           const float* values) {
  const float* component = parameters + shape.logits();
  if (shape.components == 1) {
    return static_cast<float>(component_log_density(shape, component, values));
  }
  const double largest = *std::max_element(parameters, component);
  double weights = 0.0, densities = 0.0;
  double peak = -std::numeric_limits<double>::infinity();  // of the joint log densities
  for (std::size_t k = 0; k < shape.components; ++k) {
    const double logit = parameters[k] - largest;
    weights += std::exp(logit);
    const double joint = logit + component_log_density(shape, component, values);
    const double higher = std::max(peak, joint);
    densities = densities * std::exp(peak - higher) + std::exp(joint - higher);
    peak = higher;
    component += shape.component_parameters();
  }
  return static_cast<float>(peak + std::log(densities) - std::log(weights));
}

}  // namespace wavenet
