// One stream on two cores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/counter.h"
#include "engines/wavenet_state.h"

namespace wavenet {

// The first core runs the chain that each sample has to wait for: current taps, gates, residual
// products. The second follows it block by block with the skip products and the past taps of the
// next samples, then computes the head and draws the sample. Each core's weights may fit its caches
// where all together would not. The same sums in the same order: the same bits as on one core.
class WaveNetPipeline {
 public:
  explicit WaveNetPipeline(const WaveNet& model);

  // As WaveNetState::generate, for a state of one stream. False, and nothing done, where the system
  // gives no second thread.
  bool generate(WaveNetState& state, std::size_t steps, const CategoricalOptions& options,
                std::uint64_t seed, std::uint16_t* out);

 private:
  void lead(WaveNetState& state, std::size_t steps);
  void follow(WaveNetState& state, std::size_t steps, const CategoricalOptions& options,
              std::uint64_t seed, std::uint16_t* out);

  std::vector<PackedLinear> residuals_, skips_;  // the parts of the blocks' output layers
  std::vector<AlignedBuffer<char>> gated_;       // of each block
  Counter blocks_done_;                          // by the leader, over all steps
  Counter samples_done_;                         // by the follower
};

}  // namespace wavenet
