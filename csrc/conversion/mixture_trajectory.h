// Trajectories from mixtures of distributions of static and dynamic features (Toda, Black, Tokuda
// 2007, sec. III).
#pragma once

#include <cstddef>
#include <vector>

#include "conversion/trajectory.h"

namespace wavenet {

// The features Y at t given the source vector x at t: with probability posteriors[t][m] they come
// from N(slopes[m] x + biases[m], diagonal variances[m]).
struct ConditionalMixture {
  std::size_t frames, sources, components;
  const double* x;           // (frames, sources)
  const double* posteriors;  // (frames, components), those of the components given x
  const double* slopes;      // (components, features, sources)
  const double* biases;      // (components, features)
  const double* variances;   // (components, features)
};

// The trajectory y (frames, dimensions). It starts as the best one for the most probable component
// of each frame (the suboptimum mixture sequence); then each of `iterations` steps of
// expectation and maximisation weights the components with their probability given x and the
// features of y before. Returns the mean over frames of log p(W y | x) [nat]: at the start and
// after each step.
std::vector<double> mixture_trajectory(const TrajectoryLayout& layout,
                                       const ConditionalMixture& mixture, std::size_t iterations,
                                       double* y);

}  // namespace wavenet
