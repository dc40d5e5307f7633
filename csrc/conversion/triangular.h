// Factors of symmetric positive definite matrices, row-major, in double precision.
#pragma once

#include <cstddef>
#include <vector>

namespace wavenet {

// The lower triangular L with L L^T = matrix, whose rows are `stride` apart. Empty where the matrix
// is not positive definite.
std::vector<double> cholesky(const double* matrix, std::size_t size, std::size_t stride);

// The inverse of a lower triangular matrix.
std::vector<double> inverse_of_lower(const std::vector<double>& lower, std::size_t size);

}  // namespace wavenet
