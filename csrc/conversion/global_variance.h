// Trajectories that have the likelihood of their features and of their variance over time (Toda,
// Black, Tokuda 2007, sec. III-D).
#pragma once

#include <cstddef>
#include <vector>

#include "conversion/trajectory.h"

namespace wavenet {

// Normal distribution of the variance over the frames of an utterance, of each dimension.
struct GlobalVariance {
  const double* mean;      // (dimensions)
  const double* variance;  // (dimensions)
};

// The criterion of each dimension by itself, without constants:
//   weight * sum over t of log N(W y; mean, variance) + log N(v(y); mean, variance),
// v(y) being the variance of y over the frames. Equations: a system to which all frames were added.
class GlobalVarianceCriterion {
 public:
  GlobalVarianceCriterion(const TrajectoryLayout& layout, const TrajectorySystem& equations,
                          std::size_t frames, const GlobalVariance& statistics, double weight);

  // Values (dimensions), and the gradient (frames, dimensions), at y (frames, dimensions).
  void evaluate(const double* y, double* values, double* gradient) const;

  // Climbs from y by conjugate gradients until the criterion's sum over dimensions rises by less
  // than `tolerance` of itself, or for `iterations` steps. The criterion along a line is a
  // polynomial of degree four, whose best point is found exactly: no dimension ever gets worse.
  // Returns the sums, from that of the start on.
  std::vector<double> climb(double* y, std::size_t iterations, double tolerance) const;

 private:
  class Climb;

  void multiply(const double* y, double* product) const;

  std::size_t frames_, dimensions_;
  GlobalVariance statistics_;
  double weight_;
  std::size_t span_;
  std::vector<double> band_;   // (span + 1, frames, dimensions): P's diagonals
  std::vector<double> right_;  // (frames, dimensions)
};

}  // namespace wavenet
