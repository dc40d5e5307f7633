#include "base/cpu.h"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace wavenet {
namespace {

#if defined(__x86_64__)

// Register state that the operating system saves on a context switch (XCR0).
std::uint64_t enabled_state() {
  std::uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (static_cast<std::uint64_t>(high) << 32) | low;
}

bool bit(std::uint32_t word, int index) { return (word >> index) & 1; }

CpuFeatures detect() {
  CpuFeatures features;
  std::uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !bit(c, 27)) return features;  // no OSXSAVE
  const bool fma = bit(c, 12);
  const std::uint64_t state = enabled_state();
  const bool ymm = (state & 0x6) == 0x6;
  const bool zmm = (state & 0xe6) == 0xe6;
  const bool tiles = (state & 0x60000) == 0x60000;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return features;
  features.avx2 = ymm && fma && bit(b, 5);
  features.avx512 = zmm && fma && bit(b, 16) && bit(b, 17) && bit(b, 30) && bit(b, 31);
  features.avx512_vnni = features.avx512 && bit(c, 11);
  const bool amx = tiles && bit(d, 24) && bit(d, 25) && bit(d, 22);
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) {
    features.avx2_vnni = features.avx2 && bit(a, 4);
    features.avx512_bf16 = features.avx512_vnni && bit(a, 5);
    features.amx = amx && features.avx512_bf16;
  }
  return features;
}

#elif defined(__aarch64__)

CpuFeatures detect() {
  CpuFeatures features;
  features.neon = true;  // part of the base architecture
#if defined(__linux__)
  features.neon_dot = getauxval(AT_HWCAP) & HWCAP_ASIMDDP;
#elif defined(__APPLE__)
  features.neon_dot = true;  // every Arm processor of a Mac
#endif
  return features;
}

#else

CpuFeatures detect() { return {}; }

#endif

}  // namespace

const CpuFeatures& cpu_features() {
  static const CpuFeatures features = detect();
  return features;
}

bool tiles_granted() {
#if defined(__x86_64__) && defined(__linux__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  static const bool granted =
      cpu_features().amx && syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return granted;
#else
  return false;
#endif
}

}  // namespace wavenet
