// Factors of symmetric matrices.
#pragma once

#include <stddef.h>

namespace wavenet {

// Symmetric positive definite matrices; rows are `stride` apart, a multiple of kPanel.
struct TriangularKernels {
  // The upper triangle becomes U with U^T U = matrix; below, numbers without meaning are left.
  // False where the matrix is not positive definite.
  bool (*factorise)(double* matrix, size_t size, size_t stride);
  // The inverse of U^T, lower triangular.
  void (*invert)(const double* upper, size_t size, size_t stride, double* inverse);
};

}  // namespace wavenet
