// Long computations that stop where their caller is interrupted, such as by Ctrl-C.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <thread>

namespace wavenet {

// What a thread that calls the core says of itself while an InterruptScope lives: `check` throws
// where the call shall end. Threads that work for it share this, and end with the same exception.
class Interrupt {
 public:
  explicit Interrupt(void (*check)()) : check_(check), due_(Clock::now() + kInterval) {}

  void poll() {
    if (std::this_thread::get_id() != owner_) {
      if (stopped_.load(std::memory_order_acquire)) std::rethrow_exception(failure_);
      return;
    }
    if (Clock::now() < due_) return;
    due_ = Clock::now() + kInterval;
    try {
      check_();
    } catch (...) {
      failure_ = std::current_exception();
      stopped_.store(true, std::memory_order_release);
      throw;
    }
  }

  static constexpr std::chrono::milliseconds kInterval{30};
  static inline thread_local Interrupt* current = nullptr;

 private:
  using Clock = std::chrono::steady_clock;

  void (*check_)();
  std::thread::id owner_ = std::this_thread::get_id();
  Clock::time_point due_;
  std::exception_ptr failure_;
  std::atomic<bool> stopped_{false};
};

// While it lives, poll() of this thread means `interrupt`, which may be null.
class InterruptScope {
 public:
  explicit InterruptScope(Interrupt* interrupt) : before_(Interrupt::current) {
    Interrupt::current = interrupt;
  }
  ~InterruptScope() { Interrupt::current = before_; }
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

 private:
  Interrupt* before_;
};

// Throws where the call of the core shall end. Costs two reads of the clock.
inline void poll_interrupt() {
  if (Interrupt::current != nullptr) Interrupt::current->poll();
}

// Polls once in about a millisecond of work, which is told in multiplications.
class Poll {
 public:
  void after(std::size_t multiplications) {
    if ((unpolled_ += multiplications) < kWork) return;
    unpolled_ = 0;
    poll_interrupt();
  }

 private:
  static constexpr std::size_t kWork = std::size_t{1} << 20;
  std::size_t unpolled_ = 0;
};

}  // namespace wavenet
