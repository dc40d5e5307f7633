// Choice of the instruction set, once per process.
#pragma once

#include <string>
#include <vector>

#include "kernels/kernels.h"

namespace wavenet {

// Names of the instruction sets that this build has and this processor runs, slowest first. The
// system is asked for tiles (see tiles_granted) unless WAVENET_ISA names other kernels.
std::vector<std::string> available_instruction_sets();

// Whether the kernels of tiles would be in use if the system granted them.
bool tiles_refused();

// The kernels in use: the fastest available, or what the environment variable WAVENET_ISA names.
// Throws std::invalid_argument if that one is unknown or unavailable.
const Kernels& kernels();

// Uses another instruction set from now on (tests and benchmarks; models built before keep theirs).
// "amx-emulated" is for tests alone: where there is AVX-512, the kernels of AMX with tiles in C++.
void set_instruction_set(const std::string& name);

}  // namespace wavenet
