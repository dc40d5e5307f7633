// Histories, packed products and recurrent layers, with the kernels of every instruction set.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>

#include "base/random.h"
#include "check.h"
#include "kernels/dispatch.h"
#include "layers/history.h"
#include "layers/packed_linear.h"
#include "layers/planar_history.h"
#include "layers/recurrent_layer.h"
#include "layers/weight_memory.h"

namespace wavenet {
namespace {

using Invalid = std::invalid_argument;

std::vector<float> noise(std::size_t count, std::uint64_t seed) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = uniform(seed, 0, i)[0] - 0.5f;
  return values;
}

MatrixView matrix(const std::vector<float>& values, std::size_t rows, std::size_t columns) {
  return {values.data(), rows, columns, columns, 1};
}

LayerWeights layer_weights(const std::vector<float>& values, std::size_t outputs,
                           std::size_t inputs) {
  LayerWeights weights(padded(outputs), inputs);
  weights.set(0, 0, matrix(values, outputs, inputs));
  return weights;
}

template <typename Work>
void for_each_instruction_set(const Work& work) {
  const std::string before = kernels().instruction_set;
  for (const std::string& name : available_instruction_sets()) {
    set_instruction_set(name);
    work(kernels());
  }
  set_instruction_set(before);
}

TEST(a_history_holds_the_past_before_what_is_new) {
  for (const std::size_t past : {0, 1, 5}) {
    for (const std::size_t block : {1, 3, 8}) {
      History history(past, 1, block, 'z');
      std::string all(past, 'z');
      char letter = 'a';
      for (std::size_t step = 0; step < 40; ++step) {
        const std::size_t count = 1 + step % block;
        char* const room = history.append(count);
        for (std::size_t i = 0; i < count; ++i) all += room[i] = letter++ % 26 + 'a';
        const std::string seen(room - past, past + count);
        CHECK_EQUAL(seen, all.substr(all.size() - past - count));
        CHECK(history.last(count) == room);
      }
    }
  }
}

TEST(planes_hold_the_past_of_each_channel) {
  constexpr std::size_t kChannels = 3, kPast = 5, kBlock = 20;
  PlanarHistory history(kChannels, kPast, kBlock);
  CHECK(history.stride() / kPanel % 2 == 1);
  std::vector<float> all(padded(kPast), 0.0f);  // of the first channel; the others count on from it
  for (std::size_t step = 0; step < 30; ++step) {
    const std::size_t count = 1 + step * 7 % kBlock;
    float* const room = history.append(count);
    for (std::size_t i = 0; i < count; ++i) {
      all.push_back(static_cast<float>(all.size()));
      for (std::size_t c = 0; c < kChannels; ++c) {
        room[c * history.stride() + i] = all.back() + static_cast<float>(c);
      }
    }
    for (std::size_t c = 0; c < kChannels; ++c) {
      for (std::size_t i = 1; i <= kPast + count; ++i) {
        const float value = all[all.size() - i];
        const float expected = value == 0.0f ? 0.0f : value + static_cast<float>(c);
        CHECK_EQUAL(room[c * history.stride() + count - i], expected);
      }
    }
  }
}

TEST(weights_that_do_not_fit_are_refused) {
  const std::vector<float> values(64);
  CHECK_THROWS(Invalid, "not whole panels", LayerWeights(kPanel + 1, 4));
  LayerWeights weights(kPanel, 4);
  CHECK_THROWS(Invalid, "do not fit", weights.set(1, 0, matrix(values, kPanel, 4)));
  CHECK_THROWS(Invalid, "do not fit", weights.set(0, 1, matrix(values, kPanel, 4)));
  const std::vector<float> huge(kPanel, 3.4e38f);
  CHECK_THROWS(Invalid, "beyond bfloat16",
               PackedLinear(kernels().bf16, layer_weights(huge, kPanel, 1)));
}

struct Product {
  std::vector<float> weights, x, start, range;
  std::size_t outputs, inputs, columns;

  Product(std::size_t outputs, std::size_t inputs, std::size_t columns)
      : weights(noise(outputs * inputs, 1)),
        x(noise(columns * padded(inputs), 2)),
        start(noise(columns * padded(outputs), 3)),
        range(padded(inputs), 250.0f),
        outputs(outputs),
        inputs(inputs),
        columns(columns) {}

  // Rows of padded(outputs), `at_once` columns in one call.
  std::vector<float> run(const LinearKernels& kernels, const PackedLinear& layer,
                         std::size_t at_once) const {
    const std::size_t row_bytes = padded(inputs) * kernels.input_bytes;
    const std::vector<float> zeros(padded(inputs));
    AlignedBuffer<char> stored(columns * row_bytes);
    for (std::size_t c = 0; c < columns; ++c) {
      kernels.encode(x.data() + c * padded(inputs), zeros.data(), {range.data()}, padded(inputs),
                     stored.data() + c * row_bytes);
    }
    std::vector<float> y(start.size());
    for (std::size_t c = 0; c < columns; c += at_once) {
      layer.apply(stored.data() + c * row_bytes, row_bytes, start.data() + c * padded(outputs),
                  padded(outputs), y.data() + c * padded(outputs), padded(outputs),
                  std::min(at_once, columns - c));
    }
    return y;
  }

