#include "sampling/categorical.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/checks.h"
#include "layers/packed_linear.h"

namespace wavenet {
namespace {

// The smallest weight that top-k and top-p leave; ties with it are kept.
float smallest_kept(const float* weights, std::size_t classes, float total,
                    const CategoricalOptions& options) {
  std::vector<float> sorted(weights, weights + classes);
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  std::size_t kept = options.top_k ? std::min(options.top_k, classes) : classes;
  if (options.top_p < 1.0f) {
    float sum = 0.0f;
    std::size_t needed = 0;
    while (needed < kept && sum < options.top_p * total) sum += sorted[needed++];
    kept = std::max<std::size_t>(needed, 1);
  }
  return sorted[kept - 1];
}

}  // namespace

void validate(const CategoricalOptions& options, std::size_t classes) {
  require(std::isfinite(options.temperature) && options.temperature >= 0,
          "temperature must be finite and not negative, got ", options.temperature);
  require(options.top_k <= classes, "top_k must be at most the number of classes, ", classes,
          ", got ", options.top_k);
  require(options.top_p > 0 && options.top_p <= 1, "top_p must be above 0 and at most 1, got ",
          options.top_p);
}

std::uint32_t sample_categorical(const Kernels& kernels, const float* logits, std::size_t classes,
                                 const CategoricalOptions& options, float uniform,
                                 std::vector<float>& scratch) {
  const float* end = logits + classes;
  const auto best = static_cast<std::uint32_t>(std::max_element(logits, end) - logits);
  const float scale = 1.0f / options.temperature;
  if (!std::isfinite(scale)) return best;

  scratch.resize(padded(classes));
  float peak;
  float total = kernels.exp_sum(logits, scale, scratch.data(), padded(classes), &peak);
  if (options.top_k || options.top_p < 1.0f) {
    const float smallest = smallest_kept(scratch.data(), classes, total, options);
    total = 0.0f;
    for (std::size_t i = 0; i < classes; ++i) {
      if (scratch[i] < smallest) scratch[i] = 0.0f;
      total += scratch[i];
    }
  }
  const float target = uniform * total;
  float sum = 0.0f;
  std::uint32_t last = best;
  for (std::size_t i = 0; i < classes; ++i) {
    if (scratch[i] == 0.0f) continue;
    sum += scratch[i];
    last = static_cast<std::uint32_t>(i);
    if (sum > target) break;
  }
  return last;
}

float log_probability(const Kernels& kernels, const float* logits, std::size_t classes,
                      std::uint32_t code, std::vector<float>& scratch) {
  scratch.resize(padded(classes));
  float peak;
  const float total = kernels.exp_sum(logits, 1.0f, scratch.data(), padded(classes), &peak);
  return logits[code] - peak - std::log(total);
}

}  // namespace wavenet
