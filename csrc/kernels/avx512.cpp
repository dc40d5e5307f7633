// AVX-512 (F, BW, DQ, VL) kernels.
#if !defined(__AVX512F__) || !defined(__AVX512BW__) || !defined(__AVX512DQ__) || \
    !defined(__AVX512VL__)
#error "compile this file with the AVX-512 flags of CMakeLists.txt"
#endif

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kernels.h"

namespace wavenet {
namespace {

using F = __m512;
using D = __m512d;
constexpr size_t kLanes = 16;
constexpr size_t kBlockPanels = 4;  // 4 x 6 sums + 4 weights + 1 input: 29 of 32 registers
constexpr size_t kBlockColumns = 6;
constexpr size_t kSinglePanels = 8;  // eight chains hide the latency of fused multiply-add

inline F load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, F a) { _mm512_storeu_ps(p, a); }
inline F broadcast(float a) { return _mm512_set1_ps(a); }
inline F multiply_add(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
inline F add(F a, F b) { return _mm512_add_ps(a, b); }
inline F subtract(F a, F b) { return _mm512_sub_ps(a, b); }
inline F multiply(F a, F b) { return _mm512_mul_ps(a, b); }
inline F divide(F a, F b) { return _mm512_div_ps(a, b); }
inline F minimum(F a, F b) { return _mm512_min_ps(a, b); }
inline F maximum(F a, F b) { return _mm512_max_ps(a, b); }
inline F round_to_int(F a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline F power_of_two(F n) {
  const __m512i biased = _mm512_add_epi32(_mm512_cvtps_epi32(n), _mm512_set1_epi32(127));
  return _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23));
}
inline F zero_below(F a, F limit, F value) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, limit, _CMP_GE_OQ), value);
}
inline D square_root(D a) { return _mm512_sqrt_pd(a); }

#include "kernels/body/kernels.inc"

}  // namespace

void fill_avx512(Kernels& kernels) { fill(kernels, "avx512"); }

}  // namespace wavenet
