#include "sampling/categorical.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/checks.h"
#include "layers/packed_linear.h"

namespace wavenet {
namespace {

// The smallest weight that top-k and top-p leave; ties with it are kept. `room`: for all weights.
float smallest_kept(const float* weights, std::size_t classes, float total,
                    const CategoricalOptions& options, float* room) {
  float* end = std::copy_n(weights, classes, room);
  if (options.top_k) {
    std::nth_element(room, room + options.top_k - 1, end, std::greater<>());
    end = room + options.top_k;
    if (options.top_p == 1.0f) return end[-1];
  }
  std::make_heap(room, end);  // the largest come off one by one
  float sum = 0.0f;
  do {
    std::pop_heap(room, end--);
    sum += *end;
  } while (end > room && sum < options.top_p * total);
  return *end;
}

std::uint32_t most_likely(const float* logits, std::size_t classes) {
  return static_cast<std::uint32_t>(std::max_element(logits, logits + classes) - logits);
}

// The class whose weight covers the fraction `uniform` of `total`, which is above 0, when the
// classes stand in the order of their number modulo kPanel: the lane first, then the class in it.
// Rounding at the end of the sums gives the last class that has any weight.
std::uint32_t inverse_distribution(const float* weights, std::size_t classes,
                                   const float* lane_sums, float total, float uniform) {
  float target = uniform * total;
  std::size_t last_lane = kPanel;
  while (lane_sums[last_lane - 1] == 0.0f) --last_lane;
  std::size_t lane = 0;
  while (lane + 1 < last_lane && target >= lane_sums[lane]) target -= lane_sums[lane++];
  std::size_t last = lane;
  for (std::size_t i = lane; i < classes; i += kPanel) {
    if (weights[i] == 0.0f) continue;
    last = i;
    if (target < weights[i]) break;
    target -= weights[i];
  }
  return static_cast<std::uint32_t>(last);
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
  const float scale = 1.0f / options.temperature;
  if (!std::isfinite(scale)) return most_likely(logits, classes);
  scratch.resize(2 * padded(classes));
  float peak;
  float lane_sums[kPanel];
  kernels.exponentials(logits, scale, scratch.data(), padded(classes), &peak, lane_sums);
  float total = std::accumulate(lane_sums, lane_sums + kPanel, 0.0f);
  // No weight is left by logits that are not finite, or where scale * log2(e) is not.
  if (!(total > 0.0f)) return most_likely(logits, classes);
  if (options.top_k || options.top_p < 1.0f) {
    float* room = scratch.data() + padded(classes);
    const float smallest = smallest_kept(scratch.data(), classes, total, options, room);
    std::fill_n(lane_sums, kPanel, 0.0f);
    for (std::size_t i = 0; i < classes; ++i) {
      if (scratch[i] < smallest) scratch[i] = 0.0f;
      lane_sums[i % kPanel] += scratch[i];
    }
    total = std::accumulate(lane_sums, lane_sums + kPanel, 0.0f);
  }
  return inverse_distribution(scratch.data(), classes, lane_sums, total, uniform);
}

float log_probability(const Kernels& kernels, const float* logits, std::size_t classes,
                      std::uint32_t code, std::vector<float>& scratch) {
  scratch.resize(padded(classes));
  float peak;
  float lane_sums[kPanel];
  kernels.exponentials(logits, 1.0f, scratch.data(), padded(classes), &peak, lane_sums);
  const float total = std::accumulate(lane_sums, lane_sums + kPanel, 0.0f);
  return logits[code] - peak - std::log(total);
}

}  // namespace wavenet
