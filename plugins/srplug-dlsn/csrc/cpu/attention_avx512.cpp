#define DLSN_VECTOR_BYTES 64
#define DLSN_TILE_ROWS 12
#define DLSN_KERNELS dlsn_kernels_avx512
#include "attention.inc"
