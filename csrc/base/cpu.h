// What the processor and the operating system let this process use.
#pragma once

namespace wavenet {

struct CpuFeatures {
  bool avx2 = false;  // AVX2 and FMA
  bool avx2_vnni = false;
  bool avx512 = false;  // AVX-512 F, BW, DQ and VL
  bool avx512_vnni = false;
  bool avx512_bf16 = false;  // with avx512_vnni
  bool avx512_fp16 = false;
  bool amx = false;  // of int8 and bfloat16, with avx512_bf16
  bool neon = false;
  bool neon_dot = false;
};

// Detected once, at the first call. A feature counts only where the operating system saves its
// registers (XGETBV).
const CpuFeatures& cpu_features();

}  // namespace wavenet
