#include "layers/weight_memory.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

#include <cstring>
#include <new>

namespace wavenet {
namespace {

constexpr std::size_t kLargePage = std::size_t{1} << 21;  // [bytes]
constexpr std::size_t kFewest = kLargePage / 8;           // fewer bytes are not worth a large page

std::shared_ptr<char> allocate(std::size_t bytes) {
  const bool large = bytes >= kFewest;
  const std::align_val_t alignment{large ? kLargePage : kCacheLine};
  if (large) bytes = (bytes + kLargePage - 1) / kLargePage * kLargePage;
  std::shared_ptr<char> memory(static_cast<char*>(::operator new(bytes, alignment)),
                               [alignment](char* p) { ::operator delete(p, alignment); });
#ifdef __linux__
  if (large) madvise(memory.get(), bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

}  // namespace

void place_together(const std::vector<PackedLinear*>& layers) {
  std::size_t bytes = 0;
  for (const PackedLinear* layer : layers) bytes += layer->bytes();
  const std::shared_ptr<char> memory = allocate(bytes);
  char* place = memory.get();
  for (PackedLinear* layer : layers) {
    layer->move_to({memory, place});
    place += layer->bytes();
  }
}

}  // namespace wavenet
