// Memory for the intermediate rows of a computation, kept from call to call.
#pragma once

#include <cstddef>
#include <vector>

#include "base/aligned_buffer.h"

namespace wavenet {

class Scratch {
 public:
  // Room for `count` floats, whatever they are; it is another one for each stage. Allocates where a
  // stage never had as many.
  float* room(std::size_t stage, std::size_t count) {
    if (stage >= buffers_.size()) buffers_.resize(stage + 1);
    AlignedBuffer<float>& buffer = buffers_[stage];
    if (buffer.size() < count) buffer.resize(count);
    return buffer.data();
  }

 private:
  std::vector<AlignedBuffer<float>> buffers_;
};

}  // namespace wavenet
