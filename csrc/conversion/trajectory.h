// Trajectories of maximum likelihood from distributions of static and dynamic features (Tokuda et
// al. 2000): the maximum of sum over t of log N(W y at t; mean at t, diagonal variance at t).
#pragma once

#include <cstddef>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/interrupt.h"
#include "kernels/kernels.h"

namespace wavenet {

// The windows and how the system of equations lies in memory; see TrajectoryKernels.
class TrajectoryLayout {
 public:
  // `windows`: coefficients of odd number, the middle one for the present frame; one of them must
  // look at the present frame only, so that there is one best trajectory.
  TrajectoryLayout(std::vector<std::vector<double>> windows, std::size_t dimensions);

  std::size_t dimensions() const { return dimensions_; }
  std::size_t features() const { return windows_.size() * dimensions_; }
  std::size_t half() const { return half_; }      // frames that a window reaches to each side
  std::size_t span() const { return 2 * half_; }  // frames that a row couples with its own
  std::size_t lanes() const { return lanes_; }
  std::size_t stride() const { return (span() + 2) * lanes_; }  // of rows
  std::size_t source_size() const { return 2 * windows_.size() * lanes_; }

  // What a frame gives to the rows around it, from its source. The frames before the first and
  // after the last are held; `frames`: how many there are.
  std::vector<TrajectoryTerm> terms(std::size_t t, std::size_t frames) const;

  // Multiplications for a frame, about: to be told to a Poll.
  std::size_t work() const { return span() * stride(); }

  // The source of a frame, from means and variances (features()): precisions and weighted means,
  // window by window, `lanes` of each.
  void weigh(const double* means, const double* variances, double* source) const;

  // Features W y of frame t; y (frames, dimensions) with `y_stride` doubles between frames.
  void apply(const double* y, std::size_t y_stride, std::size_t t, std::size_t frames,
             double* features) const;

 private:
  std::vector<std::vector<double>> windows_;
  std::size_t dimensions_, half_, lanes_;
};

// The equations of a whole trajectory.
class TrajectorySystem {
 public:
  TrajectorySystem(const TrajectoryLayout& layout, std::size_t frames);

  // Adds frame t, of which `source` is weighed; every frame once, in order.
  void add(std::size_t t, const double* source);
  // The same from means and variances.
  void add(std::size_t t, const double* means, const double* variances);

  const double* row(std::size_t t) const { return rows_.data() + t * layout_.stride(); }

  // Writes the solution (frames, dimensions); the rows are spent then. Throws
  // std::invalid_argument where the numbers overflow.
  void solve(double* y);

  void clear();

 private:
  const TrajectoryLayout& layout_;
  std::size_t frames_;
  std::vector<TrajectoryTerm> inner_;  // of frames whose windows end within the trajectory
  AlignedBuffer<double> rows_, solution_, source_;
  Poll poll_;
};

// The trajectory (frames, dimensions) of means (frames, features). `variances`: as many, or with
// `variance_stride` 0 one frame's for all.
void mlpg(const TrajectoryLayout& layout, std::size_t frames, const double* means,
          const double* variances, std::size_t variance_stride, double* y);

}  // namespace wavenet
