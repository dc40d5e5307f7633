// Regression of the second part of a joint Gaussian mixture on the first (Stylianou et al. 1998;
// Toda, Black and Tokuda 2007, sections II-B and II-C).
#pragma once

#include <cstddef>
#include <vector>

#include "conversion/gaussian_mixture.h"

namespace wavenet {

class MixtureRegression {
 public:
  // x: the first `source` of the mixture's dimensions; y: the others.
  MixtureRegression(const MixtureView& mixture, std::size_t source, std::size_t threads);

  // For each of `frames` rows x: the mean and the diagonal variance of y, averaged over the
  // components with their posterior probabilities, or for `best` those of the likeliest component.
  void conditional(const double* x, std::size_t frames, bool best, std::size_t threads,
                   double* means, double* variances) const;

  std::size_t source() const { return source_; }
  std::size_t target() const { return target_; }

 private:
  struct Component {
    PackedLinear slopes;            // of y in x
    std::vector<double> means;      // of y
    std::vector<double> variances;  // of y given x
  };

  void pack(const MixtureView& mixture, std::size_t m);
  void block(const double* x, std::size_t count, bool best, double* means, double* variances) const;

  std::size_t source_;
  std::size_t target_;
  std::vector<double> offset_;  // of x
  MixtureDensity density_;
  std::vector<Component> components_;
};

}  // namespace wavenet
