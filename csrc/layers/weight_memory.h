// Weights of several layers in one piece of memory, in the order of their use.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "layers/packed_linear.h"

namespace wavenet {

// Moves the packed weights of `layers` into one piece of memory in 2 MiB pages where the system has
// them: products stream through it without gaps, and one page entry serves what took hundreds.
void place_together(const std::vector<PackedLinear*>& layers);

}  // namespace wavenet
