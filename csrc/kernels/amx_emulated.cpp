// The AMX kernels once more, with emulated tiles, for the tests of processors that lack AMX.
#ifdef __AMX_TILE__
#error "compile this file without the AMX flags"
#endif
#include "kernels/amx.cpp"
