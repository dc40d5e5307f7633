// What the processor and the operating system let this process use.
#pragma once

namespace wavenet {

struct CpuFeatures {
  bool avx2 = false;  // AVX2 and FMA
  bool avx2_vnni = false;
  bool avx512 = false;  // AVX-512 F, BW, DQ and VL
  bool avx512_vnni = false;
  bool avx512_bf16 = false;  // with avx512_vnni
  bool amx = false;          // of int8 and bfloat16, with avx512_bf16; see tiles_granted
  bool neon = false;
  bool neon_dot = false;
};

// Detected once, at the first call. A feature counts only where the operating system saves its
// registers (XGETBV).
const CpuFeatures& cpu_features();

// Whether this process may use the tiles of AMX. Asks Linux for them at the first call, which is to
// be put off until they are wanted: once they are granted, Linux refuses signal stacks
// (sigaltstack) in which they have no room, and it refuses tiles where there is such a stack.
bool tiles_granted();

}  // namespace wavenet
