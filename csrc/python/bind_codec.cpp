// Mu-law codec over contiguous arrays of any shape.
#include <pybind11/numpy.h>

#include "codec/mulaw.h"
#include "python/arrays.h"
#include "python/bindings.h"

namespace wavenet {
namespace {

template <typename Code, typename Sample>
py::array encode_as(const Mulaw& codec, const ArrayOf<Sample>& y) {
  ArrayOf<Code> codes(shape_of(y));
  const Sample* in = y.data();
  Code* out = codes.mutable_data();
  const auto count = static_cast<std::size_t>(y.size());
  py::gil_scoped_release release;
  codec.encode(in, count, out);
  return codes;
}

template <typename Sample>
py::array encode(const Mulaw& codec, const ArrayOf<Sample>& y) {
  return codec.channels() <= 256 ? encode_as<std::uint8_t>(codec, y)
                                 : encode_as<std::uint16_t>(codec, y);
}

template <typename Code, typename Sample>
ArrayOf<Sample> decode(const Mulaw& codec, const ArrayOf<Code>& codes) {
  ArrayOf<Sample> y(shape_of(codes));
  const Code* in = codes.data();
  Sample* out = y.mutable_data();
  const auto count = static_cast<std::size_t>(codes.size());
  py::gil_scoped_release release;
  codec.decode(in, count, out);
  return y;
}

}  // namespace

void register_codec(py::module_& module) {
  py::class_<Mulaw>(module, "Mulaw")
      .def(py::init([](std::size_t channels, const std::string& convention) {
             py::gil_scoped_release release;
             return std::make_unique<Mulaw>(channels, mulaw_convention(convention));
           }),
           py::arg("channels"), py::arg("convention"))
      .def("encode", &encode<float>, py::arg("y").noconvert())
      .def("encode", &encode<double>, py::arg("y").noconvert())
      .def("encode", &encode<std::int16_t>, py::arg("y").noconvert())
      .def("decode_float32", &decode<std::uint8_t, float>, py::arg("codes").noconvert())
      .def("decode_float32", &decode<std::uint16_t, float>, py::arg("codes").noconvert())
      .def("decode_float64", &decode<std::uint8_t, double>, py::arg("codes").noconvert())
      .def("decode_float64", &decode<std::uint16_t, double>, py::arg("codes").noconvert());
}

}  // namespace wavenet
