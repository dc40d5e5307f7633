#include "sampling/output.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "base/checks.h"
#include "layers/packed_linear.h"

namespace wavenet {
namespace {

constexpr std::size_t kPcmLevels = 65536;
constexpr std::size_t kMostComponents = 256;
constexpr double kHalfLevels = kPcmLevels / 2;
constexpr float kLogStep = -10.3972077f;  // log(1 / 32768)

// The three rows of a continuous output.
struct Components {
  const float* logits;  // null for a single component
  const float* means;
  const float* log_scales;

  Components(const OutputShape& shape, const float* outputs)
      : logits(shape.has_mixture_logits ? outputs : nullptr),
        means(outputs + (logits ? shape.components : 0)),
        log_scales(means + shape.components) {}
};

// Copies `count` values to `place` and fills up the last panel.
float* pad(const float* values, std::size_t count, float padding, float* place) {
  std::copy_n(values, count, place);
  std::fill(place + count, place + padded(count), padding);
  return place;
}

// A uniform number in (0, 1), in the middle of the 2^-24 that it stands for.
double centred(float uniform) { return static_cast<double>(uniform) + 0x1p-25; }

// A logistic variable by inversion, or a normal one (Box & Muller 1958), of scale 1.
double noise(Distribution distribution, const std::array<float, 4>& uniforms) {
  const double u = centred(uniforms[1]);
  if (distribution == Distribution::kLogistic) return std::log(u / (1.0 - u));
  return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * centred(uniforms[2]));
}

std::uint32_t nearest_code(double value) {
  const double steps = std::nearbyint(value * kHalfLevels);  // NaN becomes the lowest code
  return static_cast<std::uint32_t>(std::fmin(std::fmax(steps, -kHalfLevels), kHalfLevels - 1) +
                                    kHalfLevels);
}

float log_sum_of_exponentials(const Kernels& kernels, const float* values, std::size_t count,
                              float* powers) {
  float peak;
  float lane_sums[kPanel];
  kernels.exponentials(values, 1.0f, powers, count, &peak, lane_sums);
  return peak + std::log(std::accumulate(lane_sums, lane_sums + kPanel, 0.0f));
}

}  // namespace

void validate(const OutputShape& shape) {
  if (shape.distribution == Distribution::kCategorical) return;
  require(shape.levels == kPcmLevels, "continuous outputs are of ", kPcmLevels, " levels, not ",
          shape.levels);
  require(shape.components >= 1 && shape.components <= kMostComponents,
          "components must be from 1 to ", kMostComponents, ", got ", shape.components);
  require(shape.has_mixture_logits || shape.components == 1, shape.components,
          " components need mixture logits");
  require(shape.log_scale_min >= -30.0f && shape.log_scale_min <= 0.0f,
          "log_scale_min must be from -30 to 0, got ", shape.log_scale_min);
}

void validate(const OutputShape& shape, const CategoricalOptions& options) {
  validate(options, shape.levels);
  if (shape.distribution == Distribution::kCategorical) return;
  require(options.top_k == 0 && options.top_p == 1.0f,
          "top_k and top_p are for categorical outputs; the model's is continuous");
}

std::uint32_t sample(const Kernels& kernels, const OutputShape& shape, const float* outputs,
                     const CategoricalOptions& options, const std::array<float, 4>& uniforms,
                     std::vector<float>& scratch) {
  if (shape.distribution == Distribution::kCategorical) {
    return sample_categorical(kernels, outputs, shape.levels, options, uniforms[0], scratch);
  }
  const Components components(shape, outputs);
  std::size_t chosen = 0;
  if (components.logits) {
    float logits[kMostComponents];
    pad(components.logits, shape.components, kNever, logits);
    chosen = sample_categorical(kernels, logits, shape.components, options, uniforms[0], scratch);
  }
  double value = components.means[chosen];
  if (options.temperature > 0.0f) {
    const float log_scale = std::max(components.log_scales[chosen], shape.log_scale_min);
    value += options.temperature * std::exp(static_cast<double>(log_scale)) *
             noise(shape.distribution, uniforms);
  }
  return nearest_code(value);
}

float log_probability(const Kernels& kernels, const OutputShape& shape, const float* outputs,
                      std::uint32_t code, std::vector<float>& scratch) {
  if (shape.distribution == Distribution::kCategorical) {
    return log_probability(kernels, outputs, shape.levels, code, scratch);
  }
  const Components components(shape, outputs);
  const std::size_t width = padded(shape.components);
  scratch.resize(4 * width);
  float* log_probabilities = scratch.data();
  float* means = pad(components.means, shape.components, 0.0f, scratch.data() + width);
  float* log_scales = pad(components.log_scales, shape.components, 0.0f, means + width);
  float* spare = log_scales + width;
  const SampleInterval interval{static_cast<float>(static_cast<double>(code) / kHalfLevels - 1.0),
                                0x1p-16f, kLogStep, code == 0 ? -1 : code == kPcmLevels - 1,
                                shape.log_scale_min};
  const auto intervals = shape.distribution == Distribution::kLogistic ? kernels.logistic_intervals
                                                                       : kernels.gaussian_intervals;
  intervals(interval, means, log_scales, width, log_probabilities);
  if (!components.logits) return log_probabilities[0];
  float* logits = pad(components.logits, shape.components, kNever, means);
  // Their differences alone matter: large ones would swallow the probabilities.
  const float largest = *std::max_element(logits, logits + shape.components);
  for (std::size_t k = 0; k < width; ++k) {
    logits[k] -= largest;
    log_probabilities[k] += logits[k];
  }
  return log_sum_of_exponentials(kernels, log_probabilities, width, spare) -
         log_sum_of_exponentials(kernels, logits, width, spare);
}

}  // namespace wavenet
