#include "codec/noise_shaping.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <vector>

namespace wavenet {
namespace {

double limited(double y, double knee) {
  const double loudness = std::abs(y);
  if (loudness <= knee) return y;
  return std::copysign(knee * (1.0 + std::tanh(loudness / knee - 1.0)), y);
}

// Two second-order sections by the bilinear transform, in transposed direct form II.
class HighPass {
 public:
  HighPass(double cutoff, double* state) : state_(state) {
    const double k = std::tan(std::numbers::pi * cutoff);
    for (std::size_t i = 0; i < 2; ++i) {
      const double damping = 2.0 * std::cos((2.0 * i + 1.0) * std::numbers::pi / 8.0);
      const double gain = 1.0 / (1.0 + damping * k + k * k);
      sections_[i] = {gain, 2.0 * (k * k - 1.0) * gain, (1.0 - damping * k + k * k) * gain};
    }
  }

  double operator()(double y) {
    double* state = state_;
    for (const auto& [gain, a1, a2] : sections_) {
      const double passed = gain * y + state[0];
      state[0] = state[1] - 2.0 * gain * y - a1 * passed;
      state[1] = gain * y - a2 * passed;
      y = passed;
      state += 2;
    }
    return y;
  }

 private:
  struct Section {
    double gain, a1, a2;
  };
  std::array<Section, 2> sections_;
  double* state_;
};

}  // namespace

void undo_noise_shaping(const float* x, std::size_t count, const ShapingFilters& filters,
                        std::span<double> state, float* out) {
  const std::size_t order = filters.order;
  std::vector<double> values(order + count);
  std::copy_n(state.begin(), order, values.begin());
  HighPass high_pass(filters.cutoff, state.data() + order);
  for (std::size_t t = 0; t < count; ++t) {
    const std::size_t filter = (filters.offset + t) / filters.hop;
    const double* taps = filters.taps + filter * (order + 1);
    const double* past = values.data() + t + order;  // past[-k] is y[t - k]
    double sum = x[t];
    for (std::size_t k = 1; k <= order; ++k) sum -= taps[k] * *(past - k);
    const double y = values[t + order] = sum / taps[0];
    out[t] = static_cast<float>(limited(high_pass(y), filters.knees[filter]));
  }
  std::copy(values.end() - static_cast<std::ptrdiff_t>(order), values.end(), state.begin());
}

}  // namespace wavenet
