// Weights of several layers in one piece of memory, in the order of their use.
#pragma once

#include <cstddef>
#include <vector>

#include "layers/packed_linear.h"

namespace wavenet {

// Moves the packed weights of `layers` into one piece of memory in large pages: products stream
// through it without gaps.
void place_together(const std::vector<PackedLinear*>& layers);

}  // namespace wavenet
