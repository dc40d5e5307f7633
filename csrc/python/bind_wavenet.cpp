// WaveNet: the model from a dictionary of arrays, and its streams.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "engines/wavenet_streams.h"
#include "python/bindings.h"
#include "python/models.h"

namespace wavenet {
namespace {

using Codes = ArrayOf<std::uint16_t>;

LocalShape local_shape(const py::dict& values) {
  LocalShape shape;
  shape.channels = take<std::size_t>(values, "channels");
  shape.hop_length = take<std::size_t>(values, "hop_length");
  shape.layers = take<std::size_t>(values, "layers");
  shape.hidden_channels = take<std::size_t>(values, "hidden_channels");
  shape.kernel_size = take<std::size_t>(values, "kernel_size");
  shape.relu = take_choice<bool>(values, "activation", {{"relu", true}, {"none", false}});
  shape.pad_with_edge = take_choice<bool>(values, "padding", {{"zeros", false}, {"edge", true}});
  shape.upsampling = take_choice<Upsampling>(values, "upsampling",
                                             {{"repeat", Upsampling::kRepeat},
                                              {"transposed", Upsampling::kTransposed},
                                              {"stretch", Upsampling::kStretch},
                                              {"spread", Upsampling::kSpread}});
  shape.frequency_kernel_size = take<std::size_t>(values, "frequency_kernel_size");
  shape.upsampling_factors = take<std::vector<std::size_t>>(values, "upsampling_factors");
  return shape;
}

OutputShape output_shape(const py::dict& values) {
  OutputShape shape;
  shape.distribution = take_choice<Distribution>(values, "output",
                                                 {{"categorical", Distribution::kCategorical},
                                                  {"logistic-mixture", Distribution::kLogistic},
                                                  {"gaussian", Distribution::kGaussian},
                                                  {"gaussian-mixture", Distribution::kGaussian}});
  shape.levels = take<std::size_t>(values, "levels");
  if (shape.distribution == Distribution::kCategorical) return shape;
  shape.has_mixture_logits = take<std::string>(values, "output") != "gaussian";
  if (shape.has_mixture_logits) shape.components = take<std::size_t>(values, "mixtures");
  shape.log_scale_min = take<float>(values, "log_scale_min");
  return shape;
}

// From the fields of wavenet.config.WaveNetConfig, and the number of its levels.
WaveNetShape wavenet_shape(const py::dict& values, std::uint32_t silence,
                           std::vector<float> code_values) {
  WaveNetShape shape;
  shape.dilations = take<std::vector<std::size_t>>(values, "dilations");
  shape.kernel_size = take<std::size_t>(values, "kernel_size");
  shape.residual_channels = take<std::size_t>(values, "residual_channels");
  shape.gate_channels = take<std::size_t>(values, "gate_channels");
  shape.skip_channels = take<std::size_t>(values, "skip_channels");
  shape.output = output_shape(values);
  shape.input = take_choice<Input>(
      values, "input",
      {{"one-hot", Input::kOneHot}, {"embedding", Input::kEmbedding}, {"scalar", Input::kScalar}});
  shape.input_kernel_size = take<std::size_t>(values, "input_kernel_size");
  shape.speakers = take<py::sequence>(values, "speakers").size();
  shape.speaker_channels = take<std::size_t>(values, "speaker_channels");
  shape.global_channels = take<std::size_t>(values, "global_channels");
  if (!values["local"].is_none()) shape.local = local_shape(values["local"]);
  shape.silence = silence;
  shape.code_values = std::move(code_values);
  return shape;
}

ActivationRanges ranges_from(const py::dict& values) {
  ActivationRanges ranges;
  if (values.empty()) return ranges;
  ranges.residual = take<std::vector<std::vector<float>>>(values, "residual");
  ranges.gated = take<std::vector<std::vector<float>>>(values, "gated");
  return ranges;
}

py::dict observed(const WaveNetStreams& streams) {
  const ActivationRanges ranges = streams.observed();
  py::dict values;
  values["residual"] = ranges.residual;
  values["gated"] = ranges.gated;
  return values;
}

std::shared_ptr<WaveNet> make_wavenet(const py::dict& config, const py::dict& weights,
                                      std::uint32_t silence, std::vector<float> code_values,
                                      const std::string& precision_name,
                                      const py::dict& activation_ranges) {
  const Precision precision = precision_of(precision_name);
  const ActivationRanges ranges = ranges_from(activation_ranges);
  const WaveNetShape shape = wavenet_shape(config, silence, std::move(code_values));
  const ModelWeights arrays(weights);
  py::gil_scoped_release release;
  return std::make_shared<WaveNet>(shape, arrays.tensors(), precision, ranges);
}

void condition(WaveNetStreams& streams, std::size_t stream, std::size_t speaker,
               const std::optional<Floats>& global_vector, const std::optional<Floats>& features,
               bool last) {
  const WaveNetShape& shape = streams.shape();
  if (shape.global_channels) {
    require(global_vector && global_vector->ndim() == 1 &&
                static_cast<std::size_t>(global_vector->size()) == shape.global_channels,
            "the global conditioning vector must have ", shape.global_channels, " values");
  }
  if (shape.local.channels) {
    require(features && features->ndim() == 2 &&
                static_cast<std::size_t>(features->shape(1)) == shape.local.channels,
            "the feature frames must have the shape (frames, ", shape.local.channels, ")");
  }
  const float* vector = shape.global_channels ? global_vector->data() : nullptr;
  const float* frames = shape.local.channels ? features->data() : nullptr;
  const std::size_t count = frames ? static_cast<std::size_t>(features->shape(0)) : 0;
  py::gil_scoped_release release;
  streams.condition(stream, speaker, vector, frames, count, last);
}

void append(WaveNetStreams& streams, std::size_t stream, const Floats& features, bool last) {
  const std::size_t channels = streams.shape().local.channels;
  require(features.ndim() == 2 && static_cast<std::size_t>(features.shape(1)) == channels,
          "the feature frames must have the shape (frames, ", channels, ")");
  const float* frames = features.data();
  const auto count = static_cast<std::size_t>(features.shape(0));
  py::gil_scoped_release release;
  streams.append(stream, frames, count, last);
}

Codes generate(WaveNetStreams& streams, std::size_t steps, std::uint64_t seed, float temperature,
               std::size_t top_k, float top_p) {
  check_steps(steps, streams.batch());
  Codes codes({streams.batch(), steps});
  std::uint16_t* out = codes.mutable_data();
  py::gil_scoped_release release;
  streams.generate(steps, {temperature, top_k, top_p}, seed, out);
  return codes;
}

std::size_t steps_of(const WaveNetStreams& streams, const Codes& codes) {
  require(codes.ndim() == 2 && static_cast<std::size_t>(codes.shape(0)) == streams.batch(),
          "the codes must have the shape (", streams.batch(), ", steps)");
  return static_cast<std::size_t>(codes.shape(1));
}

void prime(WaveNetStreams& streams, const Codes& codes) {
  const std::size_t steps = steps_of(streams, codes);
  const std::uint16_t* samples = codes.data();
  py::gil_scoped_release release;
  streams.feed(steps, samples, nullptr, nullptr);
}

Floats score(WaveNetStreams& streams, const Codes& codes) {
  const std::size_t steps = steps_of(streams, codes);
  Floats values({streams.batch(), steps});
  const std::uint16_t* samples = codes.data();
  float* out = values.mutable_data();
  py::gil_scoped_release release;
  streams.feed(steps, samples, out, nullptr);
  return values;
}

Floats logits(WaveNetStreams& streams, const Codes& codes) {
  const std::size_t steps = steps_of(streams, codes);
  Floats values({streams.batch(), steps, streams.shape().output.channels()});
  const std::uint16_t* samples = codes.data();
  float* out = values.mutable_data();
  py::gil_scoped_release release;
  streams.feed(steps, samples, nullptr, out);
  return values;
}

}  // namespace

void register_wavenet(py::module_& module) {
  py::class_<WaveNet, std::shared_ptr<WaveNet>>(module, "WaveNet")
      .def(py::init(&make_wavenet), py::arg("config"), py::arg("weights"), py::arg("silence"),
           py::arg("code_values"), py::arg("precision") = "float32",
           py::arg("activation_ranges") = py::dict())
      .def_property_readonly("instruction_set",
                             [](const WaveNet& model) { return model.kernels().instruction_set; })
      .def_property_readonly("lookahead_frames", [](const WaveNet& model) {
        const ConditionNetwork& network = model.condition_network();
        return network.context() + network.lookahead();
      });
  py::class_<WaveNetStreams>(module, "WaveNetStreams")
      .def(py::init([](std::shared_ptr<WaveNet> model, std::size_t batch, std::size_t threads) {
             return std::make_unique<WaveNetStreams>(std::move(model), batch, threads);
           }),
           py::arg("model"), py::arg("batch"), py::arg("threads"))
      .def("__copy__", [](const WaveNetStreams& streams) { return WaveNetStreams(streams); })
      .def("condition", &condition, py::arg("stream"), py::arg("speaker"), py::arg("global_vector"),
           py::arg("features"), py::arg("last") = true)
      .def("append", &append, py::arg("stream"), py::arg("features"), py::arg("last"))
      .def("generate", &generate, py::arg("steps"), py::arg("seed"), py::arg("temperature"),
           py::arg("top_k"), py::arg("top_p"))
      .def("prime", &prime, py::arg("codes"))
      .def("score", &score, py::arg("codes"))
      .def("logits", &logits, py::arg("codes"))
      .def("observe", &WaveNetStreams::observe)
      .def("observed", &observed)
      .def_property_readonly("conditioned_samples", &WaveNetStreams::conditioned_samples)
      .def("step_cost",
           [](const WaveNetStreams& streams) { return step_cost(streams.step_cost()); })
      .def_property_readonly("time", &WaveNetStreams::time);
}

}  // namespace wavenet
