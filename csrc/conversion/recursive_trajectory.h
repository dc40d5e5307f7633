// Trajectories of maximum likelihood frame by frame, with a delay of a few frames.
#pragma once

#include <cstddef>

#include "base/aligned_buffer.h"
#include "conversion/trajectory.h"

namespace wavenet {

// Gives frame t when frame t + delay has come: what the whole trajectory of all frames up to then
// has at t. Since a row of the equations looks only a few frames ahead, the past is eliminated
// once and for all, and each frame takes delay + 1 steps of back substitution and the elimination
// of the last rows, which are still open. (Koishida et al. 1997 and Toda et al. 2012 get there by
// updating the solution and its covariance; this is the same estimate, solved in square-root-free
// Cholesky form.)
class RecursiveTrajectory {
 public:
  RecursiveTrajectory(TrajectoryLayout layout, std::size_t delay);

  const TrajectoryLayout& layout() const { return layout_; }
  std::size_t delay() const { return delay_; }
  // Frames pushed, and not yet put out.
  std::size_t pending() const { return received_ < delay_ ? received_ : delay_; }

  // Takes the next frame's means and variances (layout().features()); writes frame t - delay to y
  // (layout().dimensions()) and returns true if there is one.
  bool push(const double* means, const double* variances, double* y);

  // Ends the sequence: writes the pending frames (pending(), dimensions) to y. Then a new sequence
  // may begin.
  void flush(double* y);

 private:
  double* row(std::size_t t) { return rows_.data() + (t - first_) * layout_.stride(); }
  double* source(std::size_t t);
  void make_room();
  void solve(std::size_t target, std::size_t count, double* y);

  TrajectoryLayout layout_;
  std::size_t delay_, kept_;    // kept: rows that are still needed after a frame
  std::size_t received_ = 0;    // frames
  std::size_t first_ = 0;       // frame of the first row in memory
  std::size_t eliminated_ = 0;  // rows
  AlignedBuffer<double> rows_, open_rows_, sources_, solution_;
};

}  // namespace wavenet
