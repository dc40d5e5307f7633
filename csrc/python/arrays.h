// What the bindings share: arrays as C++ can read them, checks, the GIL.
#pragma once

#include <pybind11/numpy.h>

#include <cmath>
#include <string>
#include <vector>

#include "base/checks.h"
#include "base/interrupt.h"
#include "kernels/dispatch.h"

namespace wavenet {

namespace py = pybind11;

// C-contiguous and aligned, copied where an array is not.
inline constexpr int kPlain =
    int{py::array::c_style} | int{py::detail::npy_api::NPY_ARRAY_ALIGNED_};
template <typename T, int kFlags = 0>
using ArrayOf = py::array_t<T, kPlain | kFlags>;

// The same, of numbers of any type.
template <typename T>
using Numbers = ArrayOf<T, py::array::forcecast>;
using Doubles = Numbers<double>;
using Floats = Numbers<float>;

inline std::vector<py::ssize_t> shape_of(const py::array& array) {
  return {array.shape(), array.shape() + array.ndim()};
}

// As Python writes it: (2, 3), or (2,).
inline std::string shape_text(const std::vector<py::ssize_t>& shape) {
  std::string text;
  for (py::ssize_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  return "(" + text + (shape.size() == 1 ? ",)" : ")");
}
inline std::string shape_text(const py::array& array) { return shape_text(shape_of(array)); }

// Throws std::invalid_argument that names the first value that is not finite, or above 0.
inline void check_values(const Doubles& array, const char* name, bool positive) {
  const double* values = array.data();
  const auto count = static_cast<std::size_t>(array.size());
  if (kernels().all_finite(values, count, positive)) return;
  std::size_t i = 0;
  while (std::isfinite(values[i]) && !(positive && values[i] <= 0.0)) ++i;
  throw std::invalid_argument(message(name, " must be finite", positive ? " and above 0" : "",
                                      ", got ", values[i], " at place ", i));
}

inline void check_finite(const Doubles& array, const char* name) {
  check_values(array, name, false);
}
inline void check_positive(const Doubles& array, const char* name) {
  check_values(array, name, true);
}

// Calls the function without the GIL.
template <typename Function>
auto without_gil(const Function& function) {
  const py::gil_scoped_release release;
  return function();
}

// The same for a function that keeps no state: Ctrl-C ends it wherever the core polls.
template <typename Function>
auto interruptible(const Function& function) {
  const py::gil_scoped_release release;
  Interrupt interrupt([] {
    const py::gil_scoped_acquire acquire;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  });
  const InterruptScope scope(&interrupt);
  return function();
}

}  // namespace wavenet
