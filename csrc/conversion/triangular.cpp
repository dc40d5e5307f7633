#include "conversion/triangular.h"

#include <algorithm>

#include "kernels/dispatch.h"
#include "layers/packed_linear.h"

namespace wavenet {

Cholesky::Cholesky(const double* matrix, std::size_t size, std::size_t stride)
    : stride_(padded(size)), upper_(size * stride_, 0.0) {
  for (std::size_t i = 0; i < size; ++i) {
    std::copy_n(matrix + i * stride, size, upper_.data() + i * stride_);
  }
  positive_definite_ = kernels().triangular.factorise(upper_.data(), size, stride_);
}

AlignedBuffer<double> Cholesky::inverse_of_lower(std::size_t size) const {
  AlignedBuffer<double> inverse(size * stride_);
  kernels().triangular.invert(upper_.data(), size, stride_, inverse.data());
  return inverse;
}

}  // namespace wavenet
