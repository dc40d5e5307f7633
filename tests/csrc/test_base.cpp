// Checks, memory, random numbers and threads.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <set>
#include <thread>

#include "base/aligned_buffer.h"
#include "base/checks.h"
#include "base/claim.h"
#include "base/counter.h"
#include "base/flush_denormals.h"
#include "base/helper.h"
#include "base/interrupt.h"
#include "base/large_memory.h"
#include "base/matrix_view.h"
#include "base/parallel.h"
#include "base/random.h"
#include "base/scratch.h"
#include "check.h"

namespace wavenet {
namespace {

using Invalid = std::invalid_argument;

bool aligned(const void* pointer, std::size_t bytes) {
  return reinterpret_cast<std::uintptr_t>(pointer) % bytes == 0;
}

TEST(messages_quote_the_value) {
  CHECK_EQUAL(message("got ", 3, " of ", 'x'), "got 3 of x");
  require(true, "never");
  CHECK_THROWS(Invalid, "size must be 2, got 3", require(false, "size must be 2, got ", 3));
}

TEST(choices_are_listed) {
  const auto chosen = [](const char* name) {
    return choose<int>("kind", name, {{"one", 1}, {"two", 2}});
  };
  CHECK_EQUAL(chosen("two"), 2);
  CHECK_THROWS(Invalid, "kind must be one of one, two, got 'three'", chosen("three"));
}

TEST(buffers_are_aligned_and_zero) {
  for (const std::size_t size : {1, 17, 1000}) {
    const AlignedBuffer<float> buffer(size);
    CHECK(aligned(buffer.data(), kCacheLine));
    CHECK(std::all_of(buffer.begin(), buffer.end(), [](float value) { return value == 0.0f; }));
  }
}

TEST(large_memory_is_aligned) {
  CHECK(aligned(large_memory(100).get(), kCacheLine));
  const auto large = large_memory((std::size_t{1} << 21) + 1);
  CHECK(aligned(large.get(), std::size_t{1} << 21));
  large.get()[std::size_t{1} << 21] = 1;  // it is there
}

TEST(stages_of_scratch_differ) {
  Scratch scratch;
  float* const first = scratch.room(0, 10);
  float* const third = scratch.room(2, 10);
  CHECK(first != third);
  CHECK(scratch.room(0, 5) == first);  // kept where it is large enough
  std::fill_n(scratch.room(0, 1000), 1000, 1.0f);
  CHECK(scratch.room(2, 10) == third);
}

TEST(tensors_are_found_by_name_and_shape) {
  const float values[6] = {0, 1, 2, 3, 4, 5};
  const Tensors tensors{{"weight", {values, {2, 3}}}};
  CHECK(find_tensor(tensors, "weight", {2, 3}) == values);
  CHECK_THROWS(Invalid, "lacks the tensor 'bias'", find_tensor(tensors, "bias", {2}));
  CHECK_THROWS(Invalid, "has shape (2, 3), not (3, 2)", find_tensor(tensors, "weight", {3, 2}));
  const MatrixView transposed{values, 3, 2, 1, 3};
  CHECK_EQUAL(transposed(2, 1), 5.0f);
}

// The known answers of the authors' Random123, kat_vectors.
TEST(philox_has_the_known_answers) {
  using Words = std::array<std::uint32_t, 4>;
  const std::uint32_t ones = 0xffffffff;
  CHECK((philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  CHECK((philox({ones, ones, ones, ones}, {ones, ones}) ==
         Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  CHECK((philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
         Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(uniform_numbers_depend_on_all_arguments) {
  std::set<float> seen;
  const std::uint64_t later = std::uint64_t{1} << 32;
  for (const auto& numbers :
       {uniform(0, 0, 0), uniform(1, 0, 0), uniform(later, 0, 0), uniform(0, 1, 0),
        uniform(0, 0, 1), uniform(0, 0, later), uniform(0, 0, 0, 1)}) {
    for (const float number : numbers) {
      CHECK(number >= 0.0f && number < 1.0f);
      seen.insert(number);
    }
  }
  CHECK_EQUAL(seen.size(), 28u);
}

TEST(a_claim_is_exclusive_until_it_ends) {
  Claimable streams;
  {
    const Claim claim(streams);
    CHECK_THROWS(std::runtime_error, "advancing in another thread", Claim second(streams));
  }
  const Claim claim(streams);
}

TEST(what_failed_amid_its_work_stays_broken) {
  Claimable streams;
  {
    const Claim claim(streams);
    claim.advance([] {});
  }
  {
    const Claim claim(streams);
    CHECK_THROWS(Invalid, "no", claim.advance([] { throw Invalid("no"); }));
  }
  CHECK_THROWS(std::runtime_error, "failed amid its work", Claim later(streams));
  CHECK(!streams.busy);
}

TEST(a_counter_hands_over_what_was_written_before) {
  Counter asked, answered;
  std::uint64_t value = 0;  // not atomic
  std::thread other([&] {
    for (std::uint64_t i = 1; asked.wait_for(i) && i <= 1000; ++i) {
      value += i;
      answered.set(i);
    }
  });
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    value += i;
    asked.set(i);
    CHECK(answered.wait_for(i));
  }
  asked.set(Counter::kStopped);
  other.join();
  CHECK_EQUAL(value, 1000u * 1001u);
  CHECK(!asked.wait_for(5000));
}

float half_of(float value) {
  volatile float result = value;  // computed here, not by the compiler
  result = result * 0.5f;
  return result;
}

TEST(denormals_are_flushed_while_asked) {
  const float least = std::numeric_limits<float>::min();
  CHECK(half_of(least) > 0.0f);
  {
    const FlushDenormals flush;
    CHECK_EQUAL(half_of(least), 0.0f);
    std::atomic<int> kept{0};  // in the threads that work for this one, too
    parallel_for(64, 4, [&](std::size_t) { kept += half_of(least) > 0.0f; });
    CHECK_EQUAL(kept, 0);
  }
  CHECK(half_of(least) > 0.0f);
  std::atomic<int> kept{0};
  parallel_for(64, 4, [&](std::size_t) { kept += half_of(least) > 0.0f; });
  CHECK_EQUAL(kept, 64);
}

TEST(each_piece_of_work_is_done_once) {
  for (const std::size_t count : {0, 1, 2, 7, 1000}) {
    for (const std::size_t threads : {1, 2, 5}) {
      std::vector<std::atomic<int>> done(count);
      parallel_for(count, threads, [&](std::size_t i) { ++done[i]; });
      CHECK(std::all_of(done.begin(), done.end(), [](const auto& times) { return times == 1; }));
    }
  }
}

TEST(each_thread_has_a_state_of_its_own) {
  std::atomic<int> states{0};
  std::atomic<std::size_t> sum{0};
  struct Sum {
    std::atomic<std::size_t>* total;
    std::size_t own = 0;
    ~Sum() { *total += own; }
  };
  const auto make = [&] {
    ++states;
    return Sum{&sum};
  };
  parallel_for(1000, 3, make, [](Sum& state, std::size_t i) { state.own += i; });
  CHECK_EQUAL(sum, 499500u);
  CHECK(states >= 1 && states <= 3);
}

TEST(the_first_failure_is_thrown_when_all_have_stopped) {
  for (const std::size_t threads : {1, 4}) {
    std::atomic<int> running{0};
    const auto work = [&](std::size_t i) {
      ++running;
      std::this_thread::yield();
      --running;
      if (i == 5) throw Invalid("piece 5");
    };
    CHECK_THROWS(Invalid, "piece 5", parallel_for(1000, threads, work));
    CHECK_EQUAL(running, 0);
  }
}

TEST(work_may_have_parallel_work) {
  std::atomic<int> done{0};
  parallel_for(3, 3, [&](std::size_t) { parallel_for(10, 3, [&](std::size_t) { ++done; }); });
  CHECK_EQUAL(done, 30);
}

TEST(callers_do_not_disturb_each_other) {
  std::atomic<int> done{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i) parallel_for(8, 2, [&](std::size_t) { ++done; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK_EQUAL(done, 4 * 50 * 8);
}

TEST(helpers_are_threads_that_are_kept) {
  std::set<std::thread::id> seen;
  for (int i = 0; i < 20; ++i) {
    std::thread::id first, second;
    const auto say_first = [&] { first = std::this_thread::get_id(); };
    const auto say_second = [&] { second = std::this_thread::get_id(); };
    Helper one, two;
    CHECK(one.start(say_first));
    CHECK(two.start(say_second));
    one.wait();
    two.wait();
    CHECK(first != second);
    seen.insert({first, second});
  }
  CHECK(seen.count(std::this_thread::get_id()) == 0);
  CHECK(seen.size() <= 8);  // those that earlier tests left, too
}

TEST(a_helper_can_be_waited_for_in_pieces) {
  Counter counter;
  const auto work = [&] { counter.wait_for(1); };
  Helper helper;
  CHECK(helper.start(work));
  CHECK(!helper.wait_for(std::chrono::milliseconds(1)));
  counter.set(1);
  helper.wait();
  CHECK(helper.wait_for(std::chrono::milliseconds(0)));
}

TEST(a_forked_process_has_helpers_of_its_own) {
  const auto works = [] {
    Counter counter;
    const auto work = [&] { counter.set(1); };
    Helper helper;
    return helper.start(work) && counter.wait_for(1);
  };
  CHECK(works());
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    _exit(works() ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  CHECK_EQUAL(status, 0);
  CHECK(works());
}

TEST(an_interrupt_ends_all_threads) {
  for (const std::size_t threads : {1, 3}) {
    Interrupt interrupt([] { throw std::runtime_error("interrupted"); });
    const InterruptScope scope(&interrupt);
    const auto endless = [](std::size_t) {
      for (;;) poll_interrupt();
    };
    CHECK_THROWS(std::runtime_error, "interrupted", parallel_for(threads, threads, endless));
  }
  CHECK(Interrupt::current == nullptr);
}

TEST(polls_are_spared_where_work_is_short) {
  static int checks = 0;
  Interrupt interrupt([] { ++checks; });
  const InterruptScope scope(&interrupt);
  Poll poll;
  const auto start = std::chrono::steady_clock::now();
  while (std::chrono::steady_clock::now() - start < 2 * Interrupt::kInterval) poll.after(1);
  CHECK_EQUAL(checks, 0);
  poll.after(std::size_t{1} << 30);
  CHECK_EQUAL(checks, 1);
}

}  // namespace
}  // namespace wavenet
