// Counter-based random numbers: value = f(seed, stream, time), with no state to share or to order.
#pragma once

#include <array>
#include <cstdint>

namespace wavenet {

// Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
inline std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                           std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t product1 = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

// Four uniform numbers in [0, 1), 24 bits each, of one sample of one stream; `block` counts on
// where a sample needs more of them.
inline std::array<float, 4> uniform(std::uint64_t seed, std::uint32_t stream, std::uint64_t time,
                                    std::uint32_t block = 0) {
  const auto bits = philox(
      {static_cast<std::uint32_t>(time), static_cast<std::uint32_t>(time >> 32), stream, block},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  std::array<float, 4> values;
  for (int i = 0; i < 4; ++i) values[i] = static_cast<float>(bits[i] >> 8) * 0x1p-24f;
  return values;
}

}  // namespace wavenet
