// The NEON kernels once more, compiled for processors with the integer dot product.
#ifndef __ARM_FEATURE_DOTPROD
#error "compile this file with -march=armv8.2-a+dotprod"
#endif
#include "kernels/neon.cpp"
