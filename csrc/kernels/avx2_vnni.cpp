// The AVX2 kernels once more, compiled for processors with the integer dot product.
#ifndef __AVXVNNI__
#error "compile this file with -mavxvnni"
#endif
#include "kernels/avx2.cpp"
