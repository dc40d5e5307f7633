// The extension module: one register_* function a topic.
#include "python/bindings.h"

PYBIND11_MODULE(_core, module) {
  module.doc() = "C++ core of wavenet.";
  wavenet::register_cpu(module);
  wavenet::register_codec(module);
  wavenet::register_noise_shaping(module);
  wavenet::register_alignment(module);
  wavenet::register_trajectory(module);
  wavenet::register_recurrent(module);
  wavenet::register_mixture(module);
  wavenet::register_wavenet(module);
}
