// Trajectories from static and dynamic features.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <mutex>

#include "conversion/global_variance.h"
#include "conversion/mixture_trajectory.h"
#include "conversion/recursive_trajectory.h"
#include "conversion/trajectory.h"
#include "python/arrays.h"
#include "python/bindings.h"

namespace wavenet {
namespace {

using WindowList = std::vector<std::vector<double>>;

// The layout for features (rows, n_windows * d).
TrajectoryLayout layout_for(const Doubles& means, const char* name, const WindowList& windows,
                            const char* rows = "n_frames") {
  require(means.ndim() == 2 && means.size() > 0 && !windows.empty() &&
              means.shape(1) % static_cast<py::ssize_t>(windows.size()) == 0,
          name, " must have the shape (", rows, ", ", windows.size(),
          " * d) and not be empty, got ", shape_text(means));
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
  interruptible([&] { mlpg(layout, frames, from, of, stride, out); });
  return y;
}

// An array of exactly this shape; finite, or above 0.
const double* checked(const Doubles& array, const char* name, std::vector<py::ssize_t> shape,
                      bool positive = false) {
  require(shape_of(array) == shape, name, " must have the shape ", shape_text(shape), ", got ",
          shape_text(array));
  check_values(array, name, positive);
  return array.data();
}

py::ssize_t signed_size(std::size_t size) { return static_cast<py::ssize_t>(size); }

// The criterion of a global variance, from checked arguments.
GlobalVarianceCriterion criterion(const TrajectoryLayout& layout, const Doubles& means,
                                  const Doubles& variances, const Doubles& mean,
                                  const Doubles& variance, double weight) {
  check_finite(means, "means");
  const std::size_t stride = variance_stride(variances, means);
  const auto frames = static_cast<std::size_t>(means.shape(0));
  const py::ssize_t d = signed_size(layout.dimensions());
  const GlobalVariance statistics{checked(mean, "target_mean", {d}, true),
                                  checked(variance, "target_variance", {d}, true)};
  require(std::isfinite(weight) && weight > 0.0, "weight must be finite and above 0, got ", weight);
  const double *from = means.data(), *of = variances.data();
  return interruptible([&] {
    TrajectorySystem system(layout, frames);
    for (std::size_t t = 0; t < frames; ++t) {
      system.add(t, from + t * layout.features(), of + t * stride);
    }
    return GlobalVarianceCriterion(layout, system, frames, statistics, weight);
  });
}

py::tuple evaluate_global_variance(const Doubles& y, const Doubles& means, const Doubles& variances,
                                   const WindowList& windows, const Doubles& target_mean,
                                   const Doubles& target_variance, double weight) {
  const TrajectoryLayout layout = layout_for(means, "means", windows);
  const auto all = criterion(layout, means, variances, target_mean, target_variance, weight);
  const py::ssize_t frames = means.shape(0), d = signed_size(layout.dimensions());
  const double* at = checked(y, "y", {frames, d});
  Doubles values(d), gradient({frames, d});
  double *out = values.mutable_data(), *slopes = gradient.mutable_data();
  interruptible([&] { all.evaluate(at, out, slopes); });
  return py::make_tuple(values, gradient);
}

py::tuple climb_global_variance(const Doubles& start, const Doubles& means,
                                const Doubles& variances, const WindowList& windows,
                                const Doubles& target_mean, const Doubles& target_variance,
                                double weight, std::size_t iterations, double tolerance) {
  const TrajectoryLayout layout = layout_for(means, "means", windows);
  const auto all = criterion(layout, means, variances, target_mean, target_variance, weight);
  const py::ssize_t frames = means.shape(0), d = signed_size(layout.dimensions());
  const double* from = checked(start, "start", {frames, d});
  Doubles y({frames, d});
  double* out = y.mutable_data();
  const std::vector<double> history = interruptible([&] {
    std::copy_n(from, frames * d, out);
    return all.climb(out, iterations, tolerance);
  });
  return py::make_tuple(y, py::array_t<double>(signed_size(history.size()), history.data()));
}

void check_probabilities(const ConditionalMixture& mixture) {
  for (std::size_t t = 0; t < mixture.frames; ++t) {
    double sum = 0.0;
    for (std::size_t m = 0; m < mixture.components; ++m) {
      const double posterior = mixture.posteriors[t * mixture.components + m];
      require(posterior >= 0.0, "posteriors must be from 0 to 1, got ", posterior, " at frame ", t);
      sum += posterior;
    }
    require(std::abs(sum - 1.0) < 1e-3, "posteriors must add up to 1, but those of frame ", t,
            " add up to ", sum);
  }
}

py::tuple convert(const Doubles& x, const Doubles& posteriors, const Doubles& slopes,
                  const Doubles& biases, const Doubles& variances, const WindowList& windows,
                  std::size_t iterations) {
  const TrajectoryLayout layout = layout_for(biases, "biases", windows, "n_components");
  require(x.ndim() == 2 && x.size() > 0, "X must have the shape (n_frames, n_source) and not be ",
          "empty, got ", shape_text(x));
  const py::ssize_t frames = x.shape(0), sources = x.shape(1), components = biases.shape(0);
  const py::ssize_t features = biases.shape(1);
  const ConditionalMixture mixture{static_cast<std::size_t>(frames),
                                   static_cast<std::size_t>(sources),
                                   static_cast<std::size_t>(components),
                                   checked(x, "X", {frames, sources}),
                                   checked(posteriors, "posteriors", {frames, components}),
                                   checked(slopes, "slopes", {components, features, sources}),
                                   checked(biases, "biases", {components, features}),
                                   checked(variances, "variances", {components, features}, true)};
  check_probabilities(mixture);
  Doubles y({frames, signed_size(layout.dimensions())});
  double* out = y.mutable_data();
  const std::vector<double> history =
      interruptible([&] { return mixture_trajectory(layout, mixture, iterations, out); });
  return py::make_tuple(y, py::array_t<double>(signed_size(history.size()), history.data()));
}

// One sequence; calls of other threads wait.
class RecursiveMlpg {
 public:
  RecursiveMlpg(const WindowList& windows, std::size_t dimensions, std::size_t delay)
      : trajectory_(TrajectoryLayout(windows, dimensions), delay) {}

