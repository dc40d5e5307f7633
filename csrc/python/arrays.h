// What the bindings of array functions share: float64 arrays, checks, the GIL.
#pragma once

#include <pybind11/numpy.h>

#include <cmath>
#include <string>

#include "base/checks.h"

namespace wavenet {

namespace py = pybind11;

// C-contiguous float64, converted where needed.
using Doubles = py::array_t<double, py::array::c_style | py::array::forcecast>;

inline std::string shape_text(const py::array& array) {
  return py::cast<std::string>(py::str(py::getattr(array, "shape")));
}

inline void check_finite(const Doubles& array, const char* name) {
  const double* values = array.data();
  for (py::ssize_t i = 0; i < array.size(); ++i) {
    require(std::isfinite(values[i]), name, " must be finite, but holds ", values[i], " at place ",
            i);
  }
}

// Calls the function without the GIL.
template <typename Function>
auto without_gil(const Function& function) {
  const py::gil_scoped_release release;
  return function();
}

}  // namespace wavenet
