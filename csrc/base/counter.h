// Progress that one thread announces and another waits for, without a lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

#include "base/aligned_buffer.h"

namespace wavenet {

class alignas(2 * kCacheLine) Counter {
 public:
  static constexpr std::uint64_t kStopped = ~std::uint64_t{0};

  void set(std::uint64_t value) { value_.store(value, std::memory_order_release); }

  // Returns when the counter has reached `value`: whether it still counts.
  bool wait_for(std::uint64_t value) const {
    std::uint64_t now;
    for (int tries = 0; (now = value_.load(std::memory_order_acquire)) < value; ++tries) {
      if (tries < kSpins) {
        relax();
      } else {
        std::this_thread::yield();  // the other thread may need this core
      }
    }
    return now != kStopped;
  }

 private:
  static constexpr int kSpins = 2000;

  static void relax() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }

  std::atomic<std::uint64_t> value_{0};
};

}  // namespace wavenet
