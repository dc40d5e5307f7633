#include "kernels/dispatch.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string_view>

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
#ifdef WAVENET_HAS_AVX2
    if (cpu_features().avx2) found.push_back(filled(fill_avx2));
#endif
#ifdef WAVENET_HAS_AVX2_VNNI
    if (cpu_features().avx2_vnni) found.push_back(filled(fill_avx2_vnni));
#endif
#ifdef WAVENET_HAS_AVX512
    if (cpu_features().avx512) found.push_back(filled(fill_avx512));
#endif
#ifdef WAVENET_HAS_AVX512_VNNI
    if (cpu_features().avx512_vnni) found.push_back(filled(fill_avx512_vnni));
#endif
#ifdef WAVENET_HAS_AVX512_BF16
    if (cpu_features().avx512_bf16) found.push_back(filled(fill_avx512_bf16));
#endif
#ifdef WAVENET_HAS_AMX
    if (cpu_features().amx) found.push_back(filled(fill_amx));
#endif
#ifdef WAVENET_HAS_NEON
    if (cpu_features().neon) found.push_back(filled(fill_neon));
#endif
#ifdef WAVENET_HAS_NEON_DOT
    if (cpu_features().neon_dot) found.push_back(filled(fill_neon_dot));
#endif
    return found;
  }();
  return all;
}

bool granted(const Kernels& table) {
  return table.instruction_set != std::string_view("amx") || tiles_granted();
}

// What the environment asks for, or an empty name.
std::string_view wanted() {
  const char* name = std::getenv("WAVENET_ISA");
  return name ? name : "";
}

const Kernels& find(std::string_view name) {
#ifdef WAVENET_HAS_AMX_EMULATED
  if (name == "amx-emulated" && cpu_features().avx512) {
    static const Kernels emulated = filled(fill_amx_emulated);
    return emulated;
  }
#endif
  std::string names;
  for (const Kernels& table : tables()) {
    if (name == table.instruction_set) {
      require(granted(table), "the system refuses the tiles of '", name,
              "' to this process, as it does where a signal stack (sigaltstack) is too small for "
              "them");
      return table;
    }
    names += (names.empty() ? "" : ", ") + std::string(table.instruction_set);
  }
  throw std::invalid_argument(
      message("instruction set '", name, "' is not available here; available: ", names));
}

const Kernels& chosen_at_start() {
  if (!wanted().empty()) return find(wanted());
  return *std::find_if(tables().rbegin(), tables().rend(), granted);
}

std::atomic<const Kernels*> in_use{nullptr};

}  // namespace

std::vector<std::string> available_instruction_sets() {
  std::vector<std::string> names;
  const bool chosen = !wanted().empty() && wanted() != "amx";
  for (const Kernels& table : tables()) {
    if (chosen || granted(table)) names.push_back(table.instruction_set);
  }
  return names;
}

bool tiles_refused() { return cpu_features().amx && wanted().empty() && !tiles_granted(); }

const Kernels& kernels() {
  const Kernels* current = in_use.load(std::memory_order_acquire);
  if (!current) in_use.store(current = &chosen_at_start(), std::memory_order_release);
  return *current;
}

void set_instruction_set(const std::string& name) {
  in_use.store(&find(name), std::memory_order_release);
}

}  // namespace wavenet
