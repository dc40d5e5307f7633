// A dense layer, packed once in panels for the kernels of a precision.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/aligned_buffer.h"
#include "base/matrix_view.h"
#include "kernels/kernels.h"

namespace wavenet {

enum class Precision { kFloat32, kBFloat16, kInt8 };

inline const LinearKernels& linear_kernels(const Kernels& kernels, Precision precision) {
  return precision == Precision::kFloat32    ? kernels.float32
         : precision == Precision::kBFloat16 ? kernels.bf16
                                             : kernels.int8;
}

// `size` rounded up to whole panels.
inline std::size_t padded(std::size_t size) { return (size + kPanel - 1) / kPanel * kPanel; }

// Weights of a layer before they are packed, all zero at first.
class LayerWeights {
 public:
  // `outputs` is a multiple of kPanel.
  LayerWeights(std::size_t outputs, std::size_t inputs);

  // Copies `weights` (rows: outputs, columns: inputs) to the place that starts at those two.
  void set(std::size_t first_output, std::size_t first_input, const MatrixView& weights);

  std::size_t outputs() const { return outputs_; }
  std::size_t inputs() const { return inputs_; }
  float operator()(std::size_t output, std::size_t input) const {
    return input < inputs_ ? values_[output * inputs_ + input] : 0.0f;
  }

 private:
  std::size_t outputs_;
  std::size_t inputs_;
  std::vector<float> values_;
};

// What a step of some streams costs on average: products of a weight and an input, bytes of
// weights read, and the bytes among which they lie.
struct StepCost {
  double products = 0.0;
  double bytes = 0.0;
  double memory = 0.0;
};

class PackedLinear {
 public:
  PackedLinear() = default;
  // `form`: how the inputs are stored. With 8 bits each output's weights have a scale of their own.
  PackedLinear(const LinearKernels& kernels, const LayerWeights& weights,
               InputForm form = {nullptr});

  std::size_t outputs() const { return panels_ * kPanel; }
  std::size_t bytes() const { return steps_ * panels_ * kCellBytes; }  // of its packed weights
  std::size_t products() const { return steps_ * kernels_->step_inputs * outputs(); }  // a column

  // Adds the cost of this layer, computed `uses` times and read `reads` times a step.
  void add_cost(double uses, double reads, StepCost& cost) const;

  // Copies the packed weights to `memory`, aligned to a cache line, and uses them there.
  void move_to(std::shared_ptr<char> memory);

  LinearView view() const {
    return {cells_.get(), steps_, panels_, group_panels_, scales_.data(), offsets_.data()};
  }

  // y[c][o] = start[c][o] + sum over i of weight(o, i) * x[c][i], likewise.
  void apply(const void* x, std::size_t x_stride, const float* start, std::size_t start_stride,
             float* y, std::size_t y_stride, std::size_t columns) const {
    kernels_->apply(view(), x, x_stride, start, start_stride, y, y_stride, columns);
  }

  // y[c][o] += sum over i of weight(o, i) * x[c][i], for `columns` columns; `x_stride` [bytes].
  void accumulate(const void* x, std::size_t x_stride, float* y, std::size_t y_stride,
                  std::size_t columns) const {
    apply(x, x_stride, y, y_stride, y, y_stride, columns);
  }

 private:
  void pack_floats(const LayerWeights& weights);
  void pack_brain_floats(const LayerWeights& weights);
  void pack_bytes(const LayerWeights& weights, InputForm form);
  void group();
  // Calls put(place, output, input) for each weight, in the order of memory.
  template <typename Put>
  void for_each_place(const Put& put);

  const LinearKernels* kernels_ = nullptr;
  std::size_t steps_ = 0;
  std::size_t panels_ = 0;
  std::size_t group_panels_ = 0;
  std::shared_ptr<char> cells_;  // zero-initialised
  AlignedBuffer<float> scales_;
  AlignedBuffer<std::int32_t> offsets_;
};

}  // namespace wavenet
