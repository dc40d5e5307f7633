#include "engines/wavenet_planar.h"

#include <algorithm>
#include <string>

#include "engines/wavenet.h"

namespace wavenet {
namespace {

constexpr std::size_t kFewestColumns = 16;  // that pay for bringing the past to planes

std::size_t quads(std::size_t outputs) { return (outputs + kQuad - 1) / kQuad; }

// Weight (o, i) of a layer at its place among `inputs` inputs, in quads `stride` floats apart.
template <typename Weight>
void pack(std::size_t outputs, std::size_t inputs, std::size_t stride, const Weight& weight,
          float* out) {
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t i = 0; i < inputs; ++i) {
      out[o / kQuad * stride + i * kQuad + o % kQuad] = weight(o, i);
    }
  }
}

void to_planes(const float* rows, std::size_t width, std::size_t channels, std::size_t columns,
               float* planes, std::size_t stride) {
  for (std::size_t i = 0; i < channels; ++i) {
    for (std::size_t c = 0; c < columns; ++c) planes[i * stride + c] = rows[c * width + i];
  }
}

void to_rows(const float* planes, std::size_t stride, std::size_t channels, std::size_t columns,
             float* rows, std::size_t width) {
  for (std::size_t c = 0; c < columns; ++c) {
    for (std::size_t i = 0; i < channels; ++i) rows[c * width + i] = planes[i * stride + c];
  }
}

}  // namespace

bool PlanarBlocks::suit(const WaveNetShape& shape) {
  return shape.residual_channels <= kMostPlanes && shape.gate_channels / 2 <= kMostPlanes &&
         shape.local.channels == 0;
}

PlanarBlocks::PlanarBlocks(const WaveNetShape& shape, const Tensors& tensors) {
  const std::size_t residual = shape.residual_channels;
  const std::size_t skip = shape.skip_channels;
  const std::size_t half = shape.gate_channels / 2;
  const std::size_t taps = shape.kernel_size;
  for (std::size_t l = 0; l < shape.dilations.size(); ++l) {
    const std::string name = "blocks." + std::to_string(l);
    const bool last = l + 1 == shape.dilations.size();
    const std::size_t before_skip = last ? 0 : residual;
    Weights block;
    block.view.inputs = residual;
    block.view.gated = half;
    block.view.tap_count = taps;
    block.view.delay = shape.dilations[l];
    block.view.gate_quads = quads(2 * half);
    block.view.out_quads = quads(before_skip + skip);
    const float* dilated =
        find_tensor(tensors, name + ".dilated.weight", {2 * half, residual, taps});
    const std::size_t stride = residual * kQuad;
    block.taps.assign(block.view.gate_quads * taps * stride, 0.0f);
    for (std::size_t k = 0; k < taps; ++k) {
      const auto weight = [&](std::size_t o, std::size_t i) {
        return dilated[((o % 2 * half + o / 2) * residual + i) * taps + k];
      };
      pack(2 * half, residual, taps * stride, weight, block.taps.data() + k * stride);
    }
    const float* to_skip = find_tensor(tensors, name + ".skip.weight", {skip, half, 1});
    const float* to_residual =
        last ? nullptr : find_tensor(tensors, name + ".residual.weight", {residual, half, 1});
    block.out.assign(block.view.out_quads * half * kQuad, 0.0f);
    const auto weight = [&](std::size_t o, std::size_t i) {
      return o < before_skip ? to_residual[o * half + i] : to_skip[(o - before_skip) * half + i];
    };
    pack(before_skip + skip, half, half * kQuad, weight, block.out.data());
    blocks_.push_back(std::move(block));
  }
}

PlanarBlock PlanarBlocks::block(std::size_t index, const float* bias, std::size_t batch) const {
  PlanarBlock view = blocks_[index].view;
  view.taps = blocks_[index].taps.data();
  view.out = blocks_[index].out.data();
  view.bias = bias;
  view.delay *= batch;
  return view;
}

