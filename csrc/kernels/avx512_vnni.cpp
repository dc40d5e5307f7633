// The AVX-512 kernels once more, compiled for processors with the integer dot product.
#ifndef __AVX512VNNI__
#error "compile this file with -mavx512vnni"
#endif
#include "kernels/avx512.cpp"
