#include "engines/condition_network.h"

#include <algorithm>
#include <string>

namespace wavenet {

ConditionNetwork::ConditionNetwork(const LinearKernels& kernels, const LocalShape& shape,
                                   std::size_t global_size, const Tensors& tensors)
    : channels_(shape.channels),
      outputs_(shape.output_channels()),
      global_size_(shape.layers ? global_size : 0),
      relu_(shape.relu),
      pad_with_edge_(shape.pad_with_edge),
      upsampling_(shape.upsampling) {
  const std::size_t outputs = outputs_;
  const std::size_t taps = shape.kernel_size;
  width_ = padded(outputs);
  std::size_t inputs = channels_ + global_size_;
  for (std::size_t l = 0; l < shape.layers; ++l) {
    const std::string name = "condition.layers." + std::to_string(l);
    const float* weight = find_tensor(tensors, name + ".weight", {outputs, inputs, taps});
    const float* bias = find_tensor(tensors, name + ".bias", {outputs});
    Convolution layer;
    layer.bias.assign(width_, 0.0f);
    std::copy(bias, bias + outputs, layer.bias.data());
    for (std::size_t k = 0; k < taps; ++k) {
      LayerWeights tap(width_, inputs);
      tap.set(0, 0, {weight + k, outputs, inputs, inputs * taps, taps});
      layer.taps.emplace_back(kernels, tap);
    }
    layers_.push_back(std::move(layer));
    inputs = outputs;
  }
  const bool transposed = upsampling_ == Upsampling::kTransposed;
  if (upsampling_ == Upsampling::kStretch) {
    stretch_ = StretchNetwork(shape, tensors);
    blends_ = !stretch_.mixes_channels();
    rows_per_frame_ = blends_ ? 1 : shape.hop_length;
  } else if (upsampling_ == Upsampling::kSpread) {
    spread_ = SpreadNetwork(shape, tensors);
    rows_per_frame_ = shape.hop_length;
  }
  for (std::size_t s = 0; transposed && s < shape.upsampling_factors.size(); ++s) {
    const std::string name = "condition.upsamplers." + std::to_string(s) + ".weight";
    Upsampler stage{shape.upsampling_factors[s], {}};
    const std::size_t width = 2 * stage.factor;
    const float* weight = find_tensor(tensors, name, {outputs, outputs, width});
    for (std::size_t k = 0; k < width; ++k) {
      LayerWeights tap(width_, outputs);
      tap.set(0, 0, {weight + k, outputs, outputs, width, outputs * width});
      stage.taps.emplace_back(kernels, tap);
    }
    rows_per_frame_ *= stage.factor;
    upsamplers_.push_back(std::move(stage));
  }
  samples_per_row_ = shape.hop_length / rows_per_frame_;
}

std::size_t ConditionNetwork::lookahead() const {
  if (upsampling_ == Upsampling::kStretch) return stretch_.reach();
  return upsamplers_.empty() ? 0 : 1;
}

std::size_t ConditionNetwork::context() const {
  return layers_.empty() ? 0 : layers_.size() * (layers_.front().taps.size() / 2);
}

AlignedBuffer<float> ConditionNetwork::encode(const Kernels& kernels, const float* features,
                                              std::size_t frames,
                                              const float* global_vector) const {
  const std::size_t inputs = channels_ + global_size_;
  std::size_t stride = padded(inputs);
  AlignedBuffer<float> x(frames * stride);
  for (std::size_t f = 0; f < frames; ++f) {
    std::copy_n(features + f * channels_, channels_, x.data() + f * stride);
    std::copy_n(global_vector, global_size_, x.data() + f * stride + channels_);
  }
  for (const Convolution& layer : layers_) {
    AlignedBuffer<float> y(frames * width_);
    for (std::size_t f = 0; f < frames; ++f) {
      std::copy(layer.bias.begin(), layer.bias.end(), y.data() + f * width_);
    }
    const std::size_t half = layer.taps.size() / 2;
    for (std::size_t k = 0; k < layer.taps.size(); ++k) {  // y[f] += W[k] x[f + k - half]
      const std::size_t first_out = k < half ? half - k : 0;
      const std::size_t first_in = k < half ? 0 : k - half;
      const std::size_t shift = std::min(frames, std::max(first_out, first_in));
      layer.taps[k].accumulate(x.data() + first_in * stride, stride * sizeof(float),
                               y.data() + first_out * width_, width_, frames - shift);
      if (!pad_with_edge_) continue;
      const float* edge = x.data() + (k < half ? 0 : frames - 1) * stride;
      const std::size_t first = k < half ? 0 : frames - shift;
      layer.taps[k].accumulate(edge, 0, y.data() + first * width_, width_, shift);
    }
    if (relu_) kernels.relu(y.data(), y.data(), y.size());
    x = std::move(y);
    stride = width_;
  }
  return x;
}

void ConditionNetwork::rows(const AlignedBuffer<float>& encoded, std::size_t begin, std::size_t end,
                            float* rows, Scratch& scratch) const {
  if (upsampling_ == Upsampling::kSpread) {
    spread_.upsample(encoded.data(), outputs_, width_, begin, end, rows, scratch);
  } else if (upsampling_ == Upsampling::kStretch && !blends_) {
    const std::size_t frames = encoded.size() / width_;
    stretch_.upsample(encoded.data(), frames, outputs_, width_, begin, end, rows, scratch);
  } else {
    upsample(encoded, upsamplers_.size(), begin, end, rows, scratch);
  }
}

// Transposed convolution of width 2 f, stride f and padding f / 2: output n is the sum of two
// products, W[p + f] x[i - 1] + W[p] x[i] with i, p the quotient and rest of (n + f / 2) / f.
void ConditionNetwork::upsample(const AlignedBuffer<float>& encoded, std::size_t stage,
                                std::size_t begin, std::size_t end, float* out,
                                Scratch& scratch) const {
  if (stage == 0) {
    std::copy(encoded.data() + begin * width_, encoded.data() + end * width_, out);
    return;
  }
  std::size_t length = encoded.size() / width_;
  for (std::size_t s = 0; s + 1 < stage; ++s) length *= upsamplers_[s].factor;
  const Upsampler& upsampler = upsamplers_[stage - 1];
  const std::size_t factor = upsampler.factor;
  const std::size_t padding = factor / 2;
  const std::size_t first = (begin + padding) / factor;
  const std::size_t in_begin = first ? first - 1 : 0;
  const std::size_t in_end = std::min(length, (end - 1 + padding) / factor + 1);
  float* x = scratch.room(stage, (in_end - in_begin) * width_);
  upsample(encoded, stage - 1, in_begin, in_end, x, scratch);

  std::fill(out, out + (end - begin) * width_, 0.0f);
  for (std::size_t n = begin; n < end; ++n) {
    const std::size_t i = (n + padding) / factor;
    const std::size_t phase = (n + padding) % factor;
    float* y = out + (n - begin) * width_;
    const auto tap = [&](std::size_t k, std::size_t input) {
      upsampler.taps[k].accumulate(x + (input - in_begin) * width_, 0, y, width_, 1);
    };
    if (i > 0) tap(phase + factor, i - 1);
    if (i < length) tap(phase, i);
  }
}

}  // namespace wavenet
