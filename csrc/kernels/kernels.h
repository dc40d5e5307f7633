// The table of kernels that each instruction set fills; dispatch.cpp chooses one at run time.
// Included, with the parts of the table, by the per-instruction-set files: plain types only,
// nothing inline.
#pragma once

#include <stddef.h>

#include "kernels/dtw_kernels.h"
#include "kernels/likelihood_kernels.h"
#include "kernels/linear_kernels.h"
#include "kernels/mixture_kernels.h"
#include "kernels/mulaw_kernels.h"
#include "kernels/planar_kernels.h"
#include "kernels/recurrent_kernels.h"
#include "kernels/trajectory_kernels.h"
#include "kernels/triangular_kernels.h"

namespace wavenet {

struct Kernels {
  const char* instruction_set;

  LinearKernels float32;
  LinearKernels bf16;  // weights rounded to bfloat16; inputs too where their pairs are multiplied
  LinearKernels int8;  // weights and inputs in 8 bits, sums of 32-bit integers

  // Runs a block over `columns` columns, in float32, with the bits of the layers above.
  void (*run_planar)(const PlanarBlock& block, const PlanarPass& pass, size_t columns);

  // Memory without products; see body/limits.inc.
  float (*read_all)(const float* data, size_t count);

  // y[i] = max(x[i], 0), i < count (a multiple of 16).
  void (*relu)(const float* x, float* y, size_t count);

  // y[i] = exp(scale * (x[i] - peak)) where peak is the largest of x, and 0 where that is below
  // 2^-126; lane_sums[l] = sum of y[i] with i % kPanel == l. count: a multiple of kPanel.
  void (*exponentials)(const float* x, float scale, float* y, size_t count, float* peak,
                       float* lane_sums);

  // Error below 4e-6 (1 + |log-probability|).
  Intervals logistic_intervals;
  Intervals gaussian_intervals;

  // y[i] = base[i] + sum over k < count of weights[k] * rows[k * stride + i], i < width (a multiple
  // of kPanel).
  void (*blend)(const float* base, const float* rows, size_t stride, const float* weights,
                size_t count, size_t width, float* y);

  // Whether all values are finite, and above 0 where asked.
  bool (*all_finite)(const double* values, size_t count, bool above_zero);

  MulawKernels mulaw;
  DtwKernels dtw;
  RecurrentKernels recurrent;
  TrajectoryKernels trajectory;
  MixtureKernels mixture;
  TriangularKernels triangular;
};

void fill_generic(Kernels& kernels);
void fill_avx2(Kernels& kernels);
void fill_avx2_vnni(Kernels& kernels);
void fill_avx512(Kernels& kernels);
void fill_avx512_vnni(Kernels& kernels);
void fill_avx512_bf16(Kernels& kernels);
void fill_amx(Kernels& kernels);
void fill_amx_emulated(Kernels& kernels);
void fill_neon(Kernels& kernels);
void fill_neon_dot(Kernels& kernels);

}  // namespace wavenet
