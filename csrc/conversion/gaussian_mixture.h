// Densities of a Gaussian mixture with full covariances.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/aligned_buffer.h"
#include "layers/packed_linear.h"

namespace wavenet {

// Parameters that somebody else owns, row-major: weights (components), means (components, size),
// covariances (components, size, size).
struct MixtureView {
  const double* weights;
  const double* means;
  const double* covariances;
  std::size_t components;
  std::size_t size;
};

// log(weight * density) of a row under a component.
struct LogJoint {
  std::uint32_t component;
  std::uint32_t row;
  double value;
};

inline constexpr std::size_t kMixtureBlock = 512;  // rows at a time: they stay in the caches

// What is known of |W (x - mean)|^2 for the old W and mean holds for the new ones after a
// multiplication and a subtraction, as a lower bound.
struct Drift {
  float scale = 0.0f;
  float drop = 0.0f;
};

// What the last mixture tells about the rows' log joints under the next.
struct Acquaintance {
  const std::uint32_t* leaders = nullptr;  // of each row, the component that is likely its best
  // Lower bounds of |W (x - mean)|^2, (components, kMixtureBlock); new ones take their place.
  float* reached = nullptr;
};

// Rows of a density. Most components see them in single precision, relative to the density's offset
// and padded; those for which that would not do see the numbers themselves.
struct MixtureRows {
  const float* near;    // (count, width())
  const double* exact;  // (count, dimensions)
  std::size_t count;
};

// Log densities of rows, computed with the inverse Cholesky factors W of the covariances as
// constants less |W (x - mean)|^2 / 2. The sums of squares only grow: a component that falls behind
// the best one is given up after any panel of W. Single precision would err by about 2^-24 times
// the sum of |W| spread; where that is too much, double precision is used.
class MixtureDensity {
 public:
  // Of the first `dimensions` of the mixture's. Rows are numbers relative to `offset` (dimensions).
  // `before`: a mixture of as many components, or null. Throws std::invalid_argument where a
  // covariance is not positive definite.
  MixtureDensity(const MixtureView& mixture, std::size_t dimensions, const double* offset,
                 std::size_t threads, const MixtureView* before = nullptr);

  struct Scratch {
    AlignedBuffer<float> differences;
    std::vector<float> bounds, reached;
    std::vector<double> distances;
    std::vector<std::uint32_t> frames;
  };

  // Appends the log joints of rows, component by component, but for those surely `margin` below the
  // row's largest.
  void log_joints(const MixtureRows& x, double margin, const Acquaintance& known,
                  std::vector<LogJoint>& out, Scratch& scratch) const;

  std::size_t components() const { return components_.size(); }
  std::size_t width() const { return width_; }
  const float* centre(std::size_t component) const { return components_[component].centre.data(); }
  bool needs_exact(std::size_t component) const { return !components_[component].columns.empty(); }
  const Kernels& kernels() const { return *kernels_; }

 private:
  struct Component {
    double constant;
    AlignedBuffer<float> centre;  // mean - offset, padded
    AlignedBuffer<float> cells;   // W in panels of rows: [panel][step][kPanel]
    // Where single precision would not do: the mean, and W column after column, without its zeros.
    std::vector<double> mean, columns;
    Drift drift;
  };

  Component pack(const MixtureView& mixture, std::size_t m, const double* offset,
                 const std::vector<double>& spread, const MixtureView* before) const;
  // Norms above this less twice its best log joint are too far from a row for its component.
  float most_norm(std::size_t component, double margin) const;
  // Appends the log joints of `scratch.frames` that are not given up, and raises their bounds.
  void evaluate(std::size_t component, const MixtureRows& x, double margin, float* reached,
                std::vector<LogJoint>& out, Scratch& scratch) const;
  void evaluate_exactly(std::size_t component, const double* x, double margin, float* reached,
                        std::vector<LogJoint>& out, Scratch& scratch) const;
  void append(std::size_t component, std::uint32_t row, double norm, std::vector<LogJoint>& out,
              Scratch& scratch) const;

  const Kernels* kernels_;
  std::size_t dimensions_;
  std::size_t width_;
  std::vector<Component> components_;
};

// Weighted mean of the components' means, in their first `dimensions`.
std::vector<double> mean_of_means(const MixtureView& mixture, std::size_t dimensions);

// All log(weight * density) of rows (frames, size): out (frames, components).
void log_joints_of(const MixtureView& mixture, const double* x, std::size_t frames,
                   std::size_t threads, double* out);

// A posterior probability that matters.
struct Membership {
  std::uint32_t component;
  std::uint32_t row;
  float posterior;
};

// The memberships of `count` rows from their log joints, in the same order; posteriors below
// exp(-margin) of the row's largest are left out. Puts each row's log-likelihood into
// `log_likelihoods`.
std::vector<Membership> memberships(const std::vector<LogJoint>& joints, std::size_t count,
                                    double margin, double* log_likelihoods);

// Posteriors below this [nat under the largest], 1e-7, are left out.
inline constexpr double kNegligible = 16.0;

}  // namespace wavenet
