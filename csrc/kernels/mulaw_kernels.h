// Mu-law codes of numbers, and back.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace wavenet {

// Cells that sort numbers into mu-law codes by their bits; see body/mulaw.inc.
template <typename Bits>
struct MulawCells {
  const Bits* entries;  // `count` for positive numbers, then `count` for negative ones
  Bits count;
  int low_bits;      // bits of a number below those that choose its cell
  Bits first;        // bits of the smallest magnitude with a cell of its own
  Bits one;          // bits of 1.0
  Bits infinity;     // bits of infinity
  Bits code_mask;    // number of codes - 1
  float first_edge;  // what to add to (s + 1) / 2 * mu for codes to be its whole part
};

// Encoders return false where a number is NaN (its code is then arbitrary but in range).
struct MulawKernels {
  bool (*encode_float_8)(const float*, size_t, const MulawCells<uint32_t>&, uint8_t*);
  bool (*encode_float_16)(const float*, size_t, const MulawCells<uint32_t>&, uint16_t*);
  bool (*encode_double_8)(const double*, size_t, const MulawCells<uint64_t>&, uint8_t*);
  bool (*encode_double_16)(const double*, size_t, const MulawCells<uint64_t>&, uint16_t*);
  // values[i] = table[indices[i]]
  void (*look_up_8_float)(const uint8_t*, size_t, const float* table, float*);
  void (*look_up_16_float)(const uint16_t*, size_t, const float* table, float*);
  void (*look_up_8_double)(const uint8_t*, size_t, const double* table, double*);
  void (*look_up_16_double)(const uint16_t*, size_t, const double* table, double*);
};

}  // namespace wavenet
