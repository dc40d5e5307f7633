#include "conversion/dtw.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "base/aligned_buffer.h"
#include "base/checks.h"
#include "base/interrupt.h"
#include "kernels/dispatch.h"

namespace wavenet {
namespace {

using Index = std::ptrdiff_t;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr Index kBlock = kDtwDiagonals;
constexpr Index kLanes = 8;             // most values that a kernel takes beyond the asked ones
constexpr Index kEdge = kDtwReach + 1;  // infinite cells that a pattern may look at
constexpr Index kMargin = 2 * kBlock;   // at both ends of a row of cells

// The cells of the window on each antidiagonal i + j = s.
class Band {
 public:
  Band(Index n, Index m, std::optional<std::size_t> window) : n_(n), m_(m) {
    const Index widest = std::max(n, m);
    const Index radius = static_cast<Index>(
        window ? std::min<std::size_t>(*window, static_cast<std::size_t>(widest)) : widest);
    below_ = radius + std::max<Index>(0, n - m);
    above_ = radius + std::max<Index>(0, m - n);
  }
  Index diagonals() const { return n_ + m_ - 1; }
  // Rows first(s) to last(s); none where last(s) is first(s) - 1.
  Index first(Index s) const { return std::max({Index{0}, s - m_ + 1, half_up(s - above_)}); }
  Index last(Index s) const { return std::min({s, n_ - 1, half_down(s + below_)}); }
  Index size(Index s) const { return last(s) - first(s) + 1; }

 private:
  static Index half_down(Index a) { return a >= 0 ? a / 2 : -((1 - a) / 2); }
  static Index half_up(Index a) { return half_down(a + 1); }

  Index n_, m_;
  Index below_, above_;  // a cell has i - j <= below, j - i <= above
};

// Rows of cells, one for each of the last antidiagonals; cell i is at row(s)[i].
class Diagonals {
 public:
  Diagonals(Index count, Index n)
      : count_(count),
        stride_((n + 2 * kMargin) / kLanes * kLanes + kLanes),
        values_(count * stride_, kInfinity) {}
  double* row(Index s) { return values_.data() + s % count_ * stride_ + kMargin; }
  Index stride() const { return stride_; }
  // Makes the cells around those from `first` to `last` infinite.
  void close(Index s, Index first, Index last) {
    std::fill_n(row(s) + first - kEdge, kEdge, kInfinity);
    std::fill_n(row(s) + last + 1, kEdge, kInfinity);
  }

 private:
  Index count_, stride_;
  AlignedBuffer<double> values_;
};

// Fills the costs of the antidiagonals s .. s + kBlock - 1 from row `first` to row `last`.
using FillCosts = std::function<void(Index s, Index first, Index last, Diagonals& costs)>;

class Warping {
 public:
  // `work_of_cell`: multiplications, about.
  Warping(Index n, Index m, const FillCosts& fill, std::size_t work_of_cell,
          const DtwOptions& options)
      : n_(n),
        m_(m),
        work_of_cell_(work_of_cell),
        band_(n, m, options.window),
        fill_(fill),
        options_(options),
        pattern_(*kDtwPatterns[options.pattern]) {}

  DtwPath run() {
    accumulate();
    require(std::isfinite(cost_), "no path of the step pattern ", pattern_.name, " leads from the ",
            "first to the last of ", n_, " and ", m_, " frames",
            options_.window ? " within the window" : "");
    return {cost_, trace()};
  }

 private:
  void accumulate() {
    const auto diagonal = kernels().dtw.diagonal[options_.pattern];
    Diagonals totals(kDtwLag + 1, n_), costs(2 * kBlock, n_);
    offsets_.reserve(band_.diagonals());
    Index cells = 0;
    for (Index s = 0; s < band_.diagonals(); ++s) {
      offsets_.push_back(cells);
      cells += std::max<Index>(0, band_.size(s));
    }
    choices_ = std::make_unique_for_overwrite<std::uint8_t[]>(cells + kLanes);
    const double *total_rows[kDtwLag + 1], *cost_rows[kDtwLag + 1];
    Poll poll;
    for (Index s = 0; s < band_.diagonals(); ++s) {
      if (s % kBlock == 0) fill(s, costs);
      const Index first = band_.first(s), size = band_.size(s);
      for (Index k = 0; k <= kDtwLag; ++k) {
        total_rows[k] = totals.row(s + kDtwLag + 1 - k) + first;
        cost_rows[k] = costs.row(s + 2 * kBlock - k) + first;
      }
      if (s == 0) {
        totals.row(0)[0] = costs.row(0)[0];
      } else {
        diagonal(total_rows, cost_rows, size, totals.row(s) + first, choices_.get() + offsets_[s]);
      }
      totals.close(s, first, first + size - 1);
      poll.after(static_cast<std::size_t>(std::max<Index>(0, size)) * work_of_cell_);
    }
    cost_ = totals.row(n_ + m_ - 2)[n_ - 1];
  }

  void fill(Index s, Diagonals& costs) const {
    const Index end = std::min(s + kBlock, band_.diagonals());
    fill_(s, band_.first(s), band_.last(end - 1), costs);
    for (Index k = s; k < end; ++k) costs.close(k, band_.first(k), band_.last(k));
  }

