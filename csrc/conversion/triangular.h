// Factors of symmetric positive definite matrices in double precision.
#pragma once

#include <cstddef>

#include "base/aligned_buffer.h"

namespace wavenet {

// The upper triangular U with U^T U = matrix: a lower triangular L is U^T.
class Cholesky {
 public:
  // Of a row-major matrix whose rows are `stride` apart.
  Cholesky(const double* matrix, std::size_t size, std::size_t stride);

  bool positive_definite() const { return positive_definite_; }
  // L[i][j], j <= i.
  double lower(std::size_t i, std::size_t j) const { return upper_[j * stride_ + i]; }
  // The inverse of the first `size` rows and columns of L: rows are stride() apart.
  AlignedBuffer<double> inverse_of_lower(std::size_t size) const;
  std::size_t stride() const { return stride_; }

 private:
  std::size_t stride_;
  AlignedBuffer<double> upper_;
  bool positive_definite_;
};

}  // namespace wavenet
