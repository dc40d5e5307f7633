#include "layers/packed_linear.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace wavenet {
namespace {

// The nearest bfloat16, ties to even.
std::uint16_t brain_float(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  bits = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  require((bits & 0x7f80) != 0x7f80, "a weight of ", value, " is beyond bfloat16: use float32");
  return static_cast<std::uint16_t>(bits);
}

std::shared_ptr<char> allocate(std::size_t bytes) {
  const auto buffer = std::make_shared<AlignedBuffer<char>>(bytes);
  return {buffer, buffer->data()};
}

}  // namespace

LayerWeights::LayerWeights(std::size_t outputs, std::size_t inputs)
    : outputs_(outputs), inputs_(inputs), values_(outputs * inputs) {
  require(outputs % kPanel == 0, "packed outputs ", outputs, " are not whole panels");
}

void LayerWeights::set(std::size_t first_output, std::size_t first_input,
                       const MatrixView& weights) {
  require(first_output + weights.rows <= outputs_ && first_input + weights.columns <= inputs_,
          "weights do not fit their packed place");
  for (std::size_t r = 0; r < weights.rows; ++r) {
    float* row = values_.data() + (first_output + r) * inputs_ + first_input;
    for (std::size_t c = 0; c < weights.columns; ++c) row[c] = weights(r, c);
  }
}

PackedLinear::PackedLinear(const LinearKernels& kernels, const LayerWeights& weights,
                           InputForm form)
    : kernels_(&kernels),
      steps_((weights.inputs() + kernels.step_inputs - 1) / kernels.step_inputs),
      panels_(weights.outputs() / kPanel),
      cells_(allocate(steps_ * panels_ * kCellBytes)) {
  group();
  if (kernels.input_bytes == 1) {
    pack_bytes(weights, form);
  } else if (kernels.step_inputs == 2) {
    pack_brain_floats(weights);
  } else {
    pack_floats(weights);
  }
}

void PackedLinear::group() {
  const std::size_t groups =
      std::max<std::size_t>(1, (panels_ + kMostGroupPanels - 1) / kMostGroupPanels);
  group_panels_ = (panels_ + groups - 1) / groups;
}

void PackedLinear::add_cost(double uses, double reads, StepCost& cost) const {
  if (!kernels_) return;
  cost.products += uses * static_cast<double>(products());
  cost.bytes += reads * static_cast<double>(bytes());
  cost.memory += static_cast<double>(bytes());
}

void PackedLinear::move_to(std::shared_ptr<char> memory) {
  std::copy_n(cells_.get(), bytes(), memory.get());
  cells_ = std::move(memory);
}

template <typename Put>
void PackedLinear::for_each_place(const Put& put) {
  const std::size_t step_inputs = kernels_->step_inputs;
  std::size_t place = 0;
  for (std::size_t first = 0; first < panels_; first += group_panels_) {
    const std::size_t last = std::min(first + group_panels_, panels_);
    for (std::size_t step = 0; step < steps_; ++step) {
      for (std::size_t output = first * kPanel; output < last * kPanel; ++output) {
        for (std::size_t k = 0; k < step_inputs; ++k) put(place++, output, step * step_inputs + k);
      }
    }
  }
}

void PackedLinear::pack_floats(const LayerWeights& weights) {
  float* cells = reinterpret_cast<float*>(cells_.get());
  for_each_place([&](std::size_t place, std::size_t output, std::size_t input) {
    cells[place] = weights(output, input);
  });
}

void PackedLinear::pack_brain_floats(const LayerWeights& weights) {
  std::uint16_t* cells = reinterpret_cast<std::uint16_t*>(cells_.get());
  for_each_place([&](std::size_t place, std::size_t output, std::size_t input) {
    cells[place] = brain_float(weights(output, input));
  });
}

void PackedLinear::pack_bytes(const LayerWeights& weights, InputForm form) {
  const auto scaled = [&](std::size_t output, std::size_t input) {
    return input < weights.inputs() ? weights(output, input) / form.scales[input] : 0.0f;
  };
  scales_.assign(weights.outputs(), 0.0f);
  for (std::size_t o = 0; o < weights.outputs(); ++o) {
    for (std::size_t i = 0; i < weights.inputs(); ++i) {
      scales_[o] = std::max(scales_[o], std::abs(scaled(o, i)) / 127.0f);
    }
    require(std::isfinite(scales_[o]),
            "weights and ranges of inputs are beyond 8 bits: use float32");
    if (scales_[o] < std::numeric_limits<float>::min()) scales_[o] = 0.0f;  // it has no inverse
  }
  offsets_.assign(weights.outputs(), 0);
  std::int8_t* cells = reinterpret_cast<std::int8_t*>(cells_.get());
  for_each_place([&](std::size_t place, std::size_t output, std::size_t input) {
    const float scale = scales_[output] > 0.0f ? 1.0f / scales_[output] : 0.0f;
    cells[place] = static_cast<std::int8_t>(std::lround(scaled(output, input) * scale));
    offsets_[output] -= cells[place] * (kByteZero - kernels_->stored_shift);
  });
}

}  // namespace wavenet
