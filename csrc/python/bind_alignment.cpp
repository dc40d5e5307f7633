// Dynamic time warping.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "base/checks.h"
#include "conversion/dtw.h"
#include "python/arrays.h"
#include "python/bindings.h"

namespace wavenet {
namespace {

py::tuple path_and_cost(const DtwPath& path) {
  py::array_t<std::int64_t> cells({static_cast<py::ssize_t>(path.cells.size()), py::ssize_t{2}});
  std::copy_n(path.cells.data()->data(), 2 * path.cells.size(), cells.mutable_data());
  return py::make_tuple(path.cost, cells);
}

DtwOptions options(const std::string& step_pattern, std::optional<std::size_t> window) {
  return {dtw_pattern(step_pattern), window};
}

Rows frames(const Doubles& array, const char* name) {
  check_finite(array, name);
  require(array.ndim() == 2 && array.size() > 0, name, " must have the shape (n_frames, ",
          "n_features) and not be empty, got ", shape_text(array));
  return {array.data(), static_cast<std::size_t>(array.shape(0)),
          static_cast<std::size_t>(array.shape(1))};
}

py::tuple warp(const Doubles& X, const Doubles& Y, const std::string& step_pattern,
               std::optional<std::size_t> window, const std::string& metric) {
  const Rows x = frames(X, "X"), y = frames(Y, "Y");
  require(x.columns == y.columns, "X and Y must have as many features, got ", x.columns, " and ",
          y.columns);
  const DtwOptions chosen = options(step_pattern, window);
  const DtwMetric kind = dtw_metric(metric);
  return path_and_cost(interruptible([&] { return dtw(x, y, kind, chosen); }));
}

py::tuple warp_costs(const Doubles& costs, const std::string& step_pattern,
                     std::optional<std::size_t> window) {
  const Rows rows = frames(costs, "X");
  const DtwOptions chosen = options(step_pattern, window);
  return path_and_cost(interruptible([&] { return dtw(rows, chosen); }));
}

}  // namespace

void register_alignment(py::module_& module) {
  module.def("dtw", &warp, py::arg("X"), py::arg("Y"), py::arg("step_pattern"), py::arg("window"),
             py::arg("metric"));
  module.def("dtw_of_costs", &warp_costs, py::arg("costs"), py::arg("step_pattern"),
             py::arg("window"));
}

}  // namespace wavenet
