// Expectation and maximisation of a Gaussian mixture (Dempster, Laird and Rubin 1977).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "conversion/gaussian_mixture.h"

namespace wavenet {

enum class Covariance {
  kFull,
  kCrossDiagonal,  // of two halves x, y of a vector: diagonal blocks xx, xy, yx, yy
  kDiagonal,
};

struct MaximisationOptions {
  Covariance covariance = Covariance::kFull;
  double reg_covar = 0.0;     // added to the variances
  double prior_frames = 0.0;  // weight of the pooled covariance in each component's [frames]
};

// Where parameters are written to, as in MixtureView.
struct MixtureTarget {
  double* weights;
  double* means;
  double* covariances;
};

// Frames, and what the last expectation said of them. Products are of single precision around the
// frames' mean, sums over frames of double precision; the results do not depend on the number of
// threads.
class MixtureTraining {
 public:
  // `data`: `frames` rows of `size` numbers, which must outlive this.
  MixtureTraining(const double* data, std::size_t frames, std::size_t size, std::size_t threads);

  // Posterior probabilities of all frames; returns the mean log-likelihood of a frame [nat].
  double expect(const MixtureView& mixture);

  // Instead of an expectation: each frame belongs to one component alone.
  void assign(const std::int32_t* labels, std::size_t components);

  // The parameters of highest likelihood for the last posteriors; with `prior_frames`, of highest
  // posterior probability under an inverse Wishart prior around the pooled covariance. A component
  // that has lost all frames starts again at the least likely frame.
  void maximise(const MaximisationOptions& options, const MixtureTarget& out) const;

  std::size_t components() const { return members_.size(); }
  std::size_t frames() const { return frames_; }
  std::size_t size() const { return size_; }

 private:
  struct Scatter {
    double count = 0.0;
    std::vector<double> mean;    // relative to offset_
    std::vector<double> matrix;  // sum of weighted outer products around the mean
  };

  static bool is_empty(const Scatter& one);
  Scatter scatter(std::size_t component, Covariance covariance) const;
  // As MixtureSums::totals, of the differences from `centre`.
  AlignedBuffer<double> sums(std::size_t component, const AlignedBuffer<float>& centre) const;
  void add_exactly(std::size_t component, const AlignedBuffer<float>& centre, double* totals) const;
  void restart_empty(std::vector<Scatter>& scatters) const;
  // Pooled covariance (size, size) of all components.
  std::vector<double> pooled(const std::vector<Scatter>& scatters) const;

  const double* data_;
  std::size_t frames_;
  std::size_t size_;
  std::size_t width_;
  std::size_t threads_;
  const Kernels* kernels_;
  std::vector<double> offset_;                       // mean of the frames
  AlignedBuffer<float> rows_;                        // frames - offset_, width_ floats each
  std::vector<std::vector<MixtureMember>> members_;  // of each component
  std::vector<AlignedBuffer<float>> centres_;        // near each component's mean
  std::vector<bool> needs_exact_;                    // components, as MixtureDensity says
  // For the next expectation: the last mixture; of each frame its likely best component; and
  // distances that were reached, [block][component][kMixtureBlock].
  std::vector<double> last_means_, last_covariances_;
  std::vector<std::uint32_t> leaders_;
  std::vector<float> reached_;
  std::vector<double> log_likelihoods_;  // of each frame; empty after `assign`
};

}  // namespace wavenet
