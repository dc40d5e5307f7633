// Instruction sets: what is there, what is in use.
#include <pybind11/stl.h>

#include "kernels/dispatch.h"
#include "kernels/limits.h"
#include "python/bindings.h"
#include "python/models.h"

namespace wavenet {

void register_cpu(pybind11::module_& module) {
  module.def("available_instruction_sets", &available_instruction_sets);
  module.def("tiles_refused", &tiles_refused);
  module.def("instruction_set", [] { return std::string(kernels().instruction_set); });
  module.def("set_instruction_set", &set_instruction_set);
  module.def(
      "peak_products",
      [](const std::string& precision) {
        const LinearKernels& linear = linear_kernels(kernels(), precision_of(precision));
        py::gil_scoped_release release;
        return peak_products(linear);
      },
      py::arg("precision"));
  module.def(
      "read_rate",
      [](std::size_t bytes) {
        py::gil_scoped_release release;
        return read_rate(kernels(), bytes);
      },
      py::arg("bytes"));
  module.def("clock_rate", &clock_rate, py::call_guard<py::gil_scoped_release>());
  module.def("hand_over_time", &hand_over_time, py::call_guard<py::gil_scoped_release>());
}

}  // namespace wavenet
