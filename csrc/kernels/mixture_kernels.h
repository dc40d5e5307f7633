// Gaussian mixtures.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace wavenet {

// Frames whose distances to one component are computed together.
inline constexpr size_t kMixtureStrip = 128;

struct MixtureStrip {
  uint32_t frames[kMixtureStrip];
  float norms[kMixtureStrip];      // so far
  uint32_t places[kMixtureStrip];  // rows where the differences of earlier panels stand
  float* x;                        // frame - centre: [panel][kMixtureStrip][kPanel]
};

// A panel of rows of the inverse Cholesky factor W of a component, lower triangular.
struct MixtureStage {
  const float* cells;   // [step][kPanel] for all steps up to the panel's last row, aligned
  size_t panel;         // its number
  const float* data;    // rows of frames
  size_t stride;        // of data
  const float* centre;  // of the component
  float most;           // frames with norms above most - bounds[frame] are given up
  const float* bounds;
  float* reached;  // of each frame, the norm so far
};

// A frame that belongs to a component, in part.
struct MixtureMember {
  uint32_t frame;
  float posterior;
};

// Members whose products are computed together.
inline constexpr size_t kMixtureMembers = 32;

// Sums over the members of a component, and room to compute them, zero at first. width: the size of
// frames in whole panels.
struct MixtureSums {
  double* totals;    // (width + kPanel, width): sums of r d d^T, lower triangle, then of r d
  double* x;         // (kMixtureMembers, width)
  double* weighted;  // (kMixtureMembers, width + kPanel)
};

struct MixtureKernels {
  // out[c][i] = x[rows[c] * x_stride + i] - centre[i], i < width (a multiple of kPanel).
  void (*gather_differences)(const float* x, size_t x_stride, const uint32_t* rows, size_t count,
                             const float* centre, size_t width, float* out);
  // Goes on with |W (data - centre)|^2 of `count` frames by a panel of W; returns how many are not
  // given up, and puts these first.
  size_t (*prune)(const MixtureStage& stage, size_t count, MixtureStrip& strip);
  // reached[r] = scale * reached[r] - drop, r < count; puts the r with reached[r] <= most -
  // bounds[r] into frames and returns how many these are.
  size_t (*candidates)(const float* bounds, size_t count, float most, float scale, float drop,
                       float* reached, uint32_t* frames);
  // Adds what the members of a component contribute, with d = data - centre.
  void (*add_members)(const float* data, const float* centre, size_t size, size_t width,
                      const MixtureMember* members, size_t count, MixtureSums& sums);
};

}  // namespace wavenet
