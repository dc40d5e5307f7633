// AVX2 and FMA kernels.
#if !defined(__AVX2__) || !defined(__FMA__)
#error "compile this file with -mavx2 -mfma"
#endif

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kernels.h"

namespace wavenet {
namespace {

using F = __m256;
using D = __m256d;
constexpr size_t kLanes = 8;
constexpr size_t kBlockPanels = 2;  // 4 x 3 sums + 1 weight + 1 input: 14 of 16 registers
constexpr size_t kBlockColumns = 3;
constexpr size_t kSinglePanels = 4;

inline F load(const float* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, F a) { _mm256_storeu_ps(p, a); }
inline F broadcast(float a) { return _mm256_set1_ps(a); }
inline F multiply_add(F a, F b, F c) { return _mm256_fmadd_ps(a, b, c); }
inline F add(F a, F b) { return _mm256_add_ps(a, b); }
inline F subtract(F a, F b) { return _mm256_sub_ps(a, b); }
inline F multiply(F a, F b) { return _mm256_mul_ps(a, b); }
inline F divide(F a, F b) { return _mm256_div_ps(a, b); }
inline F minimum(F a, F b) { return _mm256_min_ps(a, b); }
inline F maximum(F a, F b) { return _mm256_max_ps(a, b); }
inline F round_to_int(F a) {
  return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
inline F power_of_two(F n) {
  const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}
inline F zero_below(F a, F limit, F value) {
  return _mm256_and_ps(_mm256_cmp_ps(a, limit, _CMP_GE_OQ), value);
}
inline D square_root(D a) { return _mm256_sqrt_pd(a); }

#include "kernels/body/kernels.inc"

}  // namespace

void fill_avx2(Kernels& kernels) { fill(kernels, "avx2"); }

}  // namespace wavenet
