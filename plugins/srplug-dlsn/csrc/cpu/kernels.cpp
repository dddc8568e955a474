/* The kernels of one instruction set. CMakeLists.txt compiles this file once for each, with the
 * compiler's flags for it, DLSN_VECTOR_BYTES, DLSN_TILE_ROWS (rows of a product that stay in
 * registers) and DLSN_KERNELS, the name of the table below. */
#include "kernels.h"

#include "backward.h"
#include "forward.h"
#include "hashing.h"

#ifndef DLSN_KERNELS
#define DLSN_KERNELS dlsn_kernels_base
#endif

namespace {

int forward_any(int type, const DlsnSizes *size, const DlsnForward *tensors, int threads) {
    if (type == DLSN_FLOAT32) return forward<float>(*size, *tensors, threads);
    if (type == DLSN_FLOAT64) return forward<double>(*size, *tensors, threads);
    return DLSN_UNSUPPORTED;
}

int backward_any(int type, const DlsnSizes *size, const DlsnBackward *tensors, int threads) {
    if (type == DLSN_FLOAT32) return backward<float>(*size, *tensors, threads);
    if (type == DLSN_FLOAT64) return backward<double>(*size, *tensors, threads);
    return DLSN_UNSUPPORTED;
}

}  // namespace

extern const DlsnCpuKernels DLSN_KERNELS = {hash_order, forward_any, backward_any};
