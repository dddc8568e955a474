#define DLSN_VECTOR_BYTES 32
#define DLSN_TILE_ROWS 6
#define DLSN_KERNELS dlsn_kernels_avx2
#include "attention.inc"
