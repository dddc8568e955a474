/* Launches the forward pass. */
#ifndef DLSN_CUDA_FORWARD_CUH
#define DLSN_CUDA_FORWARD_CUH

#include "forward_kernels.cuh"
#include "host.cuh"
#include "merge_kernels.cuh"
#include "online_kernels.cuh"

namespace {

template <typename T> Cut forward_cut(const Problem &p, int device) {
    return cut_for(p, device, LARGEST_FORWARD_STEP,
                   [&](int rows, int step) { return bytes_of<ForwardShared, T>(p, rows, step); });
}

template <int ROWS, typename A>
cudaError_t launch_forward(const Problem &p, const Inputs<typename A::T> &in, typename A::T *parts,
                           float *lse, const Cut &cut, cudaStream_t stream) {
    const cudaError_t status = cudaFuncSetAttribute(
        forward_kernel<ROWS, A>, cudaFuncAttributeMaxDynamicSharedMemorySize, cut.bytes);
    if (status == cudaSuccess)
        DLSN_LAUNCH((forward_kernel<ROWS, A>), Place<ROWS>::count(p), Block<ROWS>::THREADS,
                    cut.bytes, stream, p, in, parts, lse, cut.step);
    return status;
}

template <typename Cut, typename A>
cudaError_t launch_online(const Problem &p, const Inputs<typename A::T> &in, typename A::T *parts,
                          float *lse, int device, cudaStream_t stream) {
    Pieces pieces(nullptr);
    (void)OnlineShared<Cut, typename A::T>(pieces, p);
    if (pieces.used() > shared_limit(device)) return NOT_LAUNCHED;
    const cudaError_t status = cudaFuncSetAttribute(
        online_kernel<Cut, A>, cudaFuncAttributeMaxDynamicSharedMemorySize, pieces.used());
    if (status == cudaSuccess)
        DLSN_LAUNCH((online_kernel<Cut, A>), Place<Cut::ROWS>::count(p), Cut::THREADS,
                    pieces.used(), stream, p, in, parts, lse);
    return status;
}

/* The kernel that keeps scores in registers, or NOT_LAUNCHED where sizes or device are none of its:
 * more channels or wider values, compute capability 7.5, too little shared memory. The published
 * network has 256 columns; a second width is for small networks, and more would make the library larger. */
template <typename A>
cudaError_t launch_online(const Problem &p, const Inputs<typename A::T> &in, typename A::T *parts,
                          float *lse, int device, cudaStream_t stream) {
    if (p.channels > ONLINE_CHANNELS || p.width > MAX_WIDTH || !has_units(device))
        return NOT_LAUNCHED;
    constexpr int KEYS = sizeof(typename A::T) == sizeof(float) ? 16 : 32;
    if (p.width <= 64)
        return launch_online<OnlineCut<KEYS, 64>, A>(p, in, parts, lse, device, stream);
    return launch_online<OnlineCut<KEYS, MAX_WIDTH>, A>(p, in, parts, lse, device, stream);
}

template <typename T>
void launch_merge(const Problem &p, const T *parts, const float *lse, T *out, cudaStream_t stream) {
    const int64_t blocks = blocks_for(int64_t(p.images) * p.length, PIXELS);
    if (is_aligned(parts) && is_aligned(out) && p.width % Pack<T>::SIZE == 0)
        DLSN_LAUNCH((merge_kernel<T, Pack<T>>), blocks, WARP * PIXELS, 0, stream, p, parts, lse,
                    out);
    else
        DLSN_LAUNCH((merge_kernel<T, One<T>>), blocks, WARP * PIXELS, 0, stream, p, parts, lse,
                    out);
}

template <typename A>
int forward(const DlsnSizes &size, const DlsnForward &tensors, void *workspace, int device,
            cudaStream_t stream) {
    typedef typename A::T T;
    const Problem p(size);
    const Inputs<T> in = {static_cast<const T *>(tensors.query),
                          static_cast<const T *>(tensors.key),
                          static_cast<const T *>(tensors.value),
                          static_cast<const T *>(tensors.fc_score), tensors.order};
    T *parts = static_cast<T *>(workspace);
    float *lse = static_cast<float *>(tensors.lse);
    cudaError_t status = launch_online<A>(p, in, parts, lse, device, stream);
    if (status == NOT_LAUNCHED) {
        const Cut cut = forward_cut<T>(p, device);
        if (!cut.rows) return DLSN_TOO_LARGE;
        status = cut.rows == MANY_ROWS
                     ? launch_forward<MANY_ROWS, A>(p, in, parts, lse, cut, stream)
                     : launch_forward<FEW_ROWS, A>(p, in, parts, lse, cut, stream);
    }
    if (status != cudaSuccess) return int(status);
    launch_merge(p, parts, lse, static_cast<T *>(tensors.out), stream);
    return int(cudaGetLastError());
}

}  // namespace

#endif