  Doubles process(const Doubles& means, const Doubles& variances) {
    const std::size_t features = trajectory_.layout().features();
    require(means.ndim() == 2 && means.shape(1) == signed_size(features),
            "means must have the shape (n_frames, ", features, "), got ", shape_text(means));
    check_finite(means, "means");
    const std::size_t stride = variance_stride(variances, means);
    const double *from = means.data(), *of = variances.data();
    const auto frames = static_cast<std::size_t>(means.shape(0));
    std::vector<double> y = interruptible([&] {
      const std::lock_guard<std::mutex> guard(lock_);
      const std::size_t d = trajectory_.layout().dimensions();
      std::vector<double> frame(d), all;
      Poll poll;
      for (std::size_t t = 0; t < frames; ++t) {
        poll.after(trajectory_.layout().work());
        if (!trajectory_.push(from + t * features, of + t * stride, frame.data())) continue;
        all.insert(all.end(), frame.begin(), frame.end());
      }
      return all;
    });
    return as_frames(y);
  }

  Doubles flush() {
    std::vector<double> y = interruptible([&] {
      const std::lock_guard<std::mutex> guard(lock_);
      std::vector<double> rest(trajectory_.pending() * trajectory_.layout().dimensions());
      trajectory_.flush(rest.data());
      return rest;
    });
    return as_frames(y);
  }

 private:
  Doubles as_frames(const std::vector<double>& y) const {
    const py::ssize_t d = signed_size(trajectory_.layout().dimensions());
    Doubles array({signed_size(y.size()) / d, d});
    std::copy(y.begin(), y.end(), array.mutable_data());
    return array;
  }

  RecursiveTrajectory trajectory_;
  std::mutex lock_;
};

}  // namespace

void register_trajectory(py::module_& module) {
  module.def("mlpg", &generate, py::arg("means"), py::arg("variances"), py::arg("windows"));
  module.def("trajectory_convert", &convert, py::arg("X"), py::arg("posteriors"), py::arg("slopes"),
             py::arg("biases"), py::arg("variances"), py::arg("windows"), py::arg("iterations"));
  module.def("global_variance_objective", &evaluate_global_variance, py::arg("y"), py::arg("means"),
             py::arg("variances"), py::arg("windows"), py::arg("target_mean"),
             py::arg("target_variance"), py::arg("weight"));
  module.def("global_variance_climb", &climb_global_variance, py::arg("start"), py::arg("means"),
             py::arg("variances"), py::arg("windows"), py::arg("target_mean"),
             py::arg("target_variance"), py::arg("weight"), py::arg("iterations"),
             py::arg("tolerance"));
  py::class_<RecursiveMlpg>(module, "RecursiveMLPG")
      .def(py::init<const WindowList&, std::size_t, std::size_t>(), py::arg("windows"),
           py::arg("dimensions"), py::arg("delay"))
      .def("process", &RecursiveMlpg::process, py::arg("means"), py::arg("variances"))
      .def("flush", &RecursiveMlpg::flush);
}

}  // namespace wavenet
