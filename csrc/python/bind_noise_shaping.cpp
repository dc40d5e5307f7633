// The inverse of noise shaping over a batch of streams.
#include "codec/noise_shaping.h"
#include "python/arrays.h"
#include "python/bindings.h"

namespace wavenet {
namespace {

using Floats = py::array_t<float, py::array::c_style | py::array::forcecast>;

// `x` (batch, n), `history` (batch, taps - 1); returns y (batch, n) and the new history.
py::tuple undo(const Floats& x, const Doubles& taps, const Doubles& history) {
  require(taps.ndim() == 1 && taps.size() >= 1, "taps must have the shape (n,), n > 0, got ",
          shape_text(taps));
  check_finite(taps, "taps");
  require(taps.data()[0] != 0.0, "the first of the taps must not be 0");
  require(x.ndim() == 2, "x must have the shape (batch, n), got ", shape_text(x));
  const std::vector<py::ssize_t> expected{x.shape(0), taps.size() - 1};
  require(shape_of(history) == expected, "history must have the shape ", shape_text(expected),
          ", got ", shape_text(history));
  Floats y(shape_of(x));
  Doubles moved(expected);
  std::copy_n(history.data(), history.size(), moved.mutable_data());
  const auto count = static_cast<std::size_t>(x.shape(1));
  const auto order = static_cast<std::size_t>(expected[1]);
  const auto batch = static_cast<std::size_t>(expected[0]);
  const float* in = x.data();
  const std::span<const double> filter(taps.data(), order + 1);
  double* state = moved.mutable_data();
  float* out = y.mutable_data();
  without_gil([&] {
    for (std::size_t b = 0; b < batch; ++b) {
      undo_noise_shaping(in + b * count, count, filter, {state + b * order, order},
                         out + b * count);
    }
  });
  return py::make_tuple(y, moved);
}

}  // namespace

void register_noise_shaping(py::module_& module) {
  module.def("undo_noise_shaping", &undo, py::arg("x"), py::arg("taps"), py::arg("history"));
}

}  // namespace wavenet
