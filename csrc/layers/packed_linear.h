// A dense layer, packed once in panels for the matrix kernels.
#pragma once

#include <cstddef>

#include "base/aligned_buffer.h"
#include "base/matrix_view.h"
#include "kernels/kernels.h"

namespace wavenet {

// `size` rounded up to whole panels.
inline std::size_t padded(std::size_t size) { return (size + kPanel - 1) / kPanel * kPanel; }

class PackedLinear {
 public:
  PackedLinear() = default;
  // All weights zero; `outputs` is a multiple of kPanel.
  PackedLinear(std::size_t outputs, std::size_t inputs);

  // Copies `weights` (rows: outputs, columns: inputs) to the place that starts at those two.
  void set(std::size_t first_output, std::size_t first_input, const MatrixView& weights);

  // y[c][o] += sum over i of weight(o, i) * x[c][i], for `columns` columns.
  void accumulate(const Kernels& kernels, const float* x, std::size_t x_stride, float* y,
                  std::size_t y_stride, std::size_t columns) const {
    kernels.matmul_accumulate(weights_.data(), inputs_, panels_, x, x_stride, y, y_stride, columns);
  }

  std::size_t inputs() const { return inputs_; }
  std::size_t outputs() const { return panels_ * kPanel; }

 private:
  std::size_t inputs_ = 0;
  std::size_t panels_ = 0;
  AlignedBuffer<float> weights_;  // [panel][input][output in panel]
};

}  // namespace wavenet
