// Fork and join: independent pieces of work on a few threads.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <vector>

#include "base/helper.h"
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
  const std::size_t wanted = std::min(threads, count);
  std::vector<Helper> helpers(wanted > 1 ? wanted - 1 : 0);
  for (Helper& helper : helpers) {
    if (!helper.start(run)) break;  // those that there are do it all
  }
  run();
  for (Helper& helper : helpers) {
    while (Interrupt::current && !helper.wait_for(Interrupt::kInterval)) guarded(poll_interrupt);
    helper.wait();
  }
  if (failure) std::rethrow_exception(failure);
}

// The same for work(i).
template <typename Work>
void parallel_for(std::size_t count, std::size_t threads, const Work& work) {
  struct None {};
  parallel_for(count, threads, [] { return None{}; }, [&](None&, std::size_t i) { work(i); });
}

}  // namespace wavenet
