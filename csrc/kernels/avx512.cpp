// AVX-512 (F, BW, DQ, VL) kernels; with -mavx512vnni and -mavx512bf16 also the dot products of
// integers and of bfloat16.
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
constexpr size_t kSinglePanels = kMostGroupPanels;
constexpr size_t kPlanarVectors = 4;  // 4 x 4 sums + 4 inputs + 1 weight: 21 of 32 registers
constexpr size_t kNormColumns = 16;
constexpr size_t kSumRows = 8;
constexpr int32_t kStoredShift = 0;

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
inline F scaled_by_power(F a, F n) { return _mm512_scalef_ps(a, n); }
inline F zero_below(F a, F limit, F value) {
  return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a, limit, _CMP_GE_OQ), value);
}
inline F exponent(F a) { return _mm512_getexp_ps(a); }
inline F mantissa(F a) { return _mm512_getmant_ps(a, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src); }
// out[k] = sum of the lanes of the k-th.
inline void sums_of_lanes(F a, F b, F c, F d, float* out) {
  const F ab = add(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
  const F cd = add(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
  const F abcd = add(_mm512_shuffle_ps(ab, cd, 0x44), _mm512_shuffle_ps(ab, cd, 0xee));
  const __m256 half = _mm256_add_ps(_mm512_castps512_ps256(abcd), _mm512_extractf32x8_ps(abcd, 1));
  _mm_storeu_ps(out, _mm_add_ps(_mm256_castps256_ps128(half), _mm256_extractf128_ps(half, 1)));
}
inline D multiply_add(D a, D b, D c) { return _mm512_fmadd_pd(a, b, c); }
inline D square_root(D a) { return _mm512_sqrt_pd(a); }

using I = __m512i;
inline I load_integers(const int32_t* p) { return _mm512_loadu_si512(p); }
inline I broadcast_integer(const char* p) {
  int32_t value;
  memcpy(&value, p, sizeof value);
  return _mm512_set1_epi32(value);
}
inline F to_float(I a) { return _mm512_cvtepi32_ps(a); }
inline F low_halves(const char* p) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_loadu_si512(p), 16));
}
inline F high_halves(const char* p) {
  const I upper = _mm512_set1_epi32(static_cast<int32_t>(0xffff0000));
  return _mm512_castsi512_ps(_mm512_and_si512(_mm512_loadu_si512(p), upper));
}
inline I add_integers(I a, I b) { return _mm512_add_epi32(a, b); }
inline void store_low_bytes(F a, char* out) {
  const __m128i bytes = _mm512_cvtepi32_epi8(_mm512_castps_si512(a));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
}

#ifdef __AVX512VNNI__
using Bytes4 = I;
inline Bytes4 broadcast_bytes(const char* p) { return broadcast_integer(p); }
// As _mm512_dpbusd_epi32, for which GCC 12 copies every sum to the stack (twice the time).
inline I dot4(I weights, Bytes4 x, I sum) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(x), "vm"(weights));
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
  return {_mm512_set1_epi32(static_cast<int32_t>(bytes & 0xff00ff)),
          _mm512_set1_epi32(static_cast<int32_t>((bytes >> 8) & 0xff00ff))};
}
inline I dot4(I weights, Bytes4 x, I sum) {
  const I even = _mm512_srai_epi16(_mm512_slli_epi16(weights, 8), 8);
  const I odd = _mm512_srai_epi16(weights, 8);
  sum = _mm512_add_epi32(sum, _mm512_madd_epi16(even, x.even));
  return _mm512_add_epi32(sum, _mm512_madd_epi16(odd, x.odd));
}
#endif

#include "kernels/body/kernels.inc"

#ifdef __AVX512BF16__
// As _mm512_dpbf16_ps; see dot4.
inline F multiply_pairs(I weights, I x, F sum) {
  asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(x), "vm"(weights));
  return sum;
}
inline void store_halves(F a, char* out) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), (__m256i)_mm512_cvtneps_pbh(a));
}

#include "kernels/body/pairs.inc"
#endif

}  // namespace

#if defined(__AVX512BF16__)
void fill_avx512_bf16(Kernels& kernels) {
  fill(kernels, "avx512-bf16");
  fill_linear<BFloat16Pairs>(kernels.bf16);
}
#elif defined(__AVX512VNNI__)
void fill_avx512_vnni(Kernels& kernels) { fill(kernels, "avx512-vnni"); }
#else
void fill_avx512(Kernels& kernels) { fill(kernels, "avx512"); }
#endif

}  // namespace wavenet
