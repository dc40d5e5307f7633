// Views of float arrays that somebody else owns.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "base/checks.h"

namespace wavenet {

// A matrix inside an array of any number of dimensions: element (r, c) is at
// data[r * row_stride + c * column_stride].
struct MatrixView {
  const float* data;
  std::size_t rows;
  std::size_t columns;
  std::size_t row_stride;
  std::size_t column_stride;

  float operator()(std::size_t row, std::size_t column) const {
    return data[row * row_stride + column * column_stride];
  }
};

// A named weight as the model file has it: C-contiguous.
struct TensorView {
  const float* data;
  std::vector<std::size_t> shape;
};

using Tensors = std::map<std::string, TensorView>;

// The tensor of that name; throws std::invalid_argument unless it is there with that shape.
inline const float* find_tensor(const Tensors& tensors, const std::string& name,
                                const std::vector<std::size_t>& shape) {
  const auto found = tensors.find(name);
  require(found != tensors.end(), "the model lacks the tensor '", name, "'");
  const auto text = [](const std::vector<std::size_t>& sizes) {
    std::string list;
    for (std::size_t size : sizes) list += (list.empty() ? "" : ", ") + std::to_string(size);
    return "(" + list + ")";
  };
  require(found->second.shape == shape, "tensor '", name, "' has shape ", text(found->second.shape),
          ", not ", text(shape));
  return found->second.data;
}

}  // namespace wavenet
