#include "codec/mulaw.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

#include "base/checks.h"
#include "kernels/dispatch.h"

namespace wavenet {
namespace {

// Numbers below 2^kSmallest have the code of zero of their sign in every convention: there
// 1 - |s| rounds to 1 in double precision.
constexpr int kSmallest = -70;

template <typename To, typename From>
To bits_as(From value) {
  static_assert(sizeof(To) == sizeof(From));
  To result;
  std::memcpy(&result, &value, sizeof result);
  return result;
}

// numpy.linspace(-1, 1, channels)[i]
double grid(double i, double mu) { return i == mu ? 1.0 : i * (2.0 / mu) - 1.0; }

}  // namespace

MulawConvention mulaw_convention(const std::string& name) {
  if (name == "wavenet") return MulawConvention::kWavenet;
  if (name == "nnmnkwii") return MulawConvention::kNnmnkwii;
  if (name == "librosa") return MulawConvention::kLibrosa;
  throw std::invalid_argument(
      message("convention must be wavenet, nnmnkwii or librosa, got '", name, "'"));
}

Mulaw::Mulaw(std::size_t channels, MulawConvention convention)
    : channels_(channels),
      mu_(static_cast<double>(channels) - 1),
      log_(std::log1p(mu_)),
      convention_(convention) {
  require(channels >= 4 && channels <= 65536 && (channels & (channels - 1)) == 0,
          "channels must be a power of two from 4 to 65536, got ", channels);
  float_cells_.build(*this);
  double_cells_.build(*this);
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const double y = static_cast<std::int16_t>(bits) / 32768.0;
    codes_of_int16_.push_back(static_cast<std::uint16_t>(encode_by_formula(y)));
  }
  for (std::uint32_t code = 0; code < channels; ++code) {
    double_values_.push_back(value_of<double>(code));
    float_values_.push_back(value_of<float>(code));
  }
}

std::uint32_t Mulaw::encode_by_formula(double y) const {
  y = std::clamp(y, -1.0, 1.0);
  const double s = std::copysign(std::log1p(mu_ * std::abs(y)) / log_, y);
  switch (convention_) {
    case MulawConvention::kWavenet:
      return static_cast<std::uint32_t>((s + 1) / 2 * mu_ + 0.5);
    case MulawConvention::kNnmnkwii:
      return static_cast<std::uint32_t>((s + 1) / 2 * mu_);
    case MulawConvention::kLibrosa:
      break;
  }
  // The number of grid points below s (numpy.digitize, right=True).
  double below = std::clamp(std::floor((s + 1) / 2 * mu_), 0.0, mu_);
  while (below > 0 && grid(below - 1, mu_) >= s) --below;
  while (below <= mu_ && grid(below, mu_) < s) ++below;
  return static_cast<std::uint32_t>(std::min(below, mu_));
}

double Mulaw::decode_by_formula(std::uint32_t code) const {
  const double s = convention_ == MulawConvention::kLibrosa
                       ? (code - static_cast<double>(channels_ / 2)) * 2.0 / (1.0 + mu_)
                       : 2.0 * code / mu_ - 1.0;
  return std::copysign((std::pow(1.0 + mu_, std::abs(s)) - 1.0) / mu_, s);
}

// The formula's value, where rounding puts it below the edge of its bin (kNnmnkwii) as little above
// as brings it back.
template <typename Number>
Number Mulaw::value_of(std::uint32_t code) const {
  const Number nearest = static_cast<Number>(decode_by_formula(code));
  Number value = nearest, step = std::nextafter(nearest, Number{2}) - nearest;
  for (; encode_by_formula(value) < code; step *= 2) value = nearest + step;
  return value;
}

