#define DLSN_VECTOR_BYTES 16
#define DLSN_TILE_ROWS 4
#define DLSN_KERNELS dlsn_kernels_base
#include "attention.inc"
