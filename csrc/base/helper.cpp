#include "base/helper.h"

#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "base/flush_denormals.h"
#include "base/interrupt.h"

namespace wavenet {
namespace {

// Signals go to the threads that were there before, but for those of the work itself.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t signals;
    sigfillset(&signals);
    for (const int own : {SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGTRAP}) sigdelset(&signals, own);
    pthread_sigmask(SIG_BLOCK, &signals, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

// A thread, and what it is asked to do.
struct Helper::Worker {
  std::mutex lock;
  std::condition_variable changed;
  void (*run)(const void*) = nullptr;  // null: nothing
  const void* work = nullptr;
  Interrupt* interrupt = nullptr;
  FloatMode mode;
  Worker* next = nullptr;  // that is idle too

  void loop() {
    std::unique_lock<std::mutex> guard(lock);
    for (;;) {
      changed.wait(guard, [&] { return run != nullptr; });
      guard.unlock();
      {
        const InterruptScope interrupt_scope(interrupt);
        const FloatModeScope mode_scope(mode);
        run(work);
      }
      guard.lock();
      run = nullptr;
      changed.notify_one();
    }
  }
};

// The idle threads of this process. They end with it, so that nothing is ever destroyed.
class Helper::Pool {
 public:
  static Pool& get() {
    static std::atomic<Pool*> current{nullptr};
    [[maybe_unused]] static const int registered =
        pthread_atfork(nullptr, nullptr, [] { current = nullptr; });  // a child has no threads
    Pool* pool = current.load();
    if (pool) return *pool;
    Pool* const made = new Pool;
    if (current.compare_exchange_strong(pool, made)) return *made;
    delete made;
    return *pool;
  }

  // Null where the system gives no thread.
  Worker* take() {
    {
      const std::lock_guard<std::mutex> guard(lock_);
      if (Worker* const worker = idle_) {
        idle_ = worker->next;
        return worker;
      }
    }
    try {
      auto worker = std::make_unique<Worker>();
      const SignalsBlocked blocked;
      std::thread(&Worker::loop, worker.get()).detach();
      return worker.release();
    } catch (const std::exception&) {
      return nullptr;
    }
  }

  void give_back(Worker* worker) {
    const std::lock_guard<std::mutex> guard(lock_);
    worker->next = idle_;
    idle_ = worker;
  }

 private:
  std::mutex lock_;
  Worker* idle_ = nullptr;
};

bool Helper::start(void (*run)(const void*), const void* work) {
  wait();
  worker_ = Pool::get().take();
  if (!worker_) return false;
  const std::lock_guard<std::mutex> guard(worker_->lock);
  worker_->run = run;
  worker_->work = work;
  worker_->interrupt = Interrupt::current;
  worker_->mode = FloatMode::current();
  worker_->changed.notify_one();
  return true;
}

void Helper::wait() {
  while (!wait_for(std::chrono::hours(1))) {
  }
}

bool Helper::wait_for(std::chrono::milliseconds time) {
  if (!worker_) return true;
  {
    std::unique_lock<std::mutex> guard(worker_->lock);
    if (!worker_->changed.wait_for(guard, time, [&] { return worker_->run == nullptr; })) {
      return false;
    }
  }
  Pool::get().give_back(worker_);
  worker_ = nullptr;
  return true;
}

}  // namespace wavenet
