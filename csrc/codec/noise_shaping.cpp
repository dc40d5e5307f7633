#include "codec/noise_shaping.h"

#include <algorithm>
#include <vector>

namespace wavenet {

void undo_noise_shaping(const float* x, std::size_t count, const ShapingFilters& filters,
                        std::span<double> history, float* y) {
  const std::size_t order = filters.order;
  std::vector<double> values(order + count);
  std::copy(history.begin(), history.end(), values.begin());
  for (std::size_t t = 0; t < count; ++t) {
    const double* taps = filters.taps + (filters.offset + t) / filters.hop * (order + 1);
    const double* past = values.data() + t + order;  // past[-k] is y[t - k]
    double sum = x[t];
    for (std::size_t k = 1; k <= order; ++k) sum -= taps[k] * *(past - k);
    values[t + order] = sum / taps[0];
    y[t] = static_cast<float>(values[t + order]);
  }
  std::copy(values.end() - static_cast<std::ptrdiff_t>(order), values.end(), history.begin());
}

}  // namespace wavenet
