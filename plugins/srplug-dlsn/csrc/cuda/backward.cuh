/* Launches the backward pass. */
#ifndef DLSN_CUDA_BACKWARD_CUH
#define DLSN_CUDA_BACKWARD_CUH

#include "backward_kernels.cuh"
#include "host.cuh"
#include "merge_kernels.cuh"
#include "online_key_kernel.cuh"
#include "online_query_kernel.cuh"

namespace {

/* Tables of the backward pass, one after the other in the workspace; in bytes. */
struct Tables {
    int64_t combined, delta, query, key, value, fc_score, scores, end;

    Tables(const Problem &p, int element) {
        const int64_t pixels = int64_t(p.images) * p.length, turns = int64_t(p.images) * p.rounds;
        const int64_t rows = turns * (p.length + p.padding), tiles = score_tiles(p);
        end = 0;
        combined = take(pixels, sizeof(float));
        delta = take(pixels, sizeof(float));
        query = take(turns * p.length * p.channels, element);
        key = take(rows * p.channels, element);
        value = take(rows * p.width, element);
        fc_score = take(rows * p.slots, element);
        const bool is_online =
            element == 2 && p.channels <= ONLINE_CHANNELS && p.width <= MAX_WIDTH;
        scores = take(is_online ? turns * p.chunks * 3 * tiles * tiles * TILE * TILE : 0, element);
    }

