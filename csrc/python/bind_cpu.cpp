// Instruction sets: what is there, what is in use.
#include <pybind11/stl.h>

#include "kernels/dispatch.h"
#include "python/bindings.h"

namespace wavenet {

void register_cpu(pybind11::module_& module) {
  module.def("available_instruction_sets", &available_instruction_sets);
  module.def("instruction_set", [] { return std::string(kernels().instruction_set); });
  module.def("set_instruction_set", &set_instruction_set);
}

}  // namespace wavenet
