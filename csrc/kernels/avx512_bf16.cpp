// The AVX-512 kernels once more, compiled for processors that multiply bytes and bfloat16.
#if !defined(__AVX512VNNI__) || !defined(__AVX512BF16__)
#error "compile this file with -mavx512vnni -mavx512bf16"
#endif
#include "kernels/avx512.cpp"
