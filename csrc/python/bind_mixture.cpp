// Gaussian mixtures: densities, training, regression.
#include "conversion/mixture_regression.h"
#include "conversion/mixture_training.h"
#include "python/arrays.h"
#include "python/bindings.h"

namespace wavenet {
namespace {

using Labels = Numbers<std::int32_t>;

struct MixtureArrays {
  Doubles weights, means, covariances;

  MixtureView view() const {
    require(weights.ndim() == 1 && weights.size() > 0, "weights must be a vector, got ",
            shape_text(weights));
    const py::ssize_t components = weights.shape(0);
    require(means.ndim() == 2 && means.shape(0) == components && means.shape(1) > 0,
            "means must have the shape (", components, ", size), got ", shape_text(means));
    const py::ssize_t size = means.shape(1);
    require(covariances.ndim() == 3 && covariances.shape(0) == components &&
                covariances.shape(1) == size && covariances.shape(2) == size,
            "covariances must have the shape (", components, ", ", size, ", ", size, "), got ",
            shape_text(covariances));
    check_finite(weights, "weights");
    check_finite(means, "means");
    check_finite(covariances, "covariances");
    return {weights.data(), means.data(), covariances.data(), static_cast<std::size_t>(components),
            static_cast<std::size_t>(size)};
  }
};

std::size_t frames_of(const Doubles& X, const char* name, std::size_t size) {
  require(X.ndim() == 2 && static_cast<std::size_t>(X.shape(1)) == size, name,
          " must have the shape (n_frames, ", size, "), got ", shape_text(X));
  check_finite(X, name);
  return static_cast<std::size_t>(X.shape(0));
}

Covariance covariance_of(const std::string& name) {
  if (name == "full") return Covariance::kFull;
  if (name == "cross_diag") return Covariance::kCrossDiagonal;
  require(name == "diag", "covariance_type must be full, cross_diag or diag, got '", name, "'");
  return Covariance::kDiagonal;
}

std::unique_ptr<MixtureTraining> make_training(const Doubles& Z, std::size_t threads) {
  require(Z.ndim() == 2 && Z.size() > 0, "Z must have the shape (n_frames, n_joint), got ",
          shape_text(Z));
  require(threads >= 1, "threads must be at least 1, got ", threads);
  check_finite(Z, "Z");
  return interruptible([&] {
    return std::make_unique<MixtureTraining>(Z.data(), static_cast<std::size_t>(Z.shape(0)),
                                             static_cast<std::size_t>(Z.shape(1)), threads);
  });
}

double expect(MixtureTraining& training, Doubles weights, Doubles means, Doubles covariances) {
  const MixtureArrays arrays{std::move(weights), std::move(means), std::move(covariances)};
  const MixtureView view = arrays.view();
  require(view.size == training.size(), "the mixture has ", view.size,
          " dimensions, the frames have ", training.size());
  return interruptible([&] { return training.expect(view); });
}

void assign(MixtureTraining& training, const Labels& labels, std::size_t components) {
  require(labels.ndim() == 1 && static_cast<std::size_t>(labels.size()) == training.frames(),
          "there must be a label for each frame");
  interruptible([&] { training.assign(labels.data(), components); });
}

py::tuple maximise(const MixtureTraining& training, const std::string& covariance_type,
                   double reg_covar, double prior_frames) {
  const MaximisationOptions options{covariance_of(covariance_type), reg_covar, prior_frames};
  const auto components = static_cast<py::ssize_t>(training.components());
  const auto size = static_cast<py::ssize_t>(training.size());
  Doubles weights(components), means({components, size}), covariances({components, size, size});
  const MixtureTarget target{weights.mutable_data(), means.mutable_data(),
                             covariances.mutable_data()};
  interruptible([&] { training.maximise(options, target); });
  return py::make_tuple(weights, means, covariances);
}

std::unique_ptr<MixtureRegression> make_regression(Doubles weights, Doubles means,
                                                   Doubles covariances, std::size_t source,
                                                   std::size_t threads) {
  const MixtureArrays arrays{std::move(weights), std::move(means), std::move(covariances)};
  const MixtureView view = arrays.view();
  require(source >= 1 && source < view.size, "X must have from 1 to ", view.size - 1,
          " columns, got ", source);
  return interruptible([&] { return std::make_unique<MixtureRegression>(view, source, threads); });
}

py::tuple conditional(const MixtureRegression& regression, const Doubles& X, bool best,
                      std::size_t threads) {
  const std::size_t frames = frames_of(X, "X", regression.source());
  const std::vector<py::ssize_t> shape = {static_cast<py::ssize_t>(frames),
                                          static_cast<py::ssize_t>(regression.target())};
  Doubles means(shape), variances(shape);
  double* mean = means.mutable_data();
  double* variance = variances.mutable_data();
  interruptible([&] { regression.conditional(X.data(), frames, best, threads, mean, variance); });
  return py::make_tuple(means, variances);
}

Doubles log_joint(const Doubles& X, Doubles weights, Doubles means, Doubles covariances,
                  std::size_t threads) {
  const MixtureArrays arrays{std::move(weights), std::move(means), std::move(covariances)};
  const MixtureView view = arrays.view();
  const std::size_t frames = frames_of(X, "X", view.size);
  Doubles result({frames, view.components});
  double* out = result.mutable_data();
  interruptible([&] { log_joints_of(view, X.data(), frames, threads, out); });
  return result;
}

}  // namespace

void register_mixture(py::module_& module) {
  py::class_<MixtureTraining>(module, "MixtureTraining")
      .def(py::init(&make_training), py::arg("Z").noconvert(), py::arg("threads"),
           py::keep_alive<1, 2>())
      .def("expect", &expect, py::arg("weights"), py::arg("means"), py::arg("covariances"))
      .def("assign", &assign, py::arg("labels"), py::arg("components"))
      .def("maximise", &maximise, py::arg("covariance_type"), py::arg("reg_covar"),
           py::arg("prior_frames"));
  py::class_<MixtureRegression>(module, "MixtureRegression")
      .def(py::init(&make_regression), py::arg("weights"), py::arg("means"), py::arg("covariances"),
           py::arg("source"), py::arg("threads"))
      .def("conditional", &conditional, py::arg("X"), py::arg("best"), py::arg("threads"))
      .def_property_readonly("source", &MixtureRegression::source);
  module.def("mixture_log_joint", &log_joint, py::arg("X"), py::arg("weights"), py::arg("means"),
             py::arg("covariances"), py::arg("threads"));
}

}  // namespace wavenet
