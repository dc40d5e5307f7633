#include "engines/recurrent_state.h"

#include <algorithm>

#include "base/random.h"

namespace wavenet {
namespace {

// Gates of a pass, about: enough columns for the products, few enough for the cache.
constexpr std::size_t kGatesOfPass = 32768;
constexpr std::size_t kMostSteps = 256;

}  // namespace

RecurrentState::RecurrentState(std::shared_ptr<const Recurrent> model, std::size_t batch,
                               std::uint32_t first_stream)
    : model_(std::move(model)), batch_(batch), first_stream_(first_stream) {
  const RecurrentShape& shape = model_->shape();
  const std::size_t width = model_->width();
  const std::size_t row_bytes = width * model_->linear().input_bytes;
  block_steps_ =
      std::clamp<std::size_t>(kGatesOfPass / (batch * model_->gates_width()), 1, kMostSteps);
  const std::size_t rows = block_steps_ * batch;
  first_gates_.assign(batch, model_->first_gates(nullptr));
  hidden_.assign(shape.layers, AlignedBuffer<float>((rows + batch) * width, 0.0f));
  cell_.assign(shape.layers, AlignedBuffer<float>(batch * width, 0.0f));
  samples_.assign(batch * shape.sample_width(), shape.categorical() ? -1.0f : 0.0f);
  classes_.assign(rows, -1);
  given_.assign(rows * shape.given_channels(), 0.0f);
  gates_.assign(rows * model_->gates_width(), 0.0f);
  if (shape.residual) sums_.assign(rows * width, 0.0f);
  outputs_.assign(rows * model_->output_width(), 0.0f);
  stored_hidden_.assign(batch * row_bytes, 0);
  stored_inputs_.assign(rows * row_bytes, 0);
  zeros_.assign(width, 0.0f);
}

void RecurrentState::condition(std::size_t stream, const float* global_vector) {
  first_gates_[stream] = model_->first_gates(global_vector);
}

void RecurrentState::generate(std::size_t steps, const float* covariates,
                              const CategoricalOptions& options, std::uint64_t seed, float* out,
                              std::size_t stride) {
  const RecurrentShape& shape = model_->shape();
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t b = 0; b < batch_; ++b) {
      set_input(b, b, covariates + (b * stride + t) * shape.covariates);
    }
    forward(1, true);
    for (std::size_t b = 0; b < batch_; ++b) {
      float* sample = out + (b * stride + t) * shape.sample_width();
      draw(outputs_.data() + b * model_->output_width(), b, options, seed, sample);
      keep_sample(b, sample);
    }
    ++time_;
  }
}

void RecurrentState::feed(std::size_t steps, const float* samples, const float* covariates,
                          std::size_t stride, float* log_likelihoods, float* outputs) {
  const RecurrentShape& shape = model_->shape();
  const bool with_outputs = log_likelihoods || outputs;
  for (std::size_t start = 0; start < steps; start += block_steps_) {
    const std::size_t count = std::min(block_steps_, steps - start);
    for (std::size_t t = 0; t < count; ++t) {
      for (std::size_t b = 0; b < batch_; ++b) {
        const std::size_t place = b * stride + start + t;
        set_input(t * batch_ + b, b, covariates + place * shape.covariates);
        if (samples) keep_sample(b, samples + place * shape.sample_width());
      }
    }
    forward(count, with_outputs);
    time_ += count;
    if (!with_outputs) continue;
    for (std::size_t t = 0; t < count; ++t) {
      for (std::size_t b = 0; b < batch_; ++b) {
        const std::size_t place = b * stride + start + t;
        const float* row = outputs_.data() + (t * batch_ + b) * model_->output_width();
        if (outputs) std::copy_n(row, shape.outputs(), outputs + place * shape.outputs());
        if (log_likelihoods) {
          log_likelihoods[place] = log_likelihood(row, samples + place * shape.sample_width());
        }
      }
    }
  }
}

void RecurrentState::set_input(std::size_t row, std::size_t stream, const float* covariates) {
  const RecurrentShape& shape = model_->shape();
  const float* sample = samples_.data() + stream * shape.sample_width();
  float* given = given_.data() + row * shape.given_channels();
  if (shape.categorical()) {
    classes_[row] = static_cast<std::int32_t>(*sample);
  } else if (shape.feedback) {
    given = std::copy_n(sample, shape.diagonal.dimensions, given);
  }
  std::copy_n(covariates, shape.covariates, given);
}

void RecurrentState::keep_sample(std::size_t stream, const float* sample) {
  const std::size_t width = model_->shape().sample_width();
  std::copy_n(sample, width, samples_.data() + stream * width);
}

float RecurrentState::log_likelihood(const float* outputs, const float* sample) {
  const RecurrentShape& shape = model_->shape();
  if (shape.categorical()) {
    return log_probability(model_->kernels(), outputs, shape.classes,
                           static_cast<std::uint32_t>(*sample), scratch_);
  }
  return log_density_diagonal(shape.diagonal, outputs, sample);
}

void RecurrentState::draw(const float* outputs, std::size_t stream,
                          const CategoricalOptions& options, std::uint64_t seed, float* out) {
  const RecurrentShape& shape = model_->shape();
  const auto number = first_stream_ + static_cast<std::uint32_t>(stream);
  if (shape.categorical()) {
    *out = static_cast<float>(sample_categorical(model_->kernels(), outputs, shape.classes, options,
                                                 uniform(seed, number, time_)[0], scratch_));
  } else if (shape.output == RecurrentOutput::kPoint) {
    std::copy_n(outputs, shape.diagonal.dimensions, out);
  } else {
    sample_diagonal(shape.diagonal, outputs, options.temperature, {seed, number, time_}, out);
  }
}

