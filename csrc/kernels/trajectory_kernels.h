// Banded systems of trajectories.
#pragma once

#include <stddef.h>

namespace wavenet {

// row[target + v] += factor * source[source + v]; offsets in doubles.
struct TrajectoryTerm {
  ptrdiff_t target;
  size_t source;
  double factor;
};

// Symmetric banded systems of `lanes` (a multiple of 8) dimensions at once, solved as L D L^T. A
// row of a system couples frame t with the frames t, t + 1, ..., t + span: these coefficients,
// `lanes` of each, and then the right-hand side. Rows of following frames follow in memory.
struct TrajectoryKernels {
  // precisions[i] = 1 / variances[i], weighted[i] = means[i] / variances[i], for any count.
  void (*weigh)(const double* means, const double* variances, size_t count, double* precisions,
                double* weighted);
  // Adds all terms to the rows around that of a frame.
  void (*scatter)(const TrajectoryTerm* terms, size_t count, const double* source, double* row,
                  size_t lanes);
  // Takes a row out of the next `span` rows; leaves the factors of L^T and the value L D solves.
  void (*eliminate)(double* row, size_t span, size_t lanes);
  // solution[v] from an eliminated row and the solutions of the next `span` frames behind it.
  void (*substitute)(const double* row, size_t span, size_t lanes, double* solution);
};

}  // namespace wavenet
