// The inverse of noise shaping for one stream.
#include "codec/noise_shaping.h"
#include "python/arrays.h"
#include "python/bindings.h"

namespace wavenet {
namespace {

using Floats = py::array_t<float, py::array::c_style | py::array::forcecast>;

// `x` (n,), `taps` (filters, order + 1), `history` (order,); returns y (n,) and the new history.
py::tuple undo(const Floats& x, const Doubles& taps, py::ssize_t hop, py::ssize_t offset,
               const Doubles& history) {
  require(x.ndim() == 1, "x must have the shape (n,), got ", shape_text(x));
  require(taps.ndim() == 2 && taps.shape(1) >= 1,
          "taps must have the shape (filters, n), n > 0, got ", shape_text(taps));
  require(hop >= 1 && offset >= 0, "hop must be at least 1 and offset not negative, got ", hop,
          " and ", offset);
  const py::ssize_t order = taps.shape(1) - 1;
  require(x.size() == 0 || (offset < hop && (offset + x.size() - 1) / hop < taps.shape(0)),
          "there are ", taps.shape(0), " filters of ", hop, " samples for ", x.size(),
          " samples from ", offset, " on");
  check_finite(taps, "taps");
  for (py::ssize_t f = 0; f < taps.shape(0); ++f) {
    require(taps.at(f, 0) > 0.0, "the first tap of a filter must be above 0");
  }
  const std::vector<py::ssize_t> expected{order};
  require(shape_of(history) == expected, "history must have the shape ", shape_text(expected),
          ", got ", shape_text(history));
  Floats y(shape_of(x));
  Doubles moved(expected);
  std::copy_n(history.data(), history.size(), moved.mutable_data());
  const ShapingFilters filters{taps.data(), static_cast<std::size_t>(order),
                               static_cast<std::size_t>(hop), static_cast<std::size_t>(offset)};
  const auto count = static_cast<std::size_t>(x.size());
  const float* in = x.data();
  const std::span<double> state(moved.mutable_data(), filters.order);
  float* out = y.mutable_data();
  without_gil([&] { undo_noise_shaping(in, count, filters, state, out); });
  return py::make_tuple(y, moved);
}

}  // namespace

void register_noise_shaping(py::module_& module) {
  module.def("undo_noise_shaping", &undo, py::arg("x"), py::arg("taps"), py::arg("hop"),
             py::arg("offset"), py::arg("history"));
}

}  // namespace wavenet
