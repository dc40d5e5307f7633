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
inline F power_of_two(F n) {
  const I biased = __builtin_convertvector(n, I) + 127;
  const I bits = biased << 23;
  F a;
  memcpy(&a, &bits, sizeof a);
  return a;
}
inline F zero_below(F a, F limit, F value) { return a >= limit ? value : F{}; }
inline D square_root(D a) { return D{__builtin_sqrt(a[0]), __builtin_sqrt(a[1])}; }

#include "kernels/body/kernels.inc"

}  // namespace

void fill_generic(Kernels& kernels) { fill(kernels, "generic"); }

}  // namespace wavenet
