// NEON (64-bit Arm) kernels; with the dotprod extension also the integer dot product.
#if !defined(__aarch64__)
#error "this file is for 64-bit Arm"
#endif

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kernels.h"

namespace wavenet {
namespace {

using F = float32x4_t;
using D = float64x2_t;
constexpr size_t kLanes = 4;
constexpr size_t kBlockPanels = 1;  // 4 x 5 sums + 4 weights + 1 input: 25 of 32 registers
constexpr size_t kBlockColumns = 5;
constexpr size_t kSinglePanels = 4;
constexpr size_t kPlanarVectors = 4;  // 4 x 4 sums + 4 inputs + 1 weight: 21 of 32 registers
constexpr size_t kNormColumns = 4;
constexpr size_t kSumRows = 8;
#ifdef __ARM_FEATURE_DOTPROD
constexpr int32_t kStoredShift = 128;  // its dot product is of signed bytes
#else
constexpr int32_t kStoredShift = 0;
#endif

inline F load(const float* p) { return vld1q_f32(p); }
inline void store(float* p, F a) { vst1q_f32(p, a); }
inline F broadcast(float a) { return vdupq_n_f32(a); }
inline F multiply_add(F a, F b, F c) { return vfmaq_f32(c, a, b); }
inline F add(F a, F b) { return vaddq_f32(a, b); }
inline F subtract(F a, F b) { return vsubq_f32(a, b); }
inline F multiply(F a, F b) { return vmulq_f32(a, b); }
inline F divide(F a, F b) { return vdivq_f32(a, b); }
inline F minimum(F a, F b) { return vminq_f32(a, b); }
inline F maximum(F a, F b) { return vmaxq_f32(a, b); }
inline F round_to_int(F a) { return vrndnq_f32(a); }
inline F scaled_by_power(F a, F n) {
  const int32x4_t biased = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
  return multiply(a, vreinterpretq_f32_s32(vshlq_n_s32(biased, 23)));
}
inline F zero_below(F a, F limit, F value) {
  return vreinterpretq_f32_u32(vandq_u32(vcgeq_f32(a, limit), vreinterpretq_u32_f32(value)));
}
inline F exponent(F a) {
  const int32x4_t biased = vshrq_n_s32(vreinterpretq_s32_f32(a), 23);
  return vcvtq_f32_s32(vsubq_s32(biased, vdupq_n_s32(127)));
}
inline F mantissa(F a) {
  const int32x4_t fraction = vandq_s32(vreinterpretq_s32_f32(a), vdupq_n_s32(0x7fffff));
  return vreinterpretq_f32_s32(vorrq_s32(fraction, vdupq_n_s32(0x3f800000)));
}
// out[k] = sum of the lanes of the k-th.
inline void sums_of_lanes(F a, F b, F c, F d, float* out) {
  store(out, vpaddq_f32(vpaddq_f32(a, b), vpaddq_f32(c, d)));
}
inline D multiply_add(D a, D b, D c) { return vfmaq_f64(c, a, b); }
inline D square_root(D a) { return vsqrtq_f64(a); }

using I = int32x4_t;
inline I load_integers(const int32_t* p) { return vld1q_s32(p); }
inline F to_float(I a) { return vcvtq_f32_s32(a); }
inline F low_halves(const char* p) {
  return vreinterpretq_f32_s32(vshlq_n_s32(load_integers(reinterpret_cast<const int32_t*>(p)), 16));
}
inline F high_halves(const char* p) {
  const I upper = vdupq_n_s32(static_cast<int32_t>(0xffff0000));
  return vreinterpretq_f32_s32(
      vandq_s32(load_integers(reinterpret_cast<const int32_t*>(p)), upper));
}
inline I add_integers(I a, I b) { return vaddq_s32(a, b); }
inline void store_low_bytes(F a, char* out) {
  const int16x4_t words = vmovn_s32(vreinterpretq_s32_f32(a));
  const int8x8_t bytes = vmovn_s16(vcombine_s16(words, words));
  vst1_lane_s32(reinterpret_cast<int32_t*>(out), vreinterpret_s32_s8(bytes), 0);
}

#ifdef __ARM_FEATURE_DOTPROD
using Bytes4 = int8x16_t;
inline Bytes4 broadcast_bytes(const char* p) {
  int32_t bytes;
  memcpy(&bytes, p, sizeof bytes);
  return vreinterpretq_s8_s32(vdupq_n_s32(bytes));
}
inline I dot4(I weights, Bytes4 x, I sum) {
  return vdotq_s32(sum, vreinterpretq_s8_s32(weights), x);
}
#else
// Products of 16 bits (at most 255 * 127): the even and the odd bytes of each four.
struct Bytes4 {
  int16x8_t even, odd;
};
inline Bytes4 broadcast_bytes(const char* p) {
  uint32_t bytes;
  memcpy(&bytes, p, sizeof bytes);
  return {vreinterpretq_s16_u32(vdupq_n_u32(bytes & 0xff00ff)),
          vreinterpretq_s16_u32(vdupq_n_u32((bytes >> 8) & 0xff00ff))};
}
inline I dot4(I weights, Bytes4 x, I sum) {
  const int16x8_t pairs = vreinterpretq_s16_s32(weights);
  const int16x8_t even = vshrq_n_s16(vshlq_n_s16(pairs, 8), 8);
  const int16x8_t odd = vshrq_n_s16(pairs, 8);
  sum = vpadalq_s16(sum, vmulq_s16(even, x.even));
  return vpadalq_s16(sum, vmulq_s16(odd, x.odd));
}
#endif

#include "kernels/body/kernels.inc"

}  // namespace

#ifdef __ARM_FEATURE_DOTPROD
void fill_neon_dot(Kernels& kernels) { fill(kernels, "neon-dot"); }
#else
void fill_neon(Kernels& kernels) { fill(kernels, "neon"); }
#endif

}  // namespace wavenet
