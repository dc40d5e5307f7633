#include "layers/weight_memory.h"

#include "base/large_memory.h"

namespace wavenet {

void place_together(const std::vector<PackedLinear*>& layers) {
  std::size_t bytes = 0;
  for (const PackedLinear* layer : layers) bytes += layer->bytes();
  const std::shared_ptr<char> memory = large_memory(bytes);
  char* place = memory.get();
  for (PackedLinear* layer : layers) {
    layer->move_to({memory, place});
    place += layer->bytes();
  }
}

}  // namespace wavenet
