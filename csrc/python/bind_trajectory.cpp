// Trajectories from static and dynamic features.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "conversion/trajectory.h"
#include "python/arrays.h"
#include "python/bindings.h"

namespace wavenet {
namespace {

using WindowList = std::vector<std::vector<double>>;

// The layout for features (n_frames, n_windows * d).
TrajectoryLayout layout_for(const Doubles& means, const char* name, const WindowList& windows) {
  require(means.ndim() == 2 && means.size() > 0 && !windows.empty() &&
              means.shape(1) % static_cast<py::ssize_t>(windows.size()) == 0,
          name, " must have the shape (n_frames, ", windows.size(), " * d) and not be empty, got ",
          shape_text(means));
  return {windows, static_cast<std::size_t>(means.shape(1)) / windows.size()};
}

// Checks variances (n_frames, k) or (k,); the doubles between frames, 0 for the latter.
std::size_t variance_stride(const Doubles& variances, const Doubles& means) {
  const bool constant = variances.ndim() == 1 && variances.shape(0) == means.shape(1);
  require(constant || (variances.ndim() == 2 && variances.shape(0) == means.shape(0) &&
                       variances.shape(1) == means.shape(1)),
          "variances must have the shape ", shape_text(means), " of the means or (", means.shape(1),
          ",), got ", shape_text(variances));
  check_positive(variances, "variances");
  return constant ? 0 : static_cast<std::size_t>(means.shape(1));
}

Doubles generate(const Doubles& means, const Doubles& variances, const WindowList& windows) {
  const TrajectoryLayout layout = layout_for(means, "means", windows);
  check_finite(means, "means");
  const std::size_t stride = variance_stride(variances, means);
  const py::ssize_t frames = means.shape(0);
  Doubles y({frames, static_cast<py::ssize_t>(layout.dimensions())});
  const double *from = means.data(), *of = variances.data();
  double* out = y.mutable_data();
  without_gil([&] { mlpg(layout, frames, from, of, stride, out); });
  return y;
}

}  // namespace

void register_trajectory(py::module_& module) {
  module.def("mlpg", &generate, py::arg("means"), py::arg("variances"), py::arg("windows"));
}

}  // namespace wavenet
