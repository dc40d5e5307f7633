// Threads that are kept from call to call.
#pragma once

#include <chrono>

namespace wavenet {

// A thread that works beside this one. The first call that needs one more than there are starts it;
// later calls find it waiting. A process that was forked starts its own.
class Helper {
 public:
  Helper() = default;
  ~Helper() { wait(); }
  Helper(const Helper&) = delete;
  Helper& operator=(const Helper&) = delete;

  // Calls work(), which does not throw and outlives wait(), in the other thread, with this one's
  // interrupt and floating-point mode. False, and nothing done, where the system gives no thread.
  template <typename Work>
  bool start(const Work& work) {
    return start([](const void* pointer) { (*static_cast<const Work*>(pointer))(); }, &work);
  }

  // Returns when the work is done.
  void wait();
  // Whether it is done before so much time has passed.
  bool wait_for(std::chrono::milliseconds time);

 private:
  struct Worker;
  class Pool;

  bool start(void (*run)(const void*), const void* work);

  Worker* worker_ = nullptr;
};

}  // namespace wavenet
