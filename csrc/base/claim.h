// One call at a time on an object that several threads may hold.
#pragma once

#include <atomic>
#include <stdexcept>

namespace wavenet {

// Claims streams for one call; throws std::runtime_error where another thread has them.
class Claim {
 public:
  explicit Claim(std::atomic<bool>& busy) : busy_(busy) {
    if (busy_.exchange(true)) {
      throw std::runtime_error("these streams are advancing in another thread; use a copy");
    }
  }
  ~Claim() { busy_ = false; }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

 private:
  std::atomic<bool>& busy_;
};

}  // namespace wavenet
