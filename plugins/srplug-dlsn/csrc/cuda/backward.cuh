/* Launches the backward pass. */
#ifndef DLSN_CUDA_BACKWARD_CUH
#define DLSN_CUDA_BACKWARD_CUH

#include "backward_kernels.cuh"
#include "host.cuh"

namespace {

/* Float tables of the backward pass, one after the other in the workspace. */
struct Tables {
    int64_t combined, delta, key_copies, value_copies, score_copies, query, key, value, fc_score, end;

    Tables(const DlsnSizes &size, bool is_float) {
        const Problem p(size);
        const int64_t pixels = size.images * size.length, copies = size.images * p.padding;
        const int64_t kept = is_float ? 0 : pixels; /* float32 gradients are summed in place */
        combined = 0;
        delta = combined + pixels;
        key_copies = delta + pixels;
        value_copies = key_copies + copies * size.channels;
        score_copies = value_copies + copies * size.width;
        query = score_copies + copies * size.chunk;
        key = query + kept * size.channels;
        value = key + kept * size.channels;
        fc_score = value + kept * size.width;
        end = fc_score + kept * size.chunk;
    }
};

template <typename T>
int backward(const DlsnSizes &size, const DlsnBackward &tensors, void *workspace, int device,
             cudaStream_t stream) {
    constexpr bool is_float = sizeof(T) == sizeof(float);
    const Problem p(size);
    if (p.width > MAX_WIDTH || p.channels > MAX_WIDTH) return DLSN_TOO_LARGE;
    int block = is_float ? 32 : 64, bytes = 0;
    for (; block >= TILE; block /= 2) {
        Pieces count(nullptr);
        BackwardShared<T> layout(count, p, block);
        (void)layout;
        bytes = count.used();
        if (bytes <= shared_limit(device)) break;
    }
    if (block < TILE) return DLSN_TOO_LARGE;
    for (const void *kernel : {reinterpret_cast<const void *>(key_kernel<T>),
                               reinterpret_cast<const void *>(query_kernel<T>)}) {
        const cudaError_t status =
            cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes);
        if (status != cudaSuccess) return int(status);
    }
    const Tables tables(size, is_float);
    float *floats = static_cast<float *>(workspace);
    const cudaError_t cleared = cudaMemsetAsync(
        floats + tables.key_copies, 0,
        size_t(tables.end - tables.key_copies) * sizeof(float), stream);
    if (cleared != cudaSuccess) return int(cleared);
    const auto sums = [&](void *gradient, int64_t table) {
        return is_float ? static_cast<float *>(gradient) : floats + table;
    };
    Backward<T> b = {
        {static_cast<const T *>(tensors.query), static_cast<const T *>(tensors.key),
         static_cast<const T *>(tensors.value), static_cast<const T *>(tensors.fc_score),
         tensors.order},
        static_cast<const T *>(tensors.grad_out),
        floats + tables.combined,
        floats + tables.delta,
        sums(tensors.grad_query, tables.query),
        sums(tensors.grad_key, tables.key),
        sums(tensors.grad_value, tables.value),
        sums(tensors.grad_fc_score, tables.fc_score),
        floats + tables.key_copies,
        floats + tables.value_copies,
        floats + tables.score_copies,
        0,
        block,
    };
    DLSN_LAUNCH(prepare_kernel<T>, blocks_for(size.images * size.length, WARPS), THREADS, 0, stream,
                p, b.grad_out, static_cast<const T *>(tensors.out),
                static_cast<const float *>(tensors.lse), floats + tables.combined,
                floats + tables.delta);
    const int64_t units = int64_t(p.images) * p.chunks * p.row_tiles;
    const struct {
        float *copies, *gradient;
        int width;
    } padded[] = {{b.key_copies, b.grad_key, p.channels},
                  {b.value_copies, b.grad_value, p.width},
                  {b.score_copies, b.grad_fc_score, p.chunk}};
    for (int round = 0; round < p.rounds; ++round) {
        b.round = round;
        DLSN_LAUNCH(key_kernel<T>, units, THREADS, bytes, stream, p, b);
        DLSN_LAUNCH(query_kernel<T>, units, THREADS, bytes, stream, p, b);
        if (p.padding)
            for (const auto &of : padded)
                DLSN_LAUNCH(copies_kernel, blocks_for(int64_t(p.images) * of.width, THREADS), THREADS,
                            0, stream, p, b.in.order, round, of.copies, of.gradient, of.width);
    }
    if (!is_float) {
        const int64_t pixels = size.images * size.length;
        const struct {
            const float *from;
            void *to;
            int64_t count;
        } results[] = {{b.grad_query, tensors.grad_query, pixels * size.channels},
                       {b.grad_key, tensors.grad_key, pixels * size.channels},
                       {b.grad_value, tensors.grad_value, pixels * size.width},
                       {b.grad_fc_score, tensors.grad_fc_score, pixels * size.chunk}};
        for (const auto &result : results)
            DLSN_LAUNCH(narrow_kernel<T>, blocks_for(result.count, THREADS), THREADS, 0, stream,
                        result.from, static_cast<T *>(result.to), result.count);
    }
    return int(cudaGetLastError());
}

}  // namespace

#endif
