// The inverse of noise shaping for one stream.
#include "codec/noise_shaping.h"
#include "python/arrays.h"
#include "python/bindings.h"

namespace wavenet {
namespace {

// The filter of the last of `count` samples; the first is number `offset` of the first filter.
py::ssize_t last_filter(py::ssize_t count, py::ssize_t hop, py::ssize_t offset) {
  const py::ssize_t of_first = hop - offset;
  return count <= of_first ? 0 : 1 + (count - of_first - 1) / hop;
}

// `x` (n,), `taps` (filters, order + 1), `knees` (filters,), `state` (order + 4,); returns the
// sound (n,) and the new state.
py::tuple undo(const Floats& x, const Doubles& taps, const Doubles& knees, double cutoff,
               py::ssize_t hop, py::ssize_t offset, const Doubles& state) {
  require(x.ndim() == 1, "x must have the shape (n,), got ", shape_text(x));
  require(taps.ndim() == 2 && taps.shape(1) >= 1,
          "taps must have the shape (filters, n), n > 0, got ", shape_text(taps));
  require(hop >= 1 && offset >= 0, "hop must be at least 1 and offset not negative, got ", hop,
          " and ", offset);
  const py::ssize_t order = taps.shape(1) - 1;
  require(x.size() == 0 || (offset < hop && last_filter(x.size(), hop, offset) < taps.shape(0)),
          "there are ", taps.shape(0), " filters of ", hop, " samples for ", x.size(),
          " samples from ", offset, " on");
  check_finite(taps, "taps");
  for (py::ssize_t f = 0; f < taps.shape(0); ++f) {
    require(taps.at(f, 0) > 0.0, "the first tap of a filter must be above 0");
  }
  const std::vector<py::ssize_t> filters_only{taps.shape(0)};
  require(shape_of(knees) == filters_only, "knees must have the shape ", shape_text(filters_only),
          ", got ", shape_text(knees));
  for (py::ssize_t f = 0; f < knees.size(); ++f) require(knees.at(f) >= 0.0, "a knee is below 0");
  require(cutoff >= 0.0 && cutoff < 0.5, "cutoff must be from 0 to below 0.5, got ", cutoff);
  const std::vector<py::ssize_t> expected{order + py::ssize_t{high_pass_state}};
  require(shape_of(state) == expected, "state must have the shape ", shape_text(expected), ", got ",
          shape_text(state));
  Floats y(shape_of(x));
  Doubles moved(expected);
  std::copy_n(state.data(), state.size(), moved.mutable_data());
  const ShapingFilters filters{taps.data(),
                               static_cast<std::size_t>(order),
                               static_cast<std::size_t>(hop),
                               static_cast<std::size_t>(offset),
                               knees.data(),
                               cutoff};
  const auto count = static_cast<std::size_t>(x.size());
  const float* in = x.data();
  const std::span<double> memory(moved.mutable_data(), filters.order + high_pass_state);
  float* out = y.mutable_data();
  without_gil([&] { undo_noise_shaping(in, count, filters, memory, out); });
  return py::make_tuple(y, moved);
}

}  // namespace

void register_noise_shaping(py::module_& module) {
  module.def("undo_noise_shaping", &undo, py::arg("x"), py::arg("taps"), py::arg("knees"),
             py::arg("cutoff"), py::arg("hop"), py::arg("offset"), py::arg("state"));
}

}  // namespace wavenet
