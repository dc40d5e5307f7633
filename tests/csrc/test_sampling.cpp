// Draws and probabilities, with the kernels of every instruction set.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <numbers>
#include <numeric>

#include "base/random.h"
#include "check.h"
#include "kernels/dispatch.h"
#include "layers/packed_linear.h"
#include "sampling/categorical.h"
#include "sampling/diagonal.h"
#include "sampling/output.h"

namespace wavenet {
namespace {

using Invalid = std::invalid_argument;

template <typename Work>
void for_each_instruction_set(const Work& work) {
  const std::string before = kernels().instruction_set;
  for (const std::string& name : available_instruction_sets()) {
    set_instruction_set(name);
    work(kernels());
  }
  set_instruction_set(before);
}

// Logits of `probabilities`, padded.
std::vector<float> logits_of(const std::vector<float>& probabilities) {
  std::vector<float> logits(padded(probabilities.size()), kNever);
  std::transform(probabilities.begin(), probabilities.end(), logits.begin(),
                 [](float p) { return std::log(p); });
  return logits;
}

// Share of each class among draws at evenly spaced numbers.
std::vector<float> shares(const Kernels& kernels, const std::vector<float>& logits,
                          std::size_t classes, const CategoricalOptions& options) {
  constexpr int kDraws = 20000;
  std::vector<float> found(classes), scratch;
  for (int i = 0; i < kDraws; ++i) {
    const float number = (static_cast<float>(i) + 0.5f) / kDraws;
    const auto code = sample_categorical(kernels, logits.data(), classes, options, number, scratch);
    found.at(code) += 1.0f / kDraws;
  }
  return found;
}

void check_shares(const std::vector<float>& found, const std::vector<float>& expected) {
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK_NEAR(found[i], expected[i], 2e-4f);
}

TEST(classes_are_drawn_by_their_probability) {
  std::vector<float> probabilities(21);  // more than a panel, no multiple of one
  for (std::size_t i = 0; i < 21; ++i) probabilities[i] = static_cast<float>(i) / 210.0f;
  const std::vector<float> logits = logits_of(probabilities);
  for_each_instruction_set([&](const Kernels& kernels) {
    check_shares(shares(kernels, logits, 21, {}), probabilities);
  });
}

TEST(temperature_sharpens) {
  const std::vector<float> logits = logits_of({0.2f, 0.8f});
  for_each_instruction_set([&](const Kernels& kernels) {
    check_shares(shares(kernels, logits, 2, {0.5f}), {0.04f / 0.68f, 0.64f / 0.68f});
    check_shares(shares(kernels, logits, 2, {0.0f}), {0.0f, 1.0f});
    check_shares(shares(kernels, logits, 2, {1e-40f}), {0.0f, 1.0f});
  });
}

TEST(top_k_and_top_p_leave_the_likeliest) {
  const std::vector<float> logits = logits_of({0.1f, 0.4f, 0.2f, 0.3f});
  for_each_instruction_set([&](const Kernels& kernels) {
    const float four = 0.4f / 0.7f, three = 0.3f / 0.7f;
    check_shares(shares(kernels, logits, 4, {1.0f, 2}), {0.0f, four, 0.0f, three});
    check_shares(shares(kernels, logits, 4, {1.0f, 0, 0.65f}), {0.0f, four, 0.0f, three});
    check_shares(shares(kernels, logits, 4, {1.0f, 1}), {0.0f, 1.0f, 0.0f, 0.0f});
  });
  const std::vector<float> ties = logits_of({0.3f, 0.3f, 0.3f, 0.1f});
  check_shares(shares(kernels(), ties, 4, {1.0f, 1}), {1 / 3.0f, 1 / 3.0f, 1 / 3.0f, 0.0f});
}

TEST(some_class_is_drawn_whatever_the_logits) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  for_each_instruction_set([&](const Kernels& kernels) {
    for (const float value : {-1e31f, -kInfinity, kInfinity, kNan, 0.0f}) {
      std::vector<float> logits(kPanel, kNever), scratch;
      std::fill_n(logits.begin(), 4, value);
      for (const float number : {0.0f, 0.5f, 0.99999994f}) {
        CHECK(sample_categorical(kernels, logits.data(), 4, {}, number, scratch) < 4);
      }
    }
  });
}

TEST(options_out_of_range_are_refused) {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK_THROWS(Invalid, "temperature", validate(CategoricalOptions{-1.0f}, 4));
  CHECK_THROWS(Invalid, "temperature", validate(CategoricalOptions{infinity}, 4));
  CHECK_THROWS(Invalid, "top_k must be at most the number of classes, 4, got 5",
               validate(CategoricalOptions{1.0f, 5}, 4));
  CHECK_THROWS(Invalid, "top_p", validate(CategoricalOptions{1.0f, 0, 0.0f}, 4));
  CHECK_THROWS(Invalid, "levels", validate(OutputShape{Distribution::kLogistic, 256}));
  CHECK_THROWS(Invalid, "components",
               validate(OutputShape{Distribution::kLogistic, 65536, 0, true}));
  CHECK_THROWS(Invalid, "logits", validate(OutputShape{Distribution::kGaussian, 65536, 2, false}));
}

TEST(log_probabilities_are_those_of_the_softmax) {
  std::vector<float> scratch;
  const std::vector<float> logits = logits_of({0.1f, 0.2f, 0.7f});
  for_each_instruction_set([&](const Kernels& kernels) {
    CHECK_NEAR(log_probability(kernels, logits.data(), 3, 1, scratch), std::log(0.2f), 1e-6f);
  });
}

// Two components: weights 1/4 and 3/4, means -0.5 and 0.25, scales 0.01 and 0.1.
std::vector<float> mixture(std::size_t width) {
  std::vector<float> outputs{std::log(0.25f), std::log(0.75f), -0.5f, 0.25f, -4.605f, -2.303f};
  outputs.resize(width);
  return outputs;
}

TEST(probabilities_of_all_samples_sum_to_one) {
  std::vector<float> scratch;
  const std::vector<float> outputs = mixture(kPanel);
  for_each_instruction_set([&](const Kernels& kernels) {
    for (const auto distribution : {Distribution::kLogistic, Distribution::kGaussian}) {
      const OutputShape shape{distribution, 65536, 2, true};
      double sum = 0.0;
      for (std::uint32_t code = 0; code < 65536; ++code) {
        sum += std::exp(
            static_cast<double>(log_probability(kernels, shape, outputs.data(), code, scratch)));
      }
      CHECK_NEAR(sum, 1.0, 1e-4);
    }
  });
}

TEST(continuous_samples_have_the_mean_and_the_spread) {
  std::vector<float> scratch;
  std::vector<float> outputs{0.25f, std::log(0.05f)};
  outputs.resize(kPanel);
  const auto pi = std::numbers::pi;
  for (const auto& [distribution, variance] :
       {std::pair{Distribution::kLogistic, pi * pi / 3.0}, {Distribution::kGaussian, 1.0}}) {
    const OutputShape shape{distribution, 65536, 1, false};
    double sum = 0.0, squares = 0.0;
    constexpr int kDraws = 20000;
    for (int i = 0; i < kDraws; ++i) {
      const auto code = sample(kernels(), shape, outputs.data(), {},
                               uniform(1, 0, static_cast<std::uint64_t>(i)), scratch);
      const double value = code / 32768.0 - 1.0 - 0.25;
      sum += value;
      squares += value * value;
    }
    CHECK_NEAR(sum / kDraws, 0.0, 0.002);
    CHECK_NEAR(squares / kDraws / (variance * 0.0025), 1.0, 0.05);
    CHECK_EQUAL(sample(kernels(), shape, outputs.data(), {0.0f}, {}, scratch), 40960u);
  }
}

TEST(samples_beyond_full_scale_are_the_outermost_codes) {
  std::vector<float> scratch;
  const OutputShape shape{Distribution::kGaussian, 65536, 1, false};
  for (const auto& [mean, code] : {std::pair{9.0f, 65535u}, {-9.0f, 0u}}) {
    std::vector<float> outputs{mean, -5.0f};
    outputs.resize(kPanel);
    CHECK_EQUAL(sample(kernels(), shape, outputs.data(), {}, uniform(0, 0, 0), scratch), code);
    CHECK_NEAR(log_probability(kernels(), shape, outputs.data(), code, scratch), 0.0f, 1e-5f);
  }
}

// Of one dimension; for Student-t the degrees of freedom are 2 + softplus(1).
std::vector<float> parameters_of(const DiagonalShape& shape) {
  std::vector<float> parameters(shape.logits());
  for (std::size_t k = 0; k < shape.components; ++k) {
    parameters.insert(parameters.end(), {static_cast<float>(k), -0.5f});
    if (shape.family == DiagonalFamily::kStudentT) parameters.push_back(1.0f);
  }
  return parameters;
}

TEST(densities_integrate_to_one) {
  for (const auto family :
       {DiagonalFamily::kGaussian, DiagonalFamily::kLogistic, DiagonalFamily::kStudentT}) {
    for (const std::size_t components : {1, 3}) {
      const DiagonalShape shape{family, 1, components};
      const std::vector<float> parameters = parameters_of(shape);
      double sum = 0.0;
      for (float x = -60.0f; x < 60.0f; x += 0.01f) {
        sum += 0.01 * std::exp(log_density_diagonal(shape, parameters.data(), &x));
      }
      CHECK_NEAR(sum, 1.0, 1e-3);
    }
  }
}

TEST(draws_of_vectors_have_the_median_and_repeat) {
  for (const auto family :
       {DiagonalFamily::kGaussian, DiagonalFamily::kLogistic, DiagonalFamily::kStudentT}) {
    const DiagonalShape shape{family, 1, 1};
    std::vector<float> parameters = parameters_of(shape);
    parameters[0] = 2.0f;
    int above = 0;
    for (std::uint64_t time = 0; time < 4000; ++time) {
      float value, again;
      sample_diagonal(shape, parameters.data(), 1.0f, {7, 3, time}, &value);
      sample_diagonal(shape, parameters.data(), 1.0f, {7, 3, time}, &again);
      CHECK_EQUAL(value, again);
      above += value > 2.0f;
    }
    CHECK_NEAR(above, 2000, 130);  // four standard deviations
    float middle;
    sample_diagonal(shape, parameters.data(), 0.0f, {7, 3, 0}, &middle);
    CHECK_EQUAL(middle, 2.0f);
  }
}

TEST(components_are_drawn_by_their_logits) {
  const DiagonalShape shape{DiagonalFamily::kGaussian, 1, 2};
  const std::vector<float> parameters{std::log(0.2f), std::log(0.8f), -9.0f, -3.0f, 9.0f, -3.0f};
  int first = 0;
  for (std::uint64_t time = 0; time < 4000; ++time) {
    float value;
    sample_diagonal(shape, parameters.data(), 1.0f, {0, 0, time}, &value);
    first += value < 0.0f;
  }
  CHECK_NEAR(first, 800, 105);
}

}  // namespace
}  // namespace wavenet
