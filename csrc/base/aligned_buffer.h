// A zero-initialised array of floats or other plain values, aligned to a cache line.
#pragma once

#include <cstddef>
#include <new>
#include <type_traits>
#include <vector>

namespace wavenet {

inline constexpr std::size_t kCacheLine = 64;  // [bytes]

template <typename T>
struct AlignedAllocator {
  static_assert(std::is_trivially_copyable_v<T>);
  using value_type = T;

  AlignedAllocator() = default;
  template <typename U>
  AlignedAllocator(const AlignedAllocator<U>&) {}

  T* allocate(std::size_t count) {
    return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t{kCacheLine}));
  }
  void deallocate(T* pointer, std::size_t) {
    ::operator delete(pointer, std::align_val_t{kCacheLine});
  }
  bool operator==(const AlignedAllocator&) const { return true; }
};

template <typename T>
using AlignedBuffer = std::vector<T, AlignedAllocator<T>>;

}  // namespace wavenet
