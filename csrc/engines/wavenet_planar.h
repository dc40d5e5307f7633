// Networks of few channels over many columns. Where the lanes of the vectors are channels, few
// channels leave most of them empty; here they are columns, and a block of the network runs in one
// pass, from its input to its outputs (kernels/body/planar.inc). The sums have the same order, so
// the bits are those of the rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engines/wavenet_shape.h"
#include "layers/history.h"
#include "layers/planar_history.h"

namespace wavenet {

inline constexpr std::size_t kPlanarColumns = 192;  // of a pass: its planes stay in L1 or near

// The weights of the blocks, packed for planes.
class PlanarBlocks {
 public:
  PlanarBlocks() = default;
  PlanarBlocks(const WaveNetShape& shape, const Tensors& tensors);

  // Whether planes are faster for such a network, in float32.
  static bool suit(const WaveNetShape& shape);

  bool empty() const { return blocks_.empty(); }
  std::size_t size() const { return blocks_.size(); }
  // The block with its `bias` and the delay of streams that take turns.
  PlanarBlock block(std::size_t index, const float* bias, std::size_t batch) const;

 private:
  struct Weights {
    AlignedBuffer<float> taps, out;
    PlanarBlock view{};  // whose pointers are set when it is asked for
  };
  std::vector<Weights> blocks_;
};

class WaveNet;

// What streams remember while they run in planes.
class WaveNetPlanes {
 public:
  WaveNetPlanes() = default;
  // For passes of at most `columns` columns; none where the model has no planar blocks.
  WaveNetPlanes(const WaveNet& model, std::size_t batch, std::size_t columns);

  // Whether a pass should run in planes.
  bool take(std::size_t columns) const;

  // Runs all blocks. `start`: bias and conditioning of all blocks; `histories`: the past, where the
  // last pass was not in planes; `inputs`: [step][stream], and `recent`, [stream][tap], those that
  // the first convolution saw last. The skip sums go to rows as WaveNetState has them, unless
  // `skips` is null.
  void run(const WaveNet& model, const float* start, std::vector<History>& histories,
           const std::int32_t* inputs, std::size_t columns, std::int32_t* recent, float* skips);

  // Brings the past back to rows, if it is not there.
  void leave(std::vector<History>& histories);

 private:
  void enter(const std::vector<History>& histories);
  void embed(const WaveNet& model, const std::int32_t* inputs, std::size_t columns,
             std::int32_t* recent);

  std::size_t batch_ = 0;
  std::size_t residual_ = 0;  // channels
  std::size_t width_ = 0;     // of a row of residual channels
  bool current_ = false;      // the past is in planes
  std::vector<PlanarHistory> histories_;
  std::vector<std::int32_t> codes_;  // of a pass, after those that its first columns look back to
  std::size_t stride_ = 0;
  AlignedBuffer<float> carry_;  // planes of residual, then of skip channels
};

}  // namespace wavenet
