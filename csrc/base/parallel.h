// Fork and join: independent pieces of work on a few threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "base/interrupt.h"

namespace wavenet {

// Calls work(state, i) for every i < count, on at most `threads` threads, this one included; each
// thread has a state of its own from make_state(). After an exception, or an interrupt of this
// thread, nothing more is begun; it is thrown again here after all have stopped.
template <typename MakeState, typename Work>
void parallel_for(std::size_t count, std::size_t threads, const MakeState& make_state,
                  const Work& work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex lock;
  std::condition_variable one_stopped;
  std::size_t running = 0;
  const auto guarded = [&](const auto& some) {
    try {
      some();
    } catch (...) {
      next = count;
      const std::lock_guard<std::mutex> guard(lock);
      if (!failure) failure = std::current_exception();
    }
  };
  const auto run = [&] {
    guarded([&] {
      auto state = make_state();
      for (std::size_t i; (i = next.fetch_add(1)) < count;) {
        work(state, i);
        poll_interrupt();
      }
    });
  };
  Interrupt* const interrupt = Interrupt::current;
  std::vector<std::thread> helpers;
  try {
    for (std::size_t i = 1; i < threads && i < count; ++i) {
      helpers.emplace_back([&, interrupt] {
        const InterruptScope scope(interrupt);
        run();
        const std::lock_guard<std::mutex> guard(lock);
        --running;
        one_stopped.notify_one();
      });
      const std::lock_guard<std::mutex> guard(lock);
      ++running;
    }
  } catch (const std::exception&) {
    // The system gives no more threads, or no memory for them: those that have started do it all.
  }
  run();
  for (bool all = false; interrupt != nullptr && !all;) {
    guarded(poll_interrupt);
    std::unique_lock<std::mutex> guard(lock);
    all = one_stopped.wait_for(guard, Interrupt::kInterval, [&] { return running == 0; });
  }
  for (std::thread& helper : helpers) helper.join();
  if (failure) std::rethrow_exception(failure);
}

// The same for work(i).
template <typename Work>
void parallel_for(std::size_t count, std::size_t threads, const Work& work) {
  struct None {};
  parallel_for(count, threads, [] { return None{}; }, [&](None&, std::size_t i) { work(i); });
}

}  // namespace wavenet
