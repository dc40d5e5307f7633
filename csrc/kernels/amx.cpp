// The AVX-512 kernels with tiles (AMX) for many columns; without -mamx-int8 and -mamx-bf16 the
// tiles are emulated, so that processors without AMX can test all but the instructions themselves.
#ifndef __AVX512F__
#error "compile this file with the flags of CMakeLists.txt"
#endif

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kernels.h"

namespace wavenet {
namespace {

#include "kernels/body/avx512.inc"

constexpr size_t kVectorsPerPanel = 1;

inline F low_half(I a) { return _mm512_castsi512_ps(_mm512_slli_epi32(a, 16)); }
inline F high_half(I a) {
  return _mm512_castsi512_ps(
      _mm512_and_si512(a, _mm512_set1_epi32(static_cast<int32_t>(0xffff0000))));
}

#if defined(__AMX_INT8__) && defined(__AMX_BF16__)
#include "kernels/body/tile_registers.inc"
#else
#include "kernels/body/tile_emulation.inc"
#endif

#pragma GCC diagnostic ignored "-Wunused-function"  // all but dense layers is that of AVX-512
#include "kernels/body/activations.inc"
#include "kernels/body/linear.inc"
#include "kernels/body/tiles.inc"

}  // namespace

#ifdef __AMX_INT8__
void fill_amx(Kernels& kernels) {
  fill_avx512_bf16(kernels);
  fill_tiles(kernels, "amx");
}
#else
void fill_amx_emulated(Kernels& kernels) {
  fill_avx512(kernels);
  fill_tiles(kernels, "amx-emulated");
}
#endif

}  // namespace wavenet
