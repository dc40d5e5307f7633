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

#include "kernels/body/avx512.inc"
#include "kernels/body/kernels.inc"

#ifdef __AVX512BF16__
// As _mm512_dpbf16_ps; see dot4.
inline F multiply_pairs(I weights, I x, F sum) {
  asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(x), "vm"(weights));
  return sum;
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
