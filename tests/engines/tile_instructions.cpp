// Runs the kernels of AMX where the processor has none: a handler of illegal instructions carries
// out those of tiles, and refuses what the manual does not allow. Many columns must give the bits
// of single ones, which go through vectors. Prints the number of products; exits with 1 otherwise.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <initializer_list>
#include <random>
#include <vector>

#include "base/aligned_buffer.h"
#include "kernels/kernels.h"

namespace wavenet {
void fill_avx512_bf16(Kernels&) {}
}  // namespace wavenet

namespace {

using namespace wavenet;

struct Tile {
  int rows, row_bytes;
  unsigned char cells[16][64];
};
Tile tiles[8];
bool configured = false;

void check(bool allowed, const char* what) {
  if (allowed) return;
  printf("not allowed: %s\n", what);
  exit(1);
}

template <class T>
T get(const void* place) {
  T value;
  memcpy(&value, place, sizeof value);
  return value;
}

void configure(const unsigned char* shape) {
  check(shape[0] == 1, "palette");
  for (int t = 0; t < 16; ++t) {
    const int row_bytes = get<uint16_t>(shape + 16 + 2 * t), rows = shape[48 + t];
    check(rows <= 16 && row_bytes <= 64 && !rows == !row_bytes, "shape");
    check(t < 8 || !rows, "number of tiles");
    if (t < 8) tiles[t] = {rows, row_bytes, {}};
  }
  configured = true;
}

float brain_float(const unsigned char* place) {
  const uint32_t bits = static_cast<uint32_t>(get<uint16_t>(place)) << 16;
  return get<float>(&bits);
}

// y += x * w for a row of y.
void multiply_row(Tile& y, const Tile& x, const Tile& w, int row, bool bytes) {
  for (int n = 0; n < y.row_bytes; n += 4) {
    int32_t sum = get<int32_t>(y.cells[row] + n);
    float even = 0.0f, odd = 0.0f;
    for (int k = 0; k < x.row_bytes; k += 4) {
      const unsigned char *a = x.cells[row] + k, *b = w.cells[k / 4] + n;
      for (int i = 0; i < 4; ++i) sum += a[i] * static_cast<signed char>(b[i]);
      even += brain_float(a) * brain_float(b);
      odd += brain_float(a + 2) * brain_float(b + 2);
    }
    const float total = get<float>(y.cells[row] + n) + (even + odd);
    memcpy(y.cells[row] + n, bytes ? static_cast<const void*>(&sum) : &total, 4);
  }
}

void multiply(int y, int x, int w, bool bytes) {
  check(y != x && y != w && x != w, "same tile twice");
  check(tiles[y].rows == tiles[x].rows && tiles[y].row_bytes == tiles[w].row_bytes &&
            tiles[x].row_bytes == 4 * tiles[w].rows && tiles[y].rows,
        "shapes of a product");
  for (int row = 0; row < tiles[y].rows; ++row) {
    multiply_row(tiles[y], tiles[x], tiles[w], row, bytes);
  }
}

void move(Tile& tile, unsigned char* rows, long long stride, bool load) {
  check(tile.rows, "a tile without shape");
  for (int r = 0; r < tile.rows; ++r, rows += stride) {
    memcpy(load ? tile.cells[r] : rows, load ? rows : tile.cells[r], tile.row_bytes);
  }
}

// An instruction is C4, [R X B inverted, 5 bits of map], [W, 4 bits of register inverted, L, 2 bits
// of prefix], opcode, operands: [2 bits of mode, 3 of register, 3 of register or memory] ...
void carry_out(int, siginfo_t*, void* context) {
  static const int kRegisters[] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                   REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                   REG_R12, REG_R13, REG_R14, REG_R15};
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  const auto* code = reinterpret_cast<const unsigned char*>(registers[REG_RIP]);
  check(code[0] == 0xc4 && (code[1] & 31) == 2 && !(code[2] & 0x84), "not of tiles");
  const int prefix = code[2] & 3, third = ~(code[2] >> 3) & 15, opcode = code[3];
  const int mode = code[4] >> 6, first = code[4] >> 3 & 7, second = code[4] & 7;
  const int high_index = ~code[1] >> 3 & 8, high_base = ~code[1] >> 2 & 8;
  code += 5;
  long long address = 0, stride = 0;
  if (mode != 3) {
    int base = second;
    if (second == 4) {
      const int index = (*code >> 3 & 7) | high_index;
      if (index != 4) stride = registers[kRegisters[index]] << (*code >> 6);
      base = *code++ & 7;
    }
    check(mode != 0 || base != 5, "address");
    address = registers[kRegisters[base | high_base]];
    if (mode == 1) address += get<signed char>(code);
    if (mode == 2) address += get<int32_t>(code);
    code += mode == 1 ? 1 : mode == 2 ? 4 : 0;
  }
  auto* memory = reinterpret_cast<unsigned char*>(address);
  const bool product = mode == 3 && ((opcode == 0x5e && prefix == 1) ||  // tdpbusd
                                     (opcode == 0x5c && prefix == 2));   // tdpbf16ps
  if (opcode == 0x49 && mode != 3 && prefix == 0) {
    configure(memory);
  } else if (opcode == 0x49 && mode == 3 && prefix == 0) {
    configured = false;
  } else if (configured && product) {
    multiply(first, second, third, opcode == 0x5e);
  } else {
    check(configured && opcode == 0x4b && mode != 3 && prefix >= 2, "instruction");
    move(tiles[first], memory, stride, prefix == 3);
  }
  registers[REG_RIP] = reinterpret_cast<long long>(code);
}

