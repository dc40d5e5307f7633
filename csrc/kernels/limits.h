// What this processor can do at best, measured: the roofs under which a model runs.
#pragma once

#include <cstddef>

#include "kernels/kernels.h"

namespace wavenet {

// Products of a weight and an input per second, one thread, operands in registers.
double peak_products(const LinearKernels& kernels);

// Bytes per second that one thread reads from a working set of `bytes`, over and over.
double read_rate(const Kernels& kernels, std::size_t bytes);

// Clock of this core [Hz].
double clock_rate();

// Seconds from one thread's announcement to another's answer and back, halved.
double hand_over_time();

}  // namespace wavenet
