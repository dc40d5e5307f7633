#include "codec/noise_shaping.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace wavenet {
namespace {

double limited(double y, double knee) {
  const double loudness = std::abs(y);
  if (loudness <= knee) return y;
  return std::copysign(knee * (1.0 + std::tanh(loudness / knee - 1.0)), y);
}

}  // namespace

void undo_noise_shaping(const float* x, std::size_t count, const ShapingFilters& filters,
                        std::span<double> state, float* out) {
  const std::size_t order = filters.order;
  std::vector<double> values(order + count);
  std::copy_n(state.begin(), order, values.begin());
  double& mean = state[order];
  for (std::size_t t = 0; t < count; ++t) {
    const std::size_t filter = (filters.offset + t) / filters.hop;
    const double* taps = filters.taps + filter * (order + 1);
    const double* past = values.data() + t + order;  // past[-k] is y[t - k]
    double sum = x[t];
    for (std::size_t k = 1; k <= order; ++k) sum -= taps[k] * *(past - k);
    const double y = values[t + order] = sum / taps[0];
    mean += filters.mean_rate * (y - mean);
    out[t] = static_cast<float>(limited(y - mean, filters.knees[filter]));
  }
  std::copy(values.end() - static_cast<std::ptrdiff_t>(order), values.end(), state.begin());
}

}  // namespace wavenet
