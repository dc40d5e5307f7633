// What the bindings of models share: settings from a dictionary, weights as views.
#pragma once

#include <pybind11/numpy.h>

#include <string>
#include <vector>

#include "base/matrix_view.h"
#include "layers/packed_linear.h"
#include "python/arrays.h"

namespace wavenet {

inline py::dict step_cost(const StepCost& cost) {
  py::dict values;
  values["products"] = cost.products;
  values["bytes"] = cost.bytes;
  values["memory"] = cost.memory;
  return values;
}

// The value of that name; throws std::invalid_argument where it is of another type.
template <typename T>
T as(const py::handle& value, const std::string& name) {
  try {
    return value.cast<T>();
  } catch (const py::cast_error&) {         // of numbers and text
  } catch (const py::error_already_set&) {  // of arrays
  }
  const auto text = py::repr(value).cast<std::string>();
  throw std::invalid_argument(message("'", name, "' cannot be ", text.substr(0, 100)));
}

// values[key]; throws std::invalid_argument where it is not there or of another type.
template <typename T>
T take(const py::dict& values, const char* key) {
  require(values.contains(key), "'", key, "' is missing");
  return as<T>(values[key], key);
}

template <typename T>
T take_choice(const py::dict& values, const char* key,
              std::initializer_list<std::pair<const char*, T>> choices) {
  return choose(key, take<std::string>(values, key), choices);
}

// Throws std::invalid_argument where so many values have no place in any memory.
inline void check_steps(std::size_t steps, std::size_t values_per_step) {
  require(steps <= (std::size_t{1} << 60) / values_per_step, "steps cannot be ", steps);
}

inline Precision precision_of(const std::string& name) {
  return choose<Precision>("precision", name,
                           {{"float32", Precision::kFloat32},
                            {"bf16", Precision::kBFloat16},
                            {"int8", Precision::kInt8}});
}

// The arrays of a model file, kept while they are packed.
class ModelWeights {
 public:
  explicit ModelWeights(const py::dict& weights) {
    for (const auto& [name, value] : weights) {
      const auto text = as<std::string>(name, "name of a tensor");
      arrays_.push_back(as<Floats>(value, text));
      const Floats& array = arrays_.back();
      tensors_[text] = {array.data(),
                        std::vector<std::size_t>(array.shape(), array.shape() + array.ndim())};
    }
  }
  const Tensors& tensors() const { return tensors_; }

 private:
  std::vector<Floats> arrays_;
  Tensors tensors_;
};

}  // namespace wavenet
