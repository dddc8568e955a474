/* Launches the forward pass. */
#ifndef DLSN_CUDA_FORWARD_CUH
#define DLSN_CUDA_FORWARD_CUH

#include "forward_kernels.cuh"
#include "host.cuh"

namespace {

template <typename T>
int forward(const DlsnSizes &size, const DlsnForward &tensors, void *workspace, int device,
            cudaStream_t stream) {
    const Problem p(size);
    int value_keys = 32, bytes = 0;
    for (; value_keys >= TILE; value_keys /= 2) {
        Pieces count(nullptr);
        ForwardShared<T> layout(count, p, value_keys);
        (void)layout;
        bytes = count.used();
        if (bytes <= shared_limit(device)) break;
    }
    if (value_keys < TILE) return DLSN_TOO_LARGE;
    const cudaError_t status = cudaFuncSetAttribute(
        forward_kernel<T>, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
    if (status != cudaSuccess) return int(status);
    const Inputs<T> in = {static_cast<const T *>(tensors.query), static_cast<const T *>(tensors.key),
                          static_cast<const T *>(tensors.value),
                          static_cast<const T *>(tensors.fc_score), tensors.order};
    float *parts = static_cast<float *>(workspace), *lse = static_cast<float *>(tensors.lse);
    const int64_t units = int64_t(p.images) * p.rounds * p.chunks * p.row_tiles;
    DLSN_LAUNCH(forward_kernel<T>, units, THREADS, bytes, stream, p, in, parts, lse, value_keys);
    DLSN_LAUNCH(merge_kernel<T>, blocks_for(size.images * size.length, WARPS), THREADS, 0, stream, p,
                parts, lse, static_cast<T *>(tensors.out));
    return int(cudaGetLastError());
}

}  // namespace

#endif
