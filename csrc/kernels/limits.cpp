#include "kernels/limits.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <thread>

#include "base/checks.h"
#include "base/counter.h"
#include "base/large_memory.h"

namespace wavenet {
namespace {

constexpr double kLongEnough = 0.02;  // of repetitions together [s]

// Least time of a call [s].
template <typename Work>
double least_time(const Work& work) {
  using Clock = std::chrono::steady_clock;
  double least = std::numeric_limits<double>::infinity();
  const auto start = Clock::now();
  for (auto before = start; std::chrono::duration<double>(before - start).count() < kLongEnough;) {
    work();
    const auto after = Clock::now();
    least = std::min(least, std::chrono::duration<double>(after - before).count());
    before = after;
  }
  return least;
}

}  // namespace

double peak_products(const LinearKernels& kernels) {
  constexpr std::size_t kRounds = 2000;
  alignas(kCacheLine) static const std::array<char, kScratchCells * kCellBytes> zeros{};
  volatile float result;
  const double seconds =
      least_time([&] { result = kernels.multiply_in_registers(zeros.data(), kRounds); });
  (void)result;
  return static_cast<double>(kernels.round_products * kRounds) / seconds;
}

double read_rate(const Kernels& kernels, std::size_t bytes) {
  require(bytes >= 4096 && bytes <= std::size_t{1} << 30,
          "a working set has 4,096 to 2^30 bytes, got ", bytes);
  const std::size_t count = bytes / sizeof(float) / (8 * kPanel) * (8 * kPanel);
  const std::size_t rounds = std::max<std::size_t>(1, (std::size_t{1} << 18) / count);
  const std::shared_ptr<char> memory = large_memory(count * sizeof(float));
  const auto* data = reinterpret_cast<const float*>(memory.get());
  std::fill_n(memory.get(), count * sizeof(float), '\0');
  volatile float result;
  const double seconds = least_time([&] {
    for (std::size_t r = 0; r < rounds; ++r) result = kernels.read_all(data, count);
  });
  (void)result;
  return static_cast<double>(rounds * count * sizeof(float)) / seconds;
}

double clock_rate() {
  constexpr std::uint64_t kAdditions = 100000;
  volatile std::uint64_t result;
  const double seconds = least_time([&] {
    std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < kAdditions / 4; ++i) {  // each addition waits for the one before
      asm volatile("" : "+r"(sum));
      sum += i;
      asm volatile("" : "+r"(sum));
      sum += i;
      asm volatile("" : "+r"(sum));
      sum += i;
      asm volatile("" : "+r"(sum));
      sum += i;
    }
    result = sum;
  });
  (void)result;
  return static_cast<double>(kAdditions) / seconds;
}

double hand_over_time() {
  constexpr std::uint64_t kTurns = 2000;
  Counter asked, answered;
  std::thread other([&] {
    for (std::uint64_t i = 1; asked.wait_for(i) && i <= kTurns * 50; ++i) answered.set(i);
  });
  std::uint64_t turn = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int repeat = 0; repeat < 50; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < kTurns; ++i) {
      asked.set(++turn);
      answered.wait_for(turn);
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    least = std::min(least, taken.count());
  }
  asked.set(Counter::kStopped);
  other.join();
  return least / static_cast<double>(2 * kTurns);
}

}  // namespace wavenet
