// Declares what each bind_*.cpp registers in the module.
#pragma once

#include <pybind11/pybind11.h>

namespace wavenet {

void register_cpu(pybind11::module_& module);
void register_codec(pybind11::module_& module);
void register_noise_shaping(pybind11::module_& module);
void register_alignment(pybind11::module_& module);
void register_trajectory(pybind11::module_& module);
void register_recurrent(pybind11::module_& module);
void register_mixture(pybind11::module_& module);
void register_wavenet(pybind11::module_& module);

}  // namespace wavenet