WaveNetPlanes::WaveNetPlanes(const WaveNet& model, std::size_t batch, std::size_t columns)
    : batch_(batch), residual_(model.shape().residual_channels), width_(model.residual_width()) {
  const WaveNetShape& shape = model.shape();
  // Streams of a pass share the conditioning that their sums start from.
  if (model.planar().empty() || (batch > 1 && shape.global_size())) return;
  for (std::size_t dilation : shape.dilations) {
    histories_.emplace_back(residual_, (shape.kernel_size - 1) * dilation * batch, columns);
  }
  codes_.resize(columns + (shape.input_kernel_size - 1) * batch);
  stride_ = plane_stride(columns);
  carry_.resize((quads(residual_ + shape.skip_channels) + 1) * kQuad * stride_);
}

bool WaveNetPlanes::take(std::size_t columns) const {
  return !histories_.empty() && (columns >= kFewestColumns || (current_ && columns > batch_));
}

void WaveNetPlanes::run(const WaveNet& model, const float* start, std::vector<History>& histories,
                        const std::int32_t* inputs, std::size_t columns, std::int32_t* recent,
                        float* skips) {
  enter(histories);
  embed(model, inputs, columns, recent);
  const std::size_t skip = model.shape().skip_channels;
  float* skip_planes = carry_.data() + residual_ * stride_;
  for (std::size_t i = 0; i < skip; ++i) {
    std::fill_n(skip_planes + i * stride_, padded(columns), model.skip_bias()[i]);
  }
  for (std::size_t l = 0; l < histories_.size(); ++l) {
    const WaveNet::Block& block = model.blocks()[l];
    const PlanarPass pass{start + l * model.gate_width(),
                          model.half_width(),
                          histories_[l].append(columns),
                          histories_[l].stride(),
                          carry_.data(),
                          block.residual.outputs() ? carry_.data() : skip_planes,
                          stride_};
    model.kernels().run_planar(model.planar().block(l, block.bias.data(), batch_), pass, columns);
  }
  if (skips) to_rows(skip_planes, stride_, skip, columns, skips, model.carry_width());
}

void WaveNetPlanes::embed(const WaveNet& model, const std::int32_t* inputs, std::size_t columns,
                          std::int32_t* recent) {
  const std::size_t taps = model.shape().input_kernel_size;
  std::copy_n(inputs, columns, codes_.data() + (taps - 1) * batch_);
  for (std::size_t b = 0; b < batch_; ++b) {
    for (std::size_t k = 1; k < taps; ++k) codes_[(k - 1) * batch_ + b] = recent[b * taps + k];
    for (std::size_t k = 0; k < taps; ++k) {
      recent[b * taps + k] = codes_[columns - batch_ + k * batch_ + b];
    }
  }
  model.embed_planes(codes_.data(), batch_, columns, carry_.data(), stride_);
}

void WaveNetPlanes::enter(const std::vector<History>& histories) {
  if (current_) return;
  for (std::size_t l = 0; l < histories.size(); ++l) {
    const std::size_t past = histories[l].past() * batch_;
    const auto* rows = reinterpret_cast<const float*>(histories[l].last(histories[l].past()));
    float* planes = histories_[l].append(0) - past;
    to_planes(rows, width_, residual_, past, planes, histories_[l].stride());
  }
  current_ = true;
}

void WaveNetPlanes::leave(std::vector<History>& histories) {
  if (!current_) return;
  for (std::size_t l = 0; l < histories.size(); ++l) {
    const std::size_t past = histories[l].past() * batch_;
    auto* rows = reinterpret_cast<float*>(histories[l].last(histories[l].past()));
    const float* planes = histories_[l].append(0) - past;
    to_rows(planes, histories_[l].stride(), residual_, past, rows, width_);
  }
  current_ = false;
}

}  // namespace wavenet
