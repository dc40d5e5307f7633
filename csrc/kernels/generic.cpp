// Kernels in portable C++: vectors of four floats that any compiler maps to what the target has.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kernels.h"

namespace wavenet {
namespace {

constexpr size_t kLanes = 4;
constexpr size_t kBlockPanels = 1;
constexpr size_t kBlockColumns = 2;
constexpr size_t kSinglePanels = 2;
constexpr size_t kPlanarVectors = 2;
constexpr size_t kNormColumns = 4;
constexpr size_t kSumRows = 4;
constexpr int32_t kStoredShift = 0;

typedef float F __attribute__((vector_size(16)));
typedef double D __attribute__((vector_size(16)));
typedef int32_t I __attribute__((vector_size(16)));

inline F load(const float* p) {
  F a;
  memcpy(&a, p, sizeof a);
  return a;
}
inline void store(float* p, F a) { memcpy(p, &a, sizeof a); }
inline F broadcast(float a) { return F{a, a, a, a}; }
inline F multiply_add(F a, F b, F c) { return a * b + c; }
inline F add(F a, F b) { return a + b; }
inline F subtract(F a, F b) { return a - b; }
inline F multiply(F a, F b) { return a * b; }
inline F divide(F a, F b) { return a / b; }
inline F minimum(F a, F b) { return a < b ? a : b; }
inline F maximum(F a, F b) { return a > b ? a : b; }
// Adding and taking away 1.5 * 2^23 rounds |a| < 2^22 to the nearest integer, ties to even.
inline F round_to_int(F a) { return (a + 12582912.0f) - 12582912.0f; }
inline F scaled_by_power(F a, F n) {
  const I biased = __builtin_convertvector(n, I) + 127;
  const I bits = biased << 23;
  F power;
  memcpy(&power, &bits, sizeof power);
  return a * power;
}
inline F zero_below(F a, F limit, F value) { return a >= limit ? value : F{}; }
inline I bits_of(F a) {
  I bits;
  memcpy(&bits, &a, sizeof bits);
  return bits;
}
inline F exponent(F a) { return __builtin_convertvector((bits_of(a) >> 23) - 127, F); }
inline F mantissa(F a) {
  const I bits = (bits_of(a) & 0x7fffff) | 0x3f800000;
  memcpy(&a, &bits, sizeof a);
  return a;
}
// out[k] = sum of the lanes of the k-th.
inline void sums_of_lanes(F a, F b, F c, F d, float* out) {
  const F of[4] = {a, b, c, d};
  for (size_t k = 0; k < 4; ++k) out[k] = (of[k][0] + of[k][1]) + (of[k][2] + of[k][3]);
}
inline D multiply_add(D a, D b, D c) { return a * b + c; }
inline D square_root(D a) { return D{__builtin_sqrt(a[0]), __builtin_sqrt(a[1])}; }

inline I load_integers(const int32_t* p) {
  I a;
  memcpy(&a, p, sizeof a);
  return a;
}
inline F as_floats(I bits) {
  F a;
  memcpy(&a, &bits, sizeof a);
  return a;
}
inline F to_float(I a) { return __builtin_convertvector(a, F); }
inline F low_halves(const char* p) {
  return as_floats(load_integers(reinterpret_cast<const int32_t*>(p)) << 16);
}
inline F high_halves(const char* p) {
  return as_floats(load_integers(reinterpret_cast<const int32_t*>(p)) &
                   static_cast<int32_t>(0xffff0000));
}
inline I add_integers(I a, I b) { return a + b; }
inline void store_low_bytes(F a, char* out) {
  const I bits = bits_of(a);
  for (size_t l = 0; l < kLanes; ++l) out[l] = static_cast<char>(bits[l]);
}
struct Bytes4 {
  int32_t value[4];
};
inline Bytes4 broadcast_bytes(const char* p) {
  const unsigned char* bytes = reinterpret_cast<const unsigned char*>(p);
  return {{bytes[0], bytes[1], bytes[2], bytes[3]}};
}
// The fourth byte of each 32 bits by a shift, the others by shifting them there first.
inline I dot4(I weights, Bytes4 x, I sum) {
  sum += ((weights << 24) >> 24) * x.value[0];
  sum += ((weights << 16) >> 24) * x.value[1];
  sum += ((weights << 8) >> 24) * x.value[2];
  return sum + (weights >> 24) * x.value[3];
}

#include "kernels/body/kernels.inc"

}  // namespace

void fill_generic(Kernels& kernels) { fill(kernels, "generic"); }

}  // namespace wavenet
