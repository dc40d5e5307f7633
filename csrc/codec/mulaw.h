// Mu-law companding and quantization (ITU-T G.711 curve; van den Oord et al. 2016, sec. 2.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace wavenet {

// How the companded signal s in [-1, 1] and the codes 0 .. channels - 1 correspond; mu = channels
// - 1. See wavenet.mulaw_encode for the formulas.
enum class MulawConvention { kWavenet, kNnmnkwii, kLibrosa };

// Throws std::invalid_argument for an unknown name.
MulawConvention mulaw_convention(const std::string& name);

// The codec of one number of channels and one convention. Codes are those of the formula evaluated
// in double precision, for every float, double and 16-bit sample. Immutable.
class Mulaw {
 public:
  // `channels`: a power of two from 4 to 65536.
  Mulaw(std::size_t channels, MulawConvention convention);

  std::size_t channels() const { return channels_; }

  // The formulas, in double precision; |y| > 1 is clipped, and y is finite.
  std::uint32_t encode_by_formula(double y) const;
  double decode_by_formula(std::uint32_t code) const;

  // Codes of `count` samples; Code is uint8_t (up to 256 channels) or uint16_t. 16-bit samples
  // stand for y = sample / 32768. Throws std::invalid_argument naming the place of a NaN or an
  // infinity.
  template <typename Sample, typename Code>
  void encode(const Sample* y, std::size_t count, Code* codes) const;

  // Samples (float or double) of `count` codes, all below channels(). Encoding gives them back.
  template <typename Code, typename Sample>
  void decode(const Code* codes, std::size_t count, Sample* y) const;

 private:
  template <typename Number, typename Bits>
  struct Cells {
    std::vector<Bits> entries;
    MulawCells<Bits> view() const;
    void build(const Mulaw& codec);
    int low_bits;
    Bits first;
    Bits code_mask;
    float first_edge;
  };

  template <typename Number>
  Number value_of(std::uint32_t code) const;

  std::size_t channels_;
  double mu_;
  double log_;  // log(1 + mu)
  MulawConvention convention_;
  Cells<float, std::uint32_t> float_cells_;
  Cells<double, std::uint64_t> double_cells_;
  std::vector<std::uint16_t> codes_of_int16_;  // by the bits of the sample
  std::vector<float> float_values_;            // by code
  std::vector<double> double_values_;
};

}  // namespace wavenet
