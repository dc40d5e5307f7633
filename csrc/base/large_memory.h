// Memory in large pages.
#pragma once

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstddef>
#include <memory>
#include <new>

#include "base/aligned_buffer.h"

namespace wavenet {

// `bytes` of memory, not initialised, in 2 MiB pages where the system has them and there is enough
// to be worth one: one page entry then serves what took hundreds.
inline std::shared_ptr<char> large_memory(std::size_t bytes) {
  constexpr std::size_t kLargePage = std::size_t{1} << 21;
  const bool large = bytes >= kLargePage / 8;
  const std::align_val_t alignment{large ? kLargePage : kCacheLine};
  if (large) bytes = (bytes + kLargePage - 1) / kLargePage * kLargePage;
  std::shared_ptr<char> memory(static_cast<char*>(::operator new(bytes, alignment)),
                               [alignment](char* p) { ::operator delete(p, alignment); });
#ifdef __linux__
  if (large) madvise(memory.get(), bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

}  // namespace wavenet
