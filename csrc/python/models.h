// What the bindings of models share: settings from a dictionary, weights as views.
#pragma once

#include <pybind11/numpy.h>

#include <string>
#include <vector>

#include "base/matrix_view.h"
#include "layers/packed_linear.h"

namespace wavenet {

namespace py = pybind11;

// C-contiguous float32, converted where needed.
using Floats = py::array_t<float, py::array::c_style | py::array::forcecast>;

inline py::dict step_cost(const StepCost& cost) {
  py::dict values;
  values["products"] = cost.products;
  values["bytes"] = cost.bytes;
  values["memory"] = cost.memory;
  return values;
}

template <typename T>
T take(const py::dict& values, const char* key) {
  require(values.contains(key), "the shape lacks '", key, "'");
  return values[key].cast<T>();
}

inline Precision precision_of(const std::string& name) {
  if (name == "bf16") return Precision::kBFloat16;
  if (name == "int8") return Precision::kInt8;
  require(name == "float32", "precision must be float32, bf16 or int8, got '", name, "'");
  return Precision::kFloat32;
}

// The arrays of a model file, kept while they are packed.
class ModelWeights {
 public:
  explicit ModelWeights(const py::dict& weights) {
    for (const auto& [name, value] : weights) {
      arrays_.push_back(value.cast<Floats>());
      const Floats& array = arrays_.back();
      tensors_[name.cast<std::string>()] = {
          array.data(), std::vector<std::size_t>(array.shape(), array.shape() + array.ndim())};
    }
  }
  const Tensors& tensors() const { return tensors_; }

 private:
  std::vector<Floats> arrays_;
  Tensors tensors_;
};

}  // namespace wavenet
