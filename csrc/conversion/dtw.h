// Dynamic time warping of two sequences of frames.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace wavenet {

enum class DtwMetric { kEuclidean, kSquaredEuclidean, kCityBlock, kCosine };

// Throw std::invalid_argument for an unknown name.
DtwMetric dtw_metric(const std::string& name);
std::size_t dtw_pattern(const std::string& name);  // place in kDtwPatterns

// Values of a row-major matrix (rows, columns).
struct Rows {
  const double* data;
  std::size_t rows;
  std::size_t columns;
};

struct DtwPath {
  double cost;
  std::vector<std::array<std::int64_t, 2>> cells;  // from (0, 0) to (n - 1, m - 1)
};

struct DtwOptions {
  std::size_t pattern = 0;  // place in kDtwPatterns
  // Most frames that a path may leave the diagonals through the first and the last cell.
  std::optional<std::size_t> window;
};

// The path of least cost between the rows of x and y. Memory: one byte for each cell of the
// window, and a few antidiagonals. Throws std::invalid_argument where no path exists.
DtwPath dtw(const Rows& x, const Rows& y, DtwMetric metric, const DtwOptions& options);

// The same for given costs (n, m).
DtwPath dtw(const Rows& costs, const DtwOptions& options);

}  // namespace wavenet