// Whether many columns have the bits of single ones.
bool same_bits(const LinearKernels& kernels, size_t steps, size_t panels, size_t columns) {
  std::mt19937 random(static_cast<unsigned>(steps * panels * columns));
  std::normal_distribution<float> normal;
  const size_t groups = (panels + kMostGroupPanels - 1) / kMostGroupPanels;
  const size_t x_stride = 4 * steps + 32, y_stride = panels * kPanel + 16;
  AlignedBuffer<uint16_t> cells(steps * panels * 32), x(columns * x_stride / 2);
  for (auto* values : {&cells, &x}) {
    for (uint16_t& value : *values) {
      const float number = normal(random);
      memcpy(&value, reinterpret_cast<const char*>(&number) + 2, 2);
    }
  }
  AlignedBuffer<float> start(columns * y_stride), scales(panels * kPanel);
  for (float& value : start) value = normal(random);
  for (float& value : scales) value = normal(random);
  AlignedBuffer<int32_t> offsets(panels * kPanel);
  for (int32_t& value : offsets) value = static_cast<int32_t>(random() % 20000) - 10000;
  AlignedBuffer<float> together(start.size()), alone(start.size());
  const LinearView layer{cells.data(),  steps,         panels, (panels + groups - 1) / groups,
                         scales.data(), offsets.data()};
  kernels.apply(layer, x.data(), x_stride, start.data(), y_stride, together.data(), y_stride,
                columns);
  for (size_t c = 0; c < columns; ++c) {
    kernels.apply(layer, x.data() + c * x_stride / 2, x_stride, start.data() + c * y_stride,
                  y_stride, alone.data() + c * y_stride, y_stride, 1);
  }
  return memcmp(together.data(), alone.data(), together.size() * sizeof(float)) == 0;
}

}  // namespace

int main() {
  struct sigaction action{};
  action.sa_sigaction = carry_out;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGILL, &action, nullptr);
  Kernels kernels{};
  fill_amx(kernels);
  int products = 0;
  const AlignedBuffer<char> zeros(kScratchCells * kCellBytes);
  for (const LinearKernels* linear : {&kernels.bf16, &kernels.int8}) {
    if (linear->multiply_in_registers(zeros.data(), 3) != 0.0f) return 1;
    for (size_t steps : {1, 3, 16, 17, 32, 47}) {
      for (size_t panels : {1, 2, 3, 12, 17}) {
        for (size_t columns : {2, 15, 16, 31, 32, 33, 50, 96}) {
          if (!same_bits(*linear, steps, panels, columns)) {
            printf("%zu steps, %zu panels, %zu columns differ\n", steps, panels, columns);
            return 1;
          }
          ++products;
        }
      }
    }
  }
  printf("%d\n", products);
}
