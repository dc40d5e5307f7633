// AVX2 and FMA kernels; with -mavxvnni also the integer dot product.
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
constexpr size_t kPlanarVectors = 3;  // 4 x 3 sums + 3 inputs + 1 weight: 16 registers
constexpr size_t kNormColumns = 4;
constexpr size_t kSumRows = 4;
constexpr int32_t kStoredShift = 0;

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
inline F scaled_by_power(F a, F n) {
  const __m256i biased = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return multiply(a, _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23)));
}
inline F zero_below(F a, F limit, F value) {
  return _mm256_and_ps(_mm256_cmp_ps(a, limit, _CMP_GE_OQ), value);
}
inline F exponent(F a) {
  const __m256i biased = _mm256_srli_epi32(_mm256_castps_si256(a), 23);
  return _mm256_cvtepi32_ps(_mm256_sub_epi32(biased, _mm256_set1_epi32(127)));
}
inline F mantissa(F a) {
  const __m256i fraction = _mm256_and_si256(_mm256_castps_si256(a), _mm256_set1_epi32(0x7fffff));
  return _mm256_castsi256_ps(_mm256_or_si256(fraction, _mm256_set1_epi32(0x3f800000)));
}
// out[k] = sum of the lanes of the k-th.
inline void sums_of_lanes(F a, F b, F c, F d, float* out) {
  const F halves = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(halves), _mm256_extractf128_ps(halves, 1)));
}
inline D multiply_add(D a, D b, D c) { return _mm256_fmadd_pd(a, b, c); }
inline D square_root(D a) { return _mm256_sqrt_pd(a); }

using I = __m256i;
inline I load_any(const void* p) { return _mm256_loadu_si256(static_cast<const I*>(p)); }
inline I load_integers(const int32_t* p) { return load_any(p); }
inline F to_float(I a) { return _mm256_cvtepi32_ps(a); }
inline F low_halves(const char* p) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(load_any(p), 16));
}
inline F high_halves(const char* p) {
  const I upper = _mm256_set1_epi32(static_cast<int32_t>(0xffff0000));
  return _mm256_castsi256_ps(_mm256_and_si256(load_any(p), upper));
}
inline I add_integers(I a, I b) { return _mm256_add_epi32(a, b); }
inline void store_low_bytes(F a, char* out) {
  const I lowest = _mm256_set1_epi64x(0x0c080400);  // the lowest byte of each 32 bits
  const I bytes = _mm256_shuffle_epi8(_mm256_castps_si256(a), lowest);
  const int32_t halves[2] = {_mm256_extract_epi32(bytes, 0), _mm256_extract_epi32(bytes, 4)};
  memcpy(out, halves, sizeof halves);
}

#ifdef __AVXVNNI__
using Bytes4 = I;
inline Bytes4 broadcast_bytes(const char* p) {
  int32_t bytes;
  memcpy(&bytes, p, sizeof bytes);
  return _mm256_set1_epi32(bytes);
}
// As _mm256_dpbusd_avx_epi32, for which GCC 12 copies every sum to the stack.
inline I dot4(I weights, Bytes4 x, I sum) {
  asm("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(x), "xm"(weights));
  return sum;
}
#else
// Products of 16 bits: the even and the odd bytes of each four.
struct Bytes4 {
  I even, odd;
};
inline Bytes4 broadcast_bytes(const char* p) {
  uint32_t bytes;
  memcpy(&bytes, p, sizeof bytes);
  return {_mm256_set1_epi32(static_cast<int32_t>(bytes & 0xff00ff)),
          _mm256_set1_epi32(static_cast<int32_t>((bytes >> 8) & 0xff00ff))};
}
inline I dot4(I weights, Bytes4 x, I sum) {
  const I even = _mm256_srai_epi16(_mm256_slli_epi16(weights, 8), 8);
  const I odd = _mm256_srai_epi16(weights, 8);
  sum = _mm256_add_epi32(sum, _mm256_madd_epi16(even, x.even));
  return _mm256_add_epi32(sum, _mm256_madd_epi16(odd, x.odd));
}
#endif

#include "kernels/body/kernels.inc"

}  // namespace

#ifdef __AVXVNNI__
void fill_avx2_vnni(Kernels& kernels) { fill(kernels, "avx2-vnni"); }
#else
void fill_avx2(Kernels& kernels) { fill(kernels, "avx2"); }
#endif

}  // namespace wavenet