void RecurrentState::forward(std::size_t steps, bool with_outputs) {
  begin_gates(steps);
  for (std::size_t l = 0; l < hidden_.size(); ++l) run_layer(l, steps);
  if (!with_outputs) return;
  const std::size_t rows = steps * batch_;
  const InputForm form = model_->input_form(hidden_.size());
  const void* inputs = stored(layer_output_, rows, form, stored_inputs_.data());
  model_->output(inputs, model_->width() * model_->linear().input_bytes, given_.data(),
                 outputs_.data(), rows);
}

// Gates of the first layer: bias, global vector, class or vector fed back, covariates.
void RecurrentState::begin_gates(std::size_t steps) {
  const RecurrentShape& shape = model_->shape();
  const std::size_t width = model_->gates_width();
  const bool classes = shape.feedback && shape.categorical();
  for (std::size_t row = 0; row < steps * batch_; ++row) {
    const float* first = first_gates_[row % batch_].data();
    float* gates = gates_.data() + row * width;
    if (classes && classes_[row] >= 0) {
      const float* part = model_->class_gates(static_cast<std::size_t>(classes_[row]));
      for (std::size_t i = 0; i < width; ++i) gates[i] = first[i] + part[i];
    } else {
      std::copy_n(first, width, gates);
    }
  }
  if (shape.given_channels()) {
    model_->layers().front().add_inputs(given_.data(), shape.given_channels() * sizeof(float),
                                        gates_.data(), steps * batch_);
  }
}

// Rows of hidden values (or sums of them) as the products take them, in `room` if not as they are.
const void* RecurrentState::stored(const float* rows, std::size_t count, InputForm form,
                                   char* room) const {
  if (model_->linear().input_bytes == sizeof(float)) return rows;
  const std::size_t width = model_->width();
  const std::size_t row_bytes = width * model_->linear().input_bytes;
  for (std::size_t r = 0; r < count; ++r) {
    model_->linear().encode(rows + r * width, zeros_.data(), form, width, room + r * row_bytes);
  }
  return room;
}

void RecurrentState::run_layer(std::size_t index, std::size_t steps) {
  const RecurrentLayer& layer = model_->layers()[index];
  const std::size_t rows = steps * batch_;
  const std::size_t width = model_->width(), gates_width = model_->gates_width();
  const std::size_t stored_stride = width * model_->linear().input_bytes;
  if (index > 0) {
    const AlignedBuffer<float>& bias = layer.gates_bias();
    const InputForm form = model_->input_form(index);
    const void* inputs = stored(layer_output_, rows, form, stored_inputs_.data());
    for (std::size_t r = 0; r < rows; ++r) {
      std::copy(bias.begin(), bias.end(), gates_.data() + r * gates_width);
    }
    layer.add_inputs(inputs, stored_stride, gates_.data(), rows);
  }
  float* hidden = hidden_[index].data();
  const InputForm form = model_->hidden_form();
  for (std::size_t t = 0; t < steps; ++t) {
    const float* before = hidden + t * batch_ * width;
    const void* inputs = stored(before, batch_, form, stored_hidden_.data());
    layer.advance(inputs, stored_stride, before, gates_.data() + t * batch_ * gates_width,
                  cell_[index].data(), hidden + (t + 1) * batch_ * width, batch_);
  }
  const float* output = hidden + batch_ * width;
  if (model_->shape().residual) {
    for (std::size_t i = 0; i < rows * width; ++i) {
      sums_[i] = index ? sums_[i] + output[i] : output[i];
    }
    output = sums_.data();
  }
  layer_output_ = output;
  std::copy_n(hidden + rows * width, batch_ * width, hidden);
}

// Calls visit(values here, first of them in the arrays of a memory of `batch` streams, their
// number, array) for each layer and stream.
template <typename Visit>
void RecurrentState::visit_memory(std::size_t batch, const Visit& visit) const {
  const std::size_t units = model_->shape().hidden_size, width = model_->width();
  for (std::size_t l = 0; l < hidden_.size(); ++l) {
    for (std::size_t b = 0; b < batch_; ++b) {
      visit(l, b * width, (l * batch + first_stream_ + b) * units, units);
    }
  }
}

void RecurrentState::save(RecurrentMemory& memory, std::size_t batch) const {
  memory.time = time_;
  visit_memory(batch, [&](std::size_t l, std::size_t here, std::size_t there, std::size_t count) {
    std::copy_n(hidden_[l].data() + here, count, memory.hidden.data() + there);
    if (!memory.cell.empty())
      std::copy_n(cell_[l].data() + here, count, memory.cell.data() + there);
  });
  const std::size_t first = first_stream_ * model_->shape().sample_width();
  std::copy(samples_.begin(), samples_.end(), memory.samples.begin() + first);
}

void RecurrentState::restore(const RecurrentMemory& memory, std::size_t batch) {
  time_ = memory.time;
  visit_memory(batch, [&](std::size_t l, std::size_t here, std::size_t there, std::size_t count) {
    std::copy_n(memory.hidden.data() + there, count, hidden_[l].data() + here);
    if (!memory.cell.empty())
      std::copy_n(memory.cell.data() + there, count, cell_[l].data() + here);
  });
  const std::size_t first = first_stream_ * model_->shape().sample_width();
  std::copy_n(memory.samples.begin() + first, samples_.size(), samples_.begin());
}

}  // namespace wavenet