  std::vector<std::array<std::int64_t, 2>> trace() const {
    Index i = n_ - 1, j = m_ - 1;
    std::vector<std::array<std::int64_t, 2>> cells;
    cells.reserve(n_ + m_);
    while (i > 0 || j > 0) {
      const Index s = i + j;
      const DtwMove& move = pattern_.moves[choices_[offsets_[s] + i - band_.first(s)]];
      for (int k = move.length - 1; k >= 0; --k) {
        cells.push_back({i - move.charges[k].rows, j - move.charges[k].columns});
      }
      i -= move.rows;
      j -= move.columns;
    }
    cells.push_back({0, 0});
    std::reverse(cells.begin(), cells.end());
    return cells;
  }

  Index n_, m_;
  std::size_t work_of_cell_;
  Band band_;
  const FillCosts& fill_;
  const DtwOptions& options_;
  const DtwPattern& pattern_;
  std::vector<Index> offsets_;  // of the antidiagonals among the choices
  std::unique_ptr<std::uint8_t[]> choices_;
  double cost_ = kInfinity;
};

// Frames as columns, (dimensions, frames) with margins; reversed in time where asked. Every row
// starts in a cache set of its own.
class Columns {
 public:
  Columns(const Rows& frames, bool reversed, bool normalised)
      : stride_(((frames.rows + 2 * kMargin) / kLanes | 1) * kLanes + 2 * kLanes),
        values_(frames.columns * stride_) {
    for (std::size_t t = 0; t < frames.rows; ++t) {
      const double* frame = frames.data + t * frames.columns;
      const double scale = normalised ? inverse_length(frame, frames.columns) : 1.0;
      double* column = values_.data() + kMargin + (reversed ? frames.rows - 1 - t : t);
      for (std::size_t d = 0; d < frames.columns; ++d) column[d * stride_] = scale * frame[d];
    }
  }
  const double* at(Index t) const { return values_.data() + kMargin + t; }
  std::size_t stride() const { return stride_; }

 private:
  static double inverse_length(const double* frame, std::size_t size) {
    double largest = 0.0, sum = 0.0;
    for (std::size_t d = 0; d < size; ++d) largest = std::max(largest, std::abs(frame[d]));
    require(largest > 0.0, "the cosine metric needs frames that are not all zero");
    for (std::size_t d = 0; d < size; ++d) sum += (frame[d] / largest) * (frame[d] / largest);
    return 1.0 / largest / std::sqrt(sum);
  }

  std::size_t stride_;
  AlignedBuffer<double> values_;
};

DtwCosts costs_of(DtwMetric metric) {
  const DtwKernels& table = kernels().dtw;
  switch (metric) {
    case DtwMetric::kEuclidean:
      return table.euclidean;
    case DtwMetric::kSquaredEuclidean:
      return table.squared_euclidean;
    case DtwMetric::kCityBlock:
      return table.city_block;
    case DtwMetric::kCosine:
      break;
  }
  return table.cosine;
}

}  // namespace

DtwMetric dtw_metric(const std::string& name) {
  if (name == "euclidean") return DtwMetric::kEuclidean;
  if (name == "sqeuclidean") return DtwMetric::kSquaredEuclidean;
  if (name == "cityblock") return DtwMetric::kCityBlock;
  if (name == "cosine") return DtwMetric::kCosine;
  throw std::invalid_argument(message(
      "metric must be euclidean, sqeuclidean, cityblock, cosine or precomputed, got '", name, "'"));
}

std::size_t dtw_pattern(const std::string& name) {
  std::string names;
  for (std::size_t k = 0; k < kDtwPatternCount; ++k) {
    if (name == kDtwPatterns[k]->name) return k;
    names += (names.empty() ? "" : ", ") + std::string(kDtwPatterns[k]->name);
  }
  throw std::invalid_argument(message("step_pattern must be one of ", names, ", got '", name, "'"));
}

DtwPath dtw(const Rows& x, const Rows& y, DtwMetric metric, const DtwOptions& options) {
  const bool normalised = metric == DtwMetric::kCosine;
  const Columns columns(x, false, normalised), reversed(y, true, normalised);
  const DtwCosts compute = costs_of(metric);
  const Index m = y.rows;
  const FillCosts fill = [&](Index s, Index first, Index last, Diagonals& costs) {
    if (last < first) return;
    compute(columns.at(first), columns.stride(), reversed.at(m - 1 - s + first), reversed.stride(),
            x.columns, last - first + 1, costs.row(s) + first, costs.stride());
  };
  return Warping(x.rows, y.rows, fill, x.columns + 4, options).run();
}

DtwPath dtw(const Rows& given, const DtwOptions& options) {
  const Index m = given.columns;
  const FillCosts fill = [&](Index s, Index first, Index last, Diagonals& costs) {
    for (Index i = first; i <= last; ++i) {
      const Index end = std::min(s + kBlock, i + m);
      for (Index k = std::max(s, i); k < end; ++k) costs.row(k)[i] = given.data[i * m + k - i];
    }
  };
  return Warping(given.rows, given.columns, fill, 4, options).run();
}

}  // namespace wavenet
