#include "kernels/dispatch.h"

#include <atomic>
#include <cstdlib>

#include "base/checks.h"
#include "base/cpu.h"

namespace wavenet {
namespace {

Kernels filled(void (*fill)(Kernels&)) {
  Kernels kernels{};
  fill(kernels);
  return kernels;
}

const std::vector<Kernels>& tables() {
  static const std::vector<Kernels> all = [] {
    std::vector<Kernels> found{filled(fill_generic)};
#if defined(__x86_64__)
    if (cpu_features().avx2) found.push_back(filled(fill_avx2));
    if (cpu_features().avx2_vnni) found.push_back(filled(fill_avx2_vnni));
    if (cpu_features().avx512) found.push_back(filled(fill_avx512));
    if (cpu_features().avx512_vnni) found.push_back(filled(fill_avx512_vnni));
    if (cpu_features().avx512_bf16) found.push_back(filled(fill_avx512_bf16));
    if (cpu_features().amx) found.push_back(filled(fill_amx));
#elif defined(__aarch64__)
    if (cpu_features().neon) found.push_back(filled(fill_neon));
    if (cpu_features().neon_dot) found.push_back(filled(fill_neon_dot));
#endif
    return found;
  }();
  return all;
}

const Kernels& find(const std::string& name) {
#if defined(__x86_64__)
  if (name == "amx-emulated" && cpu_features().avx512) {
    static const Kernels emulated = filled(fill_amx_emulated);
    return emulated;
  }
#endif
  std::string names;
  for (const Kernels& table : tables()) {
    if (name == table.instruction_set) return table;
    names += (names.empty() ? "" : ", ") + std::string(table.instruction_set);
  }
  throw std::invalid_argument(
      message("instruction set '", name, "' is not available here; available: ", names));
}

const Kernels& chosen_at_start() {
  const char* name = std::getenv("WAVENET_ISA");
  return name && *name ? find(name) : tables().back();
}

std::atomic<const Kernels*> in_use{nullptr};

}  // namespace

std::vector<std::string> available_instruction_sets() {
  std::vector<std::string> names;
  for (const Kernels& table : tables()) names.push_back(table.instruction_set);
  return names;
}

const Kernels& kernels() {
  const Kernels* current = in_use.load(std::memory_order_acquire);
  if (!current) in_use.store(current = &chosen_at_start(), std::memory_order_release);
  return *current;
}

void set_instruction_set(const std::string& name) {
  in_use.store(&find(name), std::memory_order_release);
}

}  // namespace wavenet