// A cell is narrow enough for one edge if its width relative to its octave, 2^-m, is at most that
// of a code near full scale, 2 log(1 + mu) / mu.
template <typename Number, typename Bits>
void Mulaw::Cells<Number, Bits>::build(const Mulaw& codec) {
  const double narrowest = 2 * codec.log_ / codec.mu_;
  const int cell_bits = std::max(0, static_cast<int>(std::ceil(-std::log2(narrowest))));
  low_bits = std::numeric_limits<Number>::digits - 1 - cell_bits;
  first = bits_as<Bits>(static_cast<Number>(std::ldexp(1.0, kSmallest)));
  code_mask = static_cast<Bits>(codec.channels_ - 1);
  first_edge = codec.convention_ == MulawConvention::kWavenet    ? 0.5f
               : codec.convention_ == MulawConvention::kNnmnkwii ? 0.0f
                                                                 : 1.0f;
  const Bits size = Bits{1} << low_bits;
  const Bits one = bits_as<Bits>(Number{1});
  for (const int sign : {1, -1}) {
    const auto code_at = [&](Bits bits) {
      const Bits code = codec.encode_by_formula(sign * bits_as<Number>(bits));
      return sign > 0 ? code : code_mask - code;
    };
    for (Bits start = first; start <= one; start += size) {
      const Bits code = code_at(start);
      Bits below = 0, from = size;  // the edge, if there is one, is in (below, from]
      if (code_at(start + (size - 1)) == code) below = from;
      while (from - below > 1) {
        const Bits middle = below + (from - below) / 2;
        (code_at(start + middle) == code ? below : from) = middle;
      }
      entries.push_back((code << low_bits) + (size - from));
    }
  }
}

template <typename Number, typename Bits>
MulawCells<Bits> Mulaw::Cells<Number, Bits>::view() const {
  const Bits infinity = bits_as<Bits>(std::numeric_limits<Number>::infinity());
  return {entries.data(),
          static_cast<Bits>(entries.size() / 2),
          low_bits,
          first,
          bits_as<Bits>(Number{1}),
          infinity,
          code_mask,
          first_edge};
}

template <typename Sample, typename Code>
void Mulaw::encode(const Sample* y, std::size_t count, Code* codes) const {
  const MulawKernels& kernels = wavenet::kernels().mulaw;
  constexpr bool narrow = sizeof(Code) == 1;
  bool valid = true;
  if constexpr (std::is_same_v<Sample, std::int16_t>) {
    for (std::size_t i = 0; i < count; ++i) {
      codes[i] = static_cast<Code>(codes_of_int16_[static_cast<std::uint16_t>(y[i])]);
    }
  } else if constexpr (std::is_same_v<Sample, float>) {
    const auto encode = [&] {
      if constexpr (narrow)
        return kernels.encode_float_8;
      else
        return kernels.encode_float_16;
    }();
    valid = encode(y, count, float_cells_.view(), codes);
  } else {
    const auto encode = [&] {
      if constexpr (narrow)
        return kernels.encode_double_8;
      else
        return kernels.encode_double_16;
    }();
    valid = encode(y, count, double_cells_.view(), codes);
  }
  if (valid) return;
  const auto place = std::find_if(
      y, y + count, [](Sample value) { return !std::isfinite(static_cast<double>(value)); });
  throw std::invalid_argument(message("sample ", place - y, " is ",
                                      std::isnan(static_cast<double>(*place)) ? "NaN" : "infinite",
                                      "; the sound is not finite"));
}

template <typename Code, typename Sample>
void Mulaw::decode(const Code* codes, std::size_t count, Sample* y) const {
  const MulawKernels& kernels = wavenet::kernels().mulaw;
  const auto bad =
      sizeof(Code) == 1 && channels_ == 256
          ? codes + count
          : std::find_if(codes, codes + count, [&](Code code) { return code >= channels_; });
  require(bad == codes + count, "code ", bad == codes + count ? 0 : *bad, " at place ", bad - codes,
          " is not below ", channels_);
  if constexpr (sizeof(Code) == 1 && std::is_same_v<Sample, float>) {
    kernels.look_up_8_float(codes, count, float_values_.data(), y);
  } else if constexpr (sizeof(Code) == 1) {
    kernels.look_up_8_double(codes, count, double_values_.data(), y);
  } else if constexpr (std::is_same_v<Sample, float>) {
    kernels.look_up_16_float(codes, count, float_values_.data(), y);
  } else {
    kernels.look_up_16_double(codes, count, double_values_.data(), y);
  }
}

#define INSTANTIATE(Code)                                                     \
  template void Mulaw::encode(const float*, std::size_t, Code*) const;        \
  template void Mulaw::encode(const double*, std::size_t, Code*) const;       \
  template void Mulaw::encode(const std::int16_t*, std::size_t, Code*) const; \
  template void Mulaw::decode(const Code*, std::size_t, float*) const;        \
  template void Mulaw::decode(const Code*, std::size_t, double*) const;
INSTANTIATE(std::uint8_t)
INSTANTIATE(std::uint16_t)
#undef INSTANTIATE

}  // namespace wavenet
