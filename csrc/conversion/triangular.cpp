#include "conversion/triangular.h"

#include <cmath>

namespace wavenet {

// Column by column with the rest updated at once: the inner loops run along rows.
std::vector<double> cholesky(const double* matrix, std::size_t size, std::size_t stride) {
  std::vector<double> upper(size * size, 0.0);  // U = L^T, so that updates are along rows
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = i; j < size; ++j) upper[i * size + j] = matrix[i * stride + j];
  }
  for (std::size_t k = 0; k < size; ++k) {
    double* pivot = upper.data() + k * size;
    if (!(pivot[k] > 0.0) || !std::isfinite(pivot[k])) return {};
    const double scale = 1.0 / std::sqrt(pivot[k]);
    for (std::size_t j = k; j < size; ++j) pivot[j] *= scale;
    for (std::size_t i = k + 1; i < size; ++i) {
      double* row = upper.data() + i * size;
      const double factor = pivot[i];
      for (std::size_t j = i; j < size; ++j) row[j] -= factor * pivot[j];
    }
  }
  std::vector<double> lower(size * size, 0.0);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j <= i; ++j) lower[i * size + j] = upper[j * size + i];
  }
  return lower;
}

// Row i of the inverse is (e_i - sum over k < i of L[i][k] row k) / L[i][i].
std::vector<double> inverse_of_lower(const std::vector<double>& lower, std::size_t size) {
  std::vector<double> inverse(size * size, 0.0);
  for (std::size_t i = 0; i < size; ++i) {
    double* row = inverse.data() + i * size;
    for (std::size_t k = 0; k < i; ++k) {
      const double factor = lower[i * size + k];
      if (factor == 0.0) continue;
      const double* above = inverse.data() + k * size;
      for (std::size_t j = 0; j <= k; ++j) row[j] -= factor * above[j];
    }
    const double scale = 1.0 / lower[i * size + i];
    for (std::size_t j = 0; j < i; ++j) row[j] *= scale;
    row[i] = scale;
  }
  return inverse;
}

}  // namespace wavenet