  private:
    int64_t take(int64_t count, int64_t element) {
        const int64_t start = end;
        end += (count * element + 127) / 128 * 128;
        return start;
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

template <typename Cut, typename T>
cudaError_t launch_online(const Problem &p, const OnlineBackward<T> &b, int device,
                          cudaStream_t stream) {
    Pieces of_keys(nullptr), of_queries(nullptr);
    (void)OnlineKeyShared<Cut, T>(of_keys, p);
    (void)OnlineQueryShared<T>(of_queries, p);
    const int limit = shared_limit(device);
    if (of_keys.used() > limit || of_queries.used() > limit) return NOT_LAUNCHED;
    cudaError_t status = cudaFuncSetAttribute(
        online_key_kernel<Cut, T>, cudaFuncAttributeMaxDynamicSharedMemorySize, of_keys.used());
    if (status == cudaSuccess)
        status = cudaFuncSetAttribute(
            online_query_kernel<T>, cudaFuncAttributeMaxDynamicSharedMemorySize, of_queries.used());
    if (status != cudaSuccess) return status;
    DLSN_LAUNCH((online_key_kernel<Cut, T>), Place<Cut::ROWS>::count(p), Cut::THREADS,
                of_keys.used(), stream, p, b);
    DLSN_LAUNCH(online_query_kernel<T>, Place<Cut::ROWS>::count(p), Cut::THREADS, of_queries.used(),
                stream, p, b);
    return cudaSuccess;
}

/* The kernels of 16-bit types, or NOT_LAUNCHED where the sizes or the device are none of theirs, as in
 * the forward pass. There are none for float32. */
template <typename T>
cudaError_t launch_online(const Problem &p, const OnlineBackward<T> &b, int device,
                          cudaStream_t stream) {
    if (p.channels > ONLINE_CHANNELS || p.width > MAX_WIDTH || !has_units(device))
        return NOT_LAUNCHED;
    if (p.width <= 64) return launch_online<OnlineCut<32, 64>>(p, b, device, stream);
    return launch_online<OnlineCut<32, MAX_WIDTH>>(p, b, device, stream);
}
inline cudaError_t launch_online(const Problem &, const OnlineBackward<float> &, int,
                                 cudaStream_t) {
    return NOT_LAUNCHED;
}

template <typename T>
void launch_sum(const Problem &p, const Gradient<T> &of, const int32_t *order,
                cudaStream_t stream) {
    const int64_t copies = int64_t(p.images) * p.rounds * of.padding * of.width;
    const int64_t pixels = int64_t(p.images) * p.length;
    if (copies)
        DLSN_LAUNCH(copies_kernel<T>, blocks_for(copies, WARP * PIXELS), WARP * PIXELS, 0, stream,
                    p, order, of);
    constexpr int PACK = Pack<T>::SIZE;
    if (is_aligned(of.rounds) && is_aligned(of.sum) && of.width % PACK == 0 &&
        of.columns % PACK == 0)
        DLSN_LAUNCH((sum_kernel<T, Pack<T>>),
                    blocks_for(pixels * (of.columns / PACK), WARP * PIXELS), WARP * PIXELS, 0,
                    stream, p, of);
    else
        DLSN_LAUNCH((sum_kernel<T, One<T>>), blocks_for(pixels * of.columns, WARP * PIXELS),
                    WARP * PIXELS, 0, stream, p, of);
}

template <typename A>
int backward(const DlsnSizes &size, const DlsnBackward &tensors, void *workspace, int device,
             cudaStream_t stream) {
    typedef typename A::T T;
    const Problem p(size);
    const Tables tables(p, int(sizeof(T)));
    unsigned char *bytes = static_cast<unsigned char *>(workspace);
    const auto floats = [&](int64_t start) { return reinterpret_cast<float *>(bytes + start); };
    const auto table = [&](int64_t start) { return reinterpret_cast<T *>(bytes + start); };
    const Inputs<T> in = {static_cast<const T *>(tensors.query),
                          static_cast<const T *>(tensors.key),
                          static_cast<const T *>(tensors.value),
                          static_cast<const T *>(tensors.fc_score), tensors.order};
    const OnlineBackward<T> b = {in,
                                 static_cast<const T *>(tensors.grad_out),
                                 floats(tables.combined),
                                 floats(tables.delta),
                                 table(tables.query),
                                 table(tables.key),
                                 table(tables.value),
                                 table(tables.fc_score),
                                 table(tables.scores)};
    const T *out = static_cast<const T *>(tensors.out);
    const float *lse = static_cast<const float *>(tensors.lse);
    const int64_t blocks = blocks_for(size.images * size.length, PIXELS);
    if (is_aligned(b.grad_out) && is_aligned(out) && p.width % Pack<T>::SIZE == 0)
        DLSN_LAUNCH((prepare_kernel<T, Pack<T>>), blocks, WARP * PIXELS, 0, stream, p, b.grad_out,
                    out, lse, floats(tables.combined), floats(tables.delta));
    else
        DLSN_LAUNCH((prepare_kernel<T, One<T>>), blocks, WARP * PIXELS, 0, stream, p, b.grad_out,
                    out, lse, floats(tables.combined), floats(tables.delta));
    cudaError_t status = launch_online(p, b, device, stream);
    if (status == NOT_LAUNCHED) {
        const Cut cut = backward_cut<T>(p, device);
        if (!cut.rows) return DLSN_TOO_LARGE;
        const Backward<T> of_any = {in,    b.grad_out, b.combined, b.delta, b.query,
                                    b.key, b.value,    b.fc_score, cut.step};
        status = cut.rows == MANY_ROWS ? launch_gradients<MANY_ROWS, A>(p, of_any, cut, stream)
                                       : launch_gradients<FEW_ROWS, A>(p, of_any, cut, stream);
    }
    if (status != cudaSuccess) return int(status);
    const Gradient<T> gradients[] = {
        {b.query, static_cast<T *>(tensors.grad_query), p.channels, p.channels, 0},
        {b.key, static_cast<T *>(tensors.grad_key), p.channels, p.channels, p.padding},
        {b.value, static_cast<T *>(tensors.grad_value), p.width, p.width, p.padding},
        {b.fc_score, static_cast<T *>(tensors.grad_fc_score), p.slots, p.chunk, p.padding}};
    for (const Gradient<T> &of : gradients) launch_sum(p, of, in.order, stream);
    return int(cudaGetLastError());
}

}  // namespace

#endif
