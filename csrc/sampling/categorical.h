// Drawing a class from logits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "kernels/kernels.h"

namespace wavenet {

// Logit of the classes that only fill up the last panel: no draw takes them, whatever the others.
inline constexpr float kNever = -std::numeric_limits<float>::infinity();

struct CategoricalOptions {
  float temperature = 1.0f;  // >= 0; 0: the most likely class
  std::size_t top_k = 0;     // only the k most likely classes; 0: all
  float top_p = 1.0f;        // only the fewest classes whose probabilities sum to at least top_p
};

// Throws std::invalid_argument if an option is out of range.
void validate(const CategoricalOptions& options, std::size_t classes);

// Draws by inversion of the cumulative distribution at `uniform` in [0, 1).
// `logits` has padded(classes) values, kNever behind the classes; `scratch` is resized as needed.
std::uint32_t sample_categorical(const Kernels& kernels, const float* logits, std::size_t classes,
                                 const CategoricalOptions& options, float uniform,
                                 std::vector<float>& scratch);

// log softmax(logits)[code] [nats].
float log_probability(const Kernels& kernels, const float* logits, std::size_t classes,
                      std::uint32_t code, std::vector<float>& scratch);

}  // namespace wavenet