  double expected(std::size_t c, std::size_t o) const {
    double sum = start[c * padded(outputs) + o];
    for (std::size_t i = 0; i < inputs; ++i) {
      sum += static_cast<double>(weights[o * inputs + i]) * x[c * padded(inputs) + i];
    }
    return sum;
  }
};

TEST(products_are_those_of_matrices_for_any_split_into_columns) {
  for_each_instruction_set([](const Kernels& kernels) {
    for (const auto precision : {Precision::kFloat32, Precision::kBFloat16, Precision::kInt8}) {
      const LinearKernels& linear = linear_kernels(kernels, precision);
      const double tolerance = precision == Precision::kFloat32 ? 1e-5 : 0.03;
      for (const auto& [outputs, inputs] :
           {std::pair<std::size_t, std::size_t>{16, 16}, {5, 33}, {100, 64}, {400, 48}}) {
        const Product product(outputs, inputs, 37);
        const PackedLinear layer(linear, layer_weights(product.weights, outputs, inputs),
                                 {product.range.data()});
        const std::vector<float> y = product.run(linear, layer, 37);
        for (const std::size_t at_once : {1, 2, 16, 20}) {
          const std::vector<float> split = product.run(linear, layer, at_once);
          CHECK(std::memcmp(split.data(), y.data(), y.size() * sizeof y[0]) == 0);
        }
        double worst = 0.0;
        for (std::size_t c = 0; c < product.columns; ++c) {
          for (std::size_t o = 0; o < outputs; ++o) {
            worst = std::max(worst, std::abs(y[c * padded(outputs) + o] - product.expected(c, o)));
          }
        }
        CHECK_NEAR(worst, 0.0, tolerance);
      }
    }
  });
}

TEST(weights_in_one_place_give_the_same_bits) {
  const Product product(64, 48, 8);
  const LinearKernels& linear = kernels().float32;
  PackedLinear first(linear, layer_weights(product.weights, 64, 48));
  PackedLinear second = first;
  const std::vector<float> y = product.run(linear, first, 8);
  place_together({&first, &second});
  CHECK(static_cast<const char*>(first.view().cells) + first.bytes() == second.view().cells);
  CHECK(product.run(linear, first, 8) == y);
  CHECK(product.run(linear, second, 8) == y);
}

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

constexpr std::size_t kUnits = 20, kInputs = 7;

struct Recurrence {
  Cell cell;
  std::size_t gates = cell == Cell::kRnn ? 1 : cell == Cell::kGru ? 3 : 4;
  std::vector<float> input = noise(gates * kUnits * kInputs, 4);
  std::vector<float> recurrent = noise(gates * kUnits * kUnits, 5);
  std::vector<float> input_bias = noise(gates * kUnits, 6);
  std::vector<float> recurrent_bias = noise(gates * kUnits, 7);
  std::vector<float> peepholes = noise(3 * kUnits, 8);
  std::vector<float> x = noise(padded(kInputs), 9);
  std::vector<float> before = noise(padded(kUnits), 10);
  std::vector<float> memory = noise(padded(kUnits), 11);

  double row(std::size_t g, std::size_t u, bool with_hidden = true, bool with_input = true) const {
    const std::size_t r = g * kUnits + u;
    double sum = with_input ? input_bias[r] : 0.0;
    if (with_input) {
      for (std::size_t i = 0; i < kInputs; ++i) sum += input[r * kInputs + i] * x[i];
    }
    if (with_hidden) {
      sum += recurrent_bias[r];
      for (std::size_t i = 0; i < kUnits; ++i) sum += recurrent[r * kUnits + i] * before[i];
    }
    return sum;
  }

  // The hidden value of torch's formulas; an LSTM's memory too.
  std::pair<double, double> expected(std::size_t u) const {
    if (cell == Cell::kRnn) return {0.5 * std::tanh(row(0, u)) + 0.5 * before[u], 0.0};
    if (cell == Cell::kGru) {
      const double candidate =
          std::tanh(row(2, u, false) + sigmoid(row(0, u)) * row(2, u, true, false));
      const double update = sigmoid(row(1, u));
      return {(1.0 - update) * candidate + update * before[u], 0.0};
    }
    const bool peeps = cell == Cell::kPeepholeLstm;
    const auto peep = [&](std::size_t g, double c) {
      return peeps ? peepholes[g * kUnits + u] * c : 0;
    };
    const double c = sigmoid(row(1, u) + peep(1, memory[u])) * memory[u] +
                     sigmoid(row(0, u) + peep(0, memory[u])) * std::tanh(row(2, u));
    return {sigmoid(row(3, u) + peep(2, c)) * std::tanh(c), c};
  }
};

TEST(recurrent_steps_follow_the_formulas) {
  for_each_instruction_set([](const Kernels& kernels) {
    for (const Cell cell : {Cell::kRnn, Cell::kLstm, Cell::kPeepholeLstm, Cell::kGru}) {
      const Recurrence r{cell};
      const std::size_t rows = r.gates * kUnits;
      const RecurrentLayer layer(
          kernels.recurrent, kernels.float32, kernels.float32, cell,
          {matrix(r.input, rows, kInputs), matrix(r.recurrent, rows, kUnits), r.input_bias.data(),
           r.recurrent_bias.data(), r.peepholes.data(), 0.5f},
          {nullptr}, {nullptr});
      AlignedBuffer<float> gates = layer.gates_bias();
      gates.resize(gates.size() + kPanel);
      std::vector<float> memory = r.memory, hidden(padded(kUnits));
      layer.add_inputs(r.x.data(), 0, gates.data(), 1);
      layer.advance(r.before.data(), 0, r.before.data(), gates.data(), memory.data(), hidden.data(),
                    1);
      for (std::size_t u = 0; u < kUnits; ++u) {
        CHECK_NEAR(hidden[u], r.expected(u).first, 2e-6);
        if (cell == Cell::kLstm) CHECK_NEAR(memory[u], r.expected(u).second, 2e-6);
      }
    }
  });
}

}  // namespace
}  // namespace wavenet
