/* Launches the forward pass. */
#ifndef DLSN_CUDA_FORWARD_CUH
#define DLSN_CUDA_FORWARD_CUH

#include "forward_kernels.cuh"
#include "host.cuh"

namespace {

template <typename T> Cut forward_cut(const Problem &p, int device) {
    return cut_for(p, device, LARGEST_FORWARD_STEP, [&](int rows, int step) {
        return bytes_of<ForwardShared, T>(p, rows, step);
    });
}

template <int ROWS, typename A>
cudaError_t launch_forward(const Problem &p, const Inputs<typename A::T> &in, float *parts, float *lse,
                           const Cut &cut, cudaStream_t stream) {
    const cudaError_t status = cudaFuncSetAttribute(
        forward_kernel<ROWS, A>, cudaFuncAttributeMaxDynamicSharedMemorySize, cut.bytes);
    if (status == cudaSuccess)
        DLSN_LAUNCH((forward_kernel<ROWS, A>), Place<ROWS>::count(p), Block<ROWS>::THREADS, cut.bytes,
                    stream, p, in, parts, lse, cut.step);
    return status;
}

template <typename A>
int forward(const DlsnSizes &size, const DlsnForward &tensors, void *workspace, int device,
            cudaStream_t stream) {
    typedef typename A::T T;
    const Problem p(size);
    const Cut cut = forward_cut<T>(p, device);
    if (!cut.rows) return DLSN_TOO_LARGE;
    const Inputs<T> in = {static_cast<const T *>(tensors.query), static_cast<const T *>(tensors.key),
                          static_cast<const T *>(tensors.value),
                          static_cast<const T *>(tensors.fc_score), tensors.order};
    float *parts = static_cast<float *>(workspace), *lse = static_cast<float *>(tensors.lse);
    const cudaError_t status = cut.rows == MANY_ROWS
                                   ? launch_forward<MANY_ROWS, A>(p, in, parts, lse, cut, stream)
                                   : launch_forward<FEW_ROWS, A>(p, in, parts, lse, cut, stream);
    if (status != cudaSuccess) return int(status);
    DLSN_LAUNCH(merge_kernel<T>, blocks_for(size.images * size.length, PIXELS), WARP * PIXELS, 0, stream,
                p, parts, lse, static_cast<T *>(tensors.out));
    return int(cudaGetLastError());
}

}  // namespace

#endif
