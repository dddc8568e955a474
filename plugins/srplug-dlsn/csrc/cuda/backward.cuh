/* Launches the backward pass. */
#ifndef DLSN_CUDA_BACKWARD_CUH
#define DLSN_CUDA_BACKWARD_CUH

#include "backward_kernels.cuh"
#include "host.cuh"

namespace {

/* Float tables of the backward pass, one after the other in the workspace. */
struct Tables {
    int64_t combined, delta, query, key, value, fc_score, end;

    explicit Tables(const Problem &p) {
        const int64_t pixels = int64_t(p.images) * p.length, turns = int64_t(p.images) * p.rounds;
        const int64_t rows = turns * (p.length + p.padding);
        combined = 0;
        delta = combined + pixels;
        query = delta + pixels;
        key = query + turns * p.length * p.channels;
        value = key + rows * p.channels;
        fc_score = value + rows * p.width;
        end = fc_score + rows * p.slots;
    }
};

template <typename T> Cut backward_cut(const Problem &p, int device) {
    if (p.width > MAX_WIDTH || p.channels > MAX_WIDTH) return {0, 0, 0};
    return cut_for(p, device, sizeof(T) == sizeof(float) ? LARGEST_STEP / 2 : LARGEST_STEP,
                   [&](int rows, int step) { return bytes_of<BackwardShared, T>(p, rows, step); });
}

template <int ROWS, typename A>
cudaError_t launch_gradients(const Problem &p, const Backward<typename A::T> &b, const Cut &cut,
                             cudaStream_t stream) {
    for (const void *kernel : {reinterpret_cast<const void *>(key_kernel<ROWS, A>),
                               reinterpret_cast<const void *>(query_kernel<ROWS, A>)}) {
        const cudaError_t status =
            cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, cut.bytes);
        if (status != cudaSuccess) return status;
    }
    const int64_t blocks = Place<ROWS>::count(p);
    DLSN_LAUNCH((key_kernel<ROWS, A>), blocks, Block<ROWS>::THREADS, cut.bytes, stream, p, b);
    DLSN_LAUNCH((query_kernel<ROWS, A>), blocks, Block<ROWS>::THREADS, cut.bytes, stream, p, b);
    return cudaSuccess;
}

template <typename A>
int backward(const DlsnSizes &size, const DlsnBackward &tensors, void *workspace, int device,
             cudaStream_t stream) {
    typedef typename A::T T;
    const Problem p(size);
    const Cut cut = backward_cut<T>(p, device);
    if (!cut.rows) return DLSN_TOO_LARGE;
    const Tables tables(p);
    float *floats = static_cast<float *>(workspace);
    const Backward<T> b = {
        {static_cast<const T *>(tensors.query), static_cast<const T *>(tensors.key),
         static_cast<const T *>(tensors.value), static_cast<const T *>(tensors.fc_score),
         tensors.order},
        static_cast<const T *>(tensors.grad_out),
        floats + tables.combined,
        floats + tables.delta,
        floats + tables.query,
        floats + tables.key,
        floats + tables.value,
        floats + tables.fc_score,
        cut.step,
    };
    DLSN_LAUNCH(prepare_kernel<T>, blocks_for(size.images * size.length, PIXELS), WARP * PIXELS, 0, stream,
                p, b.grad_out, static_cast<const T *>(tensors.out),
                static_cast<const float *>(tensors.lse), floats + tables.combined,
                floats + tables.delta);
    const cudaError_t status = cut.rows == MANY_ROWS ? launch_gradients<MANY_ROWS, A>(p, b, cut, stream)
                                              : launch_gradients<FEW_ROWS, A>(p, b, cut, stream);
    if (status != cudaSuccess) return int(status);
    const Gradient<T> gradients[] = {
        {b.query, static_cast<T *>(tensors.grad_query), p.channels, p.channels, 0},
        {b.key, static_cast<T *>(tensors.grad_key), p.channels, p.channels, p.padding},
        {b.value, static_cast<T *>(tensors.grad_value), p.width, p.width, p.padding},
        {b.fc_score, static_cast<T *>(tensors.grad_fc_score), p.slots, p.chunk, p.padding}};
    for (const Gradient<T> &of : gradients) {
        const int64_t copies = size.images * size.rounds * of.padding * of.width;
        if (copies)
            DLSN_LAUNCH(copies_kernel<T>, blocks_for(copies, WARP * PIXELS), WARP * PIXELS, 0, stream, p,
                        b.in.order, of);
        DLSN_LAUNCH(sum_kernel<T>, blocks_for(size.images * size.length * of.columns, WARP * PIXELS),
                    WARP * PIXELS, 0, stream, p, of);
    }
    return int(cudaGetLastError());
}

}  // namespace

#endif
