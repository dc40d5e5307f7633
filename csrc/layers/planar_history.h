// The recent past of a layer's input in planes: the rows of a History, transposed.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/aligned_buffer.h"
#include "layers/packed_linear.h"

namespace wavenet {

// Floats from one plane to the next that hold `columns` and whole panels at the end: an odd number
// of cache lines, so that the planes of a column do not fall on the same few sets of a cache.
inline std::size_t plane_stride(std::size_t columns) {
  constexpr std::size_t kLine = kCacheLine / sizeof(float);
  return ((columns + kPanel + kLine - 1) / kLine | 1) * kLine;
}

// As History, but each channel has a plane of its own. The past is a whole number of panels, so
// that blocks of whole panels stay aligned.
class PlanarHistory {
 public:
  // Keeps `past` columns behind blocks of at most `block` columns; all 0 at first.
  PlanarHistory(std::size_t channels, std::size_t past, std::size_t block)
      : channels_(channels),
        past_(padded(past)),
        end_(past_),
        columns_(past_ + std::max(past_, padded(block))),
        stride_(plane_stride(columns_)) {
    planes_.assign(channels * stride_, 0.0f);
  }

  std::size_t stride() const { return stride_; }

  // Room for `count` new columns in the first plane, count <= block; before it is the past.
  float* append(std::size_t count) {
    if (end_ + count > columns_) {
      for (std::size_t i = 0; i < channels_; ++i) {
        float* plane = planes_.data() + i * stride_;
        std::copy(plane + end_ - past_, plane + end_, plane);
      }
      end_ = past_;
    }
    float* room = planes_.data() + end_;
    end_ += count;
    return room;
  }

 private:
  std::size_t channels_;
  std::size_t past_;
  std::size_t end_;
  std::size_t columns_;
  std::size_t stride_;
  AlignedBuffer<float> planes_;
};

}  // namespace wavenet
