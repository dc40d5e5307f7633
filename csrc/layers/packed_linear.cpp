#include "layers/packed_linear.h"

namespace wavenet {

PackedLinear::PackedLinear(std::size_t outputs, std::size_t inputs)
    : inputs_(inputs), panels_(outputs / kPanel), weights_(outputs * inputs) {
  require(outputs % kPanel == 0, "packed outputs ", outputs, " are not whole panels");
}

void PackedLinear::set(std::size_t first_output, std::size_t first_input,
                       const MatrixView& weights) {
  require(first_output + weights.rows <= outputs() && first_input + weights.columns <= inputs_,
          "weights do not fit their packed place");
  for (std::size_t r = 0; r < weights.rows; ++r) {
    const std::size_t output = first_output + r;
    float* panel = weights_.data() + output / kPanel * kPanel * inputs_ + output % kPanel;
    for (std::size_t c = 0; c < weights.columns; ++c) {
      panel[(first_input + c) * kPanel] = weights(r, c);
    }
  }
}

}  // namespace wavenet
