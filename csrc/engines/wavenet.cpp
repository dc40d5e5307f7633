#include "engines/wavenet.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "kernels/dispatch.h"

namespace wavenet {
namespace {

void validate(const WaveNetShape& shape) {
  require(!shape.dilations.empty(), "a WaveNet needs at least one block");
  require(shape.kernel_size >= 2, "kernel_size must be at least 2, got ", shape.kernel_size);
  require(shape.residual_channels && shape.skip_channels, "channels must not be 0");
  require(shape.gate_channels && shape.gate_channels % 2 == 0, "gate_channels must be even, got ",
          shape.gate_channels);
  validate(shape.output);
  require(shape.silence < shape.output.levels, "the code of silence is out of range");
  require(shape.input_kernel_size >= 1, "input_kernel_size must be at least 1");
  require(shape.input != Input::kScalar || shape.code_values.size() == shape.output.levels,
          "scalar input needs a value for each class");
}

AlignedBuffer<float> padded_copy(const float* values, std::size_t count, float padding = 0.0f) {
  AlignedBuffer<float> copy(padded(count), padding);
  std::copy_n(values, count, copy.data());
  return copy;
}

// Multipliers that bring values within their ranges to -127 .. 127; none where bytes are not
// wanted. A channel that is always near 0 has the smallest range that still differs from it.
AlignedBuffer<float> byte_scales(bool bytes, const std::vector<float>& ranges,
                                 std::size_t channels) {
  if (!bytes) return {};
  require(ranges.size() == channels, "a layer of 8 bits has ", channels, " channels but ranges of ",
          ranges.size());
  AlignedBuffer<float> scales(padded(channels), 0.0f);
  for (std::size_t i = 0; i < channels; ++i) {
    require(std::isfinite(ranges[i]) && ranges[i] >= 0.0f, "an activation range is ", ranges[i]);
    scales[i] = 127.0f / std::max(ranges[i], 1e-6f);
  }
  return scales;
}

InputForm byte_form(const AlignedBuffer<float>& scales) {
  return {scales.empty() ? nullptr : scales.data()};
}

std::string block_name(std::size_t index) { return "blocks." + std::to_string(index); }

}  // namespace

WaveNet::WaveNet(const WaveNetShape& shape, const Tensors& tensors, Precision precision,
                 const ActivationRanges& ranges)
    : shape_(shape), kernels_(&wavenet::kernels()), linear_(&linear_kernels(*kernels_, precision)) {
  validate(shape);
  if (precision == Precision::kInt8) {
    const std::size_t blocks = shape.dilations.size();
    require(ranges.residual.size() == blocks && ranges.gated.size() == blocks,
            "8-bit weights need the activation ranges of ", blocks, " blocks");
  }
  if (shape.local.channels) {
    condition_network_ =
        ConditionNetwork(kernels_->float32, shape.local, shape.global_size(), tensors);
  }
  pack_input(tensors);
  pack_blocks(tensors, ranges);
  if (precision == Precision::kFloat32 && PlanarBlocks::suit(shape)) {
    planar_ = PlanarBlocks(shape, tensors);
  }
  pack_conditioning(tensors);
  pack_head(tensors, precision);
  place_weights();
  view_blocks();
}

// The critical path of a step first: it should stay in the caches where not all weights fit.
void WaveNet::place_weights() {
  std::vector<PackedLinear*> layers;
  for (Block& block : blocks_) {
    layers.push_back(&block.taps.back());
    layers.push_back(&block.residual);
    layers.push_back(&block.skip);
  }
  layers.push_back(&hidden_);
  layers.push_back(&output_);
  for (Block& block : blocks_) {
    for (std::size_t k = 0; k + 1 < block.taps.size(); ++k) layers.push_back(&block.taps[k]);
  }
  place_together(layers);
}

// What the kernels see of the blocks, when everything has its place.
void WaveNet::view_blocks() {
  for (std::size_t l = 0; l < blocks_.size(); ++l) {
    Block& block = blocks_[l];
    const bool last = l + 1 == blocks_.size();
    const Block& next = last ? block : blocks_[l + 1];
    block.view = {block.taps.back().view(), block.residual.view(), block.skip.view(),
                  block.gated_form,         half_width(),          last ? 0 : residual_width(),
                  next.bias.data(),         next.residual_form};
  }
}

// The causal convolution of one-hot vectors or of embeddings is, for each tap, a table with a row
// per code; that of sample values, a row to multiply.
void WaveNet::pack_input(const Tensors& tensors) {
  const std::size_t outputs = shape_.residual_channels;
  const std::size_t taps = shape_.input_kernel_size;
  const std::size_t codes = shape_.input == Input::kScalar ? 1 : shape_.output.levels;
  const std::size_t inputs = shape_.input == Input::kEmbedding ? outputs : codes;
  const float* weight = find_tensor(tensors, "input.weight", {outputs, inputs, taps});
  input_bias_ = padded_copy(find_tensor(tensors, "input.bias", {outputs}), outputs);
  const float* embedding = shape_.input == Input::kEmbedding
                               ? find_tensor(tensors, "embedding.weight", {codes, outputs})
                               : nullptr;
  input_table_.assign(taps * codes * residual_width(), 0.0f);
  for (std::size_t k = 0; k < taps; ++k) {
    const MatrixView tap{weight + k, outputs, inputs, inputs * taps, taps};
    for (std::size_t code = 0; code < codes; ++code) {
      float* row = input_table_.data() + (k * codes + code) * residual_width();
      for (std::size_t o = 0; o < outputs; ++o) {
        if (!embedding) {
          row[o] = tap(o, code);
        } else {
          double sum = 0.0;
          for (std::size_t i = 0; i < inputs; ++i) sum += tap(o, i) * embedding[code * inputs + i];
          row[o] = static_cast<float>(sum);
        }
      }
    }
  }
}

void WaveNet::pack_blocks(const Tensors& tensors, const ActivationRanges& ranges) {
  const std::size_t residual = shape_.residual_channels;
  const std::size_t half = shape_.gate_channels / 2;
  const std::size_t taps = shape_.kernel_size;
  const bool bytes = linear_->input_bytes == 1;
  block_bias_.assign(shape_.dilations.size() * gate_width(), 0.0f);
  skip_bias_.assign(skip_width(), 0.0f);
  AlignedBuffer<float> bias(residual_width(), 0.0f);
  for (std::size_t l = 0; l < shape_.dilations.size(); ++l) {
    const std::string name = block_name(l);
    Block block;
    block.dilation = shape_.dilations[l];
    const bool last = l + 1 == shape_.dilations.size();
    block.residual_scales =
        byte_scales(bytes, bytes ? ranges.residual[l] : std::vector<float>(), residual);
    block.gated_scales = byte_scales(bytes, bytes ? ranges.gated[l] : std::vector<float>(), half);
    block.residual_form = byte_form(block.residual_scales);
    block.gated_form = byte_form(block.gated_scales);
    block.bias = bias;
    require(block.dilation >= 1, "dilations must be at least 1");

    const float* dilated =
        find_tensor(tensors, name + ".dilated.weight", {2 * half, residual, taps});
    const float* dilated_bias = find_tensor(tensors, name + ".dilated.bias", {2 * half});
    for (std::size_t part = 0; part < 2; ++part) {
      std::copy_n(dilated_bias + part * half, half,
                  block_bias_.data() + l * gate_width() + part * half_width());
    }
    for (std::size_t k = 0; k < taps; ++k) {
      LayerWeights tap(gate_width(), residual);
      for (std::size_t part = 0; part < 2; ++part) {
        const float* start = dilated + part * half * residual * taps + k;
        tap.set(part * half_width(), 0, {start, half, residual, residual * taps, taps});
      }
      block.taps.emplace_back(*linear_, tap, block.residual_form);
    }
    pack_outputs(tensors, name, last, block);
    if (!last) {
      const float* residual_bias = find_tensor(tensors, name + ".residual.bias", {residual});
      for (std::size_t i = 0; i < residual; ++i) bias[i] += residual_bias[i];
    }
    blocks_.push_back(std::move(block));
  }
}

// The residual and the skip 1x1, the skip biases of all blocks as one vector. The last block's
// residual output is dead: that layer has no outputs.
void WaveNet::pack_outputs(const Tensors& tensors, const std::string& name, bool last,
                           Block& block) {
  const std::size_t residual = shape_.residual_channels;
  const std::size_t skip = shape_.skip_channels;
  const std::size_t half = shape_.gate_channels / 2;
  LayerWeights to_residual(last ? 0 : residual_width(), half);
  if (!last) {
    const float* weight = find_tensor(tensors, name + ".residual.weight", {residual, half, 1});
    to_residual.set(0, 0, {weight, residual, half, half, 1});
  }
  block.residual = PackedLinear(*linear_, to_residual, block.gated_form);
  LayerWeights to_skip(skip_width(), half);
  const float* weight = find_tensor(tensors, name + ".skip.weight", {skip, half, 1});
  to_skip.set(0, 0, {weight, skip, half, half, 1});
  block.skip = PackedLinear(*linear_, to_skip, block.gated_form);
  const float* skip_bias = find_tensor(tensors, name + ".skip.bias", {skip});
  for (std::size_t i = 0; i < skip; ++i) skip_bias_[i] += skip_bias[i];
}

void WaveNet::pack_conditioning(const Tensors& tensors) {
  const std::size_t half = shape_.gate_channels / 2;
  const auto pack = [&](PackedLinear& packed, const std::string& layer,
                        const std::vector<std::size_t>& shape) {
    const std::size_t inputs = shape[1];
    LayerWeights weights(condition_width(), inputs);
    for (std::size_t l = 0; l < blocks_.size(); ++l) {
      const float* weight = find_tensor(tensors, block_name(l) + layer, shape);
      for (std::size_t part = 0; part < 2; ++part) {
        weights.set(l * gate_width() + part * half_width(), 0,
                    {weight + part * half * inputs, half, inputs, inputs, 1});
      }
    }
    packed = PackedLinear(kernels_->float32, weights);
  };
  if (shape_.speakers) {
    const std::size_t channels = shape_.speaker_channels;
    const float* table =
        find_tensor(tensors, "speaker_embedding.weight", {shape_.speakers, channels});
    speaker_embedding_.assign(table, table + shape_.speakers * channels);
  }
  if (shape_.global_size()) {
    pack(global_, ".global_projection.weight", {2 * half, shape_.global_size()});
  }
  if (shape_.local.channels) {
    pack(local_, ".local_projection.weight", {2 * half, shape_.local.output_channels(), 1});
  }
}

void WaveNet::pack_head(const Tensors& tensors, Precision precision) {
  const std::size_t skip = shape_.skip_channels;
  const std::size_t outputs = shape_.output.channels();
  head_linear_ = precision == Precision::kFloat32 ? &kernels_->float32 : &kernels_->bf16;
  LayerWeights hidden(skip_width(), skip);
  hidden.set(0, 0, {find_tensor(tensors, "hidden.weight", {skip, skip, 1}), skip, skip, skip, 1});
  hidden_ = PackedLinear(*head_linear_, hidden);
  hidden_bias_ = padded_copy(find_tensor(tensors, "hidden.bias", {skip}), skip);
  LayerWeights output(output_width(), skip);
  output.set(0, 0,
             {find_tensor(tensors, "output.weight", {outputs, skip, 1}), outputs, skip, skip, 1});
  output_ = PackedLinear(*head_linear_, output);
  output_bias_ = padded_copy(find_tensor(tensors, "output.bias", {outputs}), outputs, kNever);
}

void WaveNet::add_cost(double columns, StepCost& cost) const {
  hidden_.add_cost(columns, 1.0, cost);
  output_.add_cost(columns, 1.0, cost);
  if (shape_.local.channels) {
    const double rows = 1.0 / static_cast<double>(condition_network_.samples_per_row());
    local_.add_cost(columns * rows, columns * rows, cost);
  }
}

void WaveNet::embed(const std::int32_t* codes, float* carry) const {
  const std::size_t width = residual_width();
  std::copy(input_bias_.begin(), input_bias_.end(), carry);
  std::copy(skip_bias_.begin(), skip_bias_.end(), carry + width);
  for (std::size_t k = 0; k < shape_.input_kernel_size; ++k) {
    if (codes[k] < 0) continue;
    const auto code = static_cast<std::size_t>(codes[k]);
    if (shape_.input == Input::kScalar) {
      const float value = shape_.code_values[code];
      const float* row = input_table_.data() + k * width;
      for (std::size_t i = 0; i < width; ++i) carry[i] += value * row[i];
    } else {
      const float* row = input_table_.data() + (k * shape_.output.levels + code) * width;
      for (std::size_t i = 0; i < width; ++i) carry[i] += row[i];
    }
  }
}

void WaveNet::embed_planes(const std::int32_t* codes, std::size_t tap_stride, std::size_t columns,
                           float* planes, std::size_t stride) const {
  const bool scalar = shape_.input == Input::kScalar;
  std::size_t columns_of[kPanel];  // those after the start, of which the codes are known
  const float* rows[kPanel];
  float factors[kPanel];
  for (std::size_t first = 0; first < columns; first += kPanel) {
    const std::size_t count = std::min(kPanel, columns - first);
    float* place = planes + first;
    for (std::size_t i = 0; i < shape_.residual_channels; ++i) {
      std::fill_n(place + i * stride, kPanel, input_bias_[i]);
    }
    for (std::size_t k = 0; k < shape_.input_kernel_size; ++k) {
      const std::size_t first_row = k * (scalar ? 1 : shape_.output.levels);
      std::size_t known = 0;
      for (std::size_t c = 0; c < count; ++c) {
        const std::int32_t code = codes[first + c + k * tap_stride];
        if (code < 0) continue;
        const auto row = static_cast<std::size_t>(code);
        columns_of[known] = c;
        rows[known] = input_table_.data() + (first_row + (scalar ? 0 : row)) * residual_width();
        factors[known++] = scalar ? shape_.code_values[row] : 1.0f;
      }
      for (std::size_t i = 0; i < shape_.residual_channels; ++i) {
        float* plane = place + i * stride;
        for (std::size_t c = 0; c < known; ++c) plane[columns_of[c]] += factors[c] * rows[c][i];
      }
    }
  }
}

std::vector<float> WaveNet::global_vector(std::size_t speaker, const float* global_vector) const {
  std::vector<float> vector;
  if (shape_.speakers) {
    require(speaker < shape_.speakers, "speaker ", speaker, " is not one of ", shape_.speakers);
    const auto row =
        speaker_embedding_.begin() + static_cast<std::ptrdiff_t>(speaker * shape_.speaker_channels);
    vector.assign(row, row + static_cast<std::ptrdiff_t>(shape_.speaker_channels));
  }
  if (shape_.global_channels) {
    require(global_vector != nullptr, "the model needs a global conditioning vector");
    vector.insert(vector.end(), global_vector, global_vector + shape_.global_channels);
  }
  return vector;
}

void WaveNet::condition_globally(const std::vector<float>& global_vector, float* out) const {
  std::copy(block_bias_.begin(), block_bias_.end(), out);
  if (!global_vector.empty()) {
    global_.accumulate(global_vector.data(), 0, out, 0, 1);
  }
}

void WaveNet::condition_locally(const float* rows, std::size_t columns, float* out) const {
  local_.accumulate(rows, condition_network_.width() * sizeof(float), out, condition_width(),
                    columns);
}

void WaveNet::head(const float* skips, std::size_t stride, std::size_t columns, void* stored,
                   float* hidden, float* logits) const {
  const std::size_t width = skip_width();
  const std::size_t row_bytes = width * head_linear_->input_bytes;
  const auto store_positive = [&](const float* sums, std::size_t column) {
    head_linear_->encode_positive(sums, {nullptr}, width,
                                  static_cast<char*>(stored) + column * row_bytes);
  };
  for (std::size_t c = 0; c < columns; ++c) store_positive(skips + c * stride, c);
  hidden_.apply(stored, row_bytes, hidden_bias_.data(), 0, hidden, width, columns);
  for (std::size_t c = 0; c < columns; ++c) store_positive(hidden + c * width, c);
  output_.apply(stored, row_bytes, output_bias_.data(), 0, logits, output_width(), columns);
}

}  // namespace wavenet
