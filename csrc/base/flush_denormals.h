// Numbers too small for the normal form of floats count as 0.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cstdint>

namespace wavenet {

// How a thread rounds, and whether it knows numbers below the normal ones.
class FloatMode {
 public:
  static FloatMode current() {
    FloatMode mode;
#if defined(__x86_64__)
    mode.bits_ = _mm_getcsr();
#elif defined(__aarch64__)
    asm volatile("mrs %0, fpcr" : "=r"(mode.bits_));
#endif
    return mode;
  }

  void use() const {
#if defined(__x86_64__)
    _mm_setcsr(bits_);
#elif defined(__aarch64__)
    asm volatile("msr fpcr, %0" : : "r"(bits_));
#endif
  }

  FloatMode flushing() const {
    FloatMode mode = *this;
    mode.bits_ |= kFlush;
    return mode;
  }

 private:
#if defined(__aarch64__)
  using Bits = std::uint64_t;
  static constexpr Bits kFlush = Bits{1} << 24;
#else
  using Bits = std::uint32_t;
  static constexpr Bits kFlush = 0x8040;  // results and operands
#endif

  Bits bits_ = 0;
};

// That mode in this thread while the object lives.
class FloatModeScope {
 public:
  explicit FloatModeScope(FloatMode mode) : before_(FloatMode::current()) { mode.use(); }
  ~FloatModeScope() { before_.use(); }
  FloatModeScope(const FloatModeScope&) = delete;
  FloatModeScope& operator=(const FloatModeScope&) = delete;

 private:
  FloatMode before_;
};

// In this thread and those that help it, while the object lives. The instructions that multiply
// bfloat16 always do so; where everything does, products by tiles have the bits of those by
// vectors.
class FlushDenormals : FloatModeScope {
 public:
  FlushDenormals() : FloatModeScope(FloatMode::current().flushing()) {}
};

}  // namespace wavenet
