// NEON (64-bit Arm) kernels.
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
inline F power_of_two(F n) {
  const int32x4_t biased = vaddq_s32(vcvtq_s32_f32(n), vdupq_n_s32(127));
  return vreinterpretq_f32_s32(vshlq_n_s32(biased, 23));
}
inline F zero_below(F a, F limit, F value) {
  return vreinterpretq_f32_u32(vandq_u32(vcgeq_f32(a, limit), vreinterpretq_u32_f32(value)));
}
inline D square_root(D a) { return vsqrtq_f64(a); }

#include "kernels/body/kernels.inc"

}  // namespace

void fill_neon(Kernels& kernels) { fill(kernels, "neon"); }

}  // namespace wavenet
