// Recurrent models: the model from a dictionary of arrays, and its streams.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <tuple>

#include "engines/recurrent_streams.h"
#include "python/bindings.h"
#include "python/models.h"

namespace wavenet {
namespace {

using OptionalFloats = std::optional<Floats>;

Cell cell_of(const py::dict& values) {
  const Cell lstm = take<bool>(values, "peepholes") ? Cell::kPeepholeLstm : Cell::kLstm;
  return take_choice<Cell>(values, "cell",
                           {{"rnn", Cell::kRnn}, {"lstm", lstm}, {"gru", Cell::kGru}});
}

void set_output(RecurrentShape& shape, const py::dict& values) {
  using Kind = std::pair<RecurrentOutput, DiagonalFamily>;
  const auto any = DiagonalFamily::kGaussian;  // where there is no distribution of vectors
  std::tie(shape.output, shape.diagonal.family) =
      take_choice<Kind>(values, "output",
                        {{"categorical", {RecurrentOutput::kCategorical, any}},
                         {"point", {RecurrentOutput::kPoint, any}},
                         {"gaussian", {RecurrentOutput::kDiagonal, DiagonalFamily::kGaussian}},
                         {"logistic", {RecurrentOutput::kDiagonal, DiagonalFamily::kLogistic}},
                         {"student-t", {RecurrentOutput::kDiagonal, DiagonalFamily::kStudentT}}});
  shape.diagonal.dimensions = take<std::size_t>(values, "dimensions");
  shape.diagonal.components = take<std::size_t>(values, "components");
  if (shape.categorical()) shape.classes = take<std::size_t>(values, "classes");
}

// From the fields of wavenet.config.RecurrentConfig.
RecurrentShape recurrent_shape(const py::dict& values) {
  RecurrentShape shape;
  shape.cell = cell_of(values);
  shape.layers = take<std::size_t>(values, "layers");
  shape.hidden_size = take<std::size_t>(values, "hidden_size");
  shape.leak = take<float>(values, "leak");
  shape.residual = take<bool>(values, "residual");
  shape.feedback = take<bool>(values, "feedback");
  shape.input_skip = take<bool>(values, "input_skip");
  set_output(shape, values);
  shape.embedding_size = take<std::size_t>(values, "embedding_size");
  shape.covariates = take<std::size_t>(values, "covariates");
  shape.global_channels = take<std::size_t>(values, "global_channels");
  return shape;
}

std::shared_ptr<Recurrent> make_recurrent(const py::dict& config, const py::dict& weights,
                                          const std::string& precision) {
  const RecurrentShape shape = recurrent_shape(config);
  const Precision chosen = precision_of(precision);
  const ModelWeights arrays(weights);
  return without_gil([&] { return std::make_shared<Recurrent>(shape, arrays.tensors(), chosen); });
}

// Checks that the array has the shape (batch, steps, channels); the data, or null without channels.
const float* rows_of(const RecurrentStreams& streams, const OptionalFloats& array, const char* name,
                     std::size_t steps, std::size_t channels) {
  if (!channels) {
    require(!array, "the model takes no ", name);
    return nullptr;
  }
  require(array.has_value(), "the model needs ", name);
  const std::vector<py::ssize_t> shape = {static_cast<py::ssize_t>(streams.batch()),
                                          static_cast<py::ssize_t>(steps),
                                          static_cast<py::ssize_t>(channels)};
  require(shape_of(*array) == shape, name, " must have the shape ", shape_text(shape), ", got ",
          shape_text(*array));
  return array->data();
}

std::size_t steps_of(const OptionalFloats& samples, const OptionalFloats& covariates) {
  const OptionalFloats& given = samples ? samples : covariates;
  require(given && given->ndim() == 3, "arrays must have the shape (batch, steps, channels)");
  return static_cast<std::size_t>(given->shape(1));
}

Floats generate(RecurrentStreams& streams, std::size_t steps, const OptionalFloats& covariates,
                std::uint64_t seed, float temperature, std::size_t top_k, float top_p) {
  const RecurrentShape& shape = streams.shape();
  const float* given = rows_of(streams, covariates, "covariates", steps, shape.covariates);
  check_steps(steps, streams.batch() * shape.sample_width());
  Floats samples({streams.batch(), steps, shape.sample_width()});
  float* out = samples.mutable_data();
  without_gil([&] { streams.generate(steps, given, {temperature, top_k, top_p}, seed, out); });
  return samples;
}

void feed(RecurrentStreams& streams, const OptionalFloats& samples,
          const OptionalFloats& covariates, float* log_likelihoods, float* outputs) {
  const RecurrentShape& shape = streams.shape();
  const std::size_t steps = steps_of(samples, covariates);
  const float* fed =
      rows_of(streams, samples, "samples", steps, samples ? shape.sample_width() : 0);
  const float* given = rows_of(streams, covariates, "covariates", steps, shape.covariates);
  without_gil([&] { streams.feed(steps, fed, given, log_likelihoods, outputs); });
}

Floats score(RecurrentStreams& streams, const OptionalFloats& samples,
             const OptionalFloats& covariates) {
  Floats values({streams.batch(), steps_of(samples, covariates)});
  feed(streams, samples, covariates, values.mutable_data(), nullptr);
  return values;
}

Floats outputs(RecurrentStreams& streams, const OptionalFloats& samples,
               const OptionalFloats& covariates) {
  Floats values({streams.batch(), steps_of(samples, covariates), streams.shape().outputs()});
  feed(streams, samples, covariates, nullptr, values.mutable_data());
  return values;
}

void condition(RecurrentStreams& streams, std::size_t stream, const Floats& global_vector) {
  const std::size_t channels = streams.shape().global_channels;
  require(static_cast<std::size_t>(global_vector.size()) == channels,
          "the global conditioning vector must have ", channels, " values, got ",
          global_vector.size());
  const float* values = global_vector.data();
  without_gil([&] { streams.condition(stream, values); });
}

Floats array_of(const std::vector<float>& values, std::vector<std::size_t> shape) {
  Floats array(shape);
  std::copy(values.begin(), values.end(), array.mutable_data());
  return array;
}

py::dict save(const RecurrentStreams& streams) {
  const RecurrentShape& shape = streams.shape();
  const RecurrentMemory memory = streams.save();
  const std::vector<std::size_t> hidden = {shape.layers, streams.batch(), shape.hidden_size};
  py::dict values;
  values["time"] = memory.time;
  values["hidden"] = array_of(memory.hidden, hidden);
  if (!memory.cell.empty()) values["cell"] = array_of(memory.cell, hidden);
  values["samples"] = array_of(memory.samples, {streams.batch(), shape.sample_width()});
  return values;
}

void restore(RecurrentStreams& streams, const py::dict& values) {
  const RecurrentShape& shape = streams.shape();
  const auto flat = [&](const char* key, std::vector<std::size_t> sizes) {
    const auto array = take<Floats>(values, key);
    const std::vector<py::ssize_t> expected(sizes.begin(), sizes.end());
    require(shape_of(array) == expected, "'", key, "' must have the shape ", shape_text(expected),
            ", got ", shape_text(array));
    return std::vector<float>(array.data(), array.data() + array.size());
  };
  const std::vector<std::size_t> hidden = {shape.layers, streams.batch(), shape.hidden_size};
  RecurrentMemory memory;
  memory.time = take<std::uint64_t>(values, "time");
  memory.hidden = flat("hidden", hidden);
  if (values.contains("cell")) memory.cell = flat("cell", hidden);
  memory.samples = flat("samples", {streams.batch(), shape.sample_width()});
  streams.restore(memory);
}

}  // namespace

void register_recurrent(py::module_& module) {
  py::class_<Recurrent, std::shared_ptr<Recurrent>>(module, "Recurrent")
      .def(py::init(&make_recurrent), py::arg("config"), py::arg("weights"),
           py::arg("precision") = "float32")
      .def_property_readonly("instruction_set", [](const Recurrent& model) {
        return model.kernels().instruction_set;
      });
  py::class_<RecurrentStreams>(module, "RecurrentStreams")
      .def(py::init([](std::shared_ptr<Recurrent> model, std::size_t batch, std::size_t threads) {
             return std::make_unique<RecurrentStreams>(std::move(model), batch, threads);
           }),
           py::arg("model"), py::arg("batch"), py::arg("threads"))
      .def("__copy__", [](const RecurrentStreams& streams) { return RecurrentStreams(streams); })
      .def("condition", &condition, py::arg("stream"), py::arg("global_vector"))
      .def("generate", &generate, py::arg("steps"), py::arg("covariates"), py::arg("seed"),
           py::arg("temperature"), py::arg("top_k"), py::arg("top_p"))
      .def(
          "prime",
          [](RecurrentStreams& streams, const OptionalFloats& samples,
             const OptionalFloats& covariates) {
            feed(streams, samples, covariates, nullptr, nullptr);
          },
          py::arg("samples"), py::arg("covariates"))
      .def("score", &score, py::arg("samples"), py::arg("covariates"))
      .def("outputs", &outputs, py::arg("samples"), py::arg("covariates"))
      .def("save", &save)
      .def("restore", &restore, py::arg("memory"))
      .def("step_cost",
           [](const RecurrentStreams& streams) { return step_cost(streams.step_cost()); })
      .def_property_readonly("time", &RecurrentStreams::time);
}

}  // namespace wavenet
