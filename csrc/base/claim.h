// One call at a time on an object that several threads may hold.
#pragma once

#include <atomic>
#include <stdexcept>

namespace wavenet {

// Whether a call has the object, and whether one failed amid its work.
struct Claimable {
  std::atomic<bool> busy{false};
  bool broken = false;
};

// Claims streams for one call; throws std::runtime_error where another thread has them, or where
// an earlier call left them between two samples.
class Claim {
 public:
  explicit Claim(Claimable& streams) : streams_(streams) {
    if (streams_.busy.exchange(true)) {
      throw std::runtime_error("these streams are advancing in another thread; use a copy");
    }
    if (streams_.broken) {
      streams_.busy = false;
      throw std::runtime_error(
          "an earlier call on these streams failed amid its work: make new ones");
    }
  }
  ~Claim() { streams_.busy = false; }
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  // Does work that leaves the streams broken if it throws.
  template <typename Work>
  void advance(const Work& work) const {
    streams_.broken = true;
    work();
    streams_.broken = false;
  }

 private:
  Claimable& streams_;
};

}  // namespace wavenet
