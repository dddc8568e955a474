/* The last kernel of the forward pass, which merges the rounds, and what both passes need for it. */
#ifndef DLSN_CUDA_MERGE_KERNELS_CUH
#define DLSN_CUDA_MERGE_KERNELS_CUH

#include "rows.cuh"

namespace {

/* What one thread loads or stores at once. */
template <typename T> struct alignas(COPY_BYTES) Pack {
    static constexpr int SIZE = COPY_BYTES / int(sizeof(T));
    T at[SIZE];
};
template <typename T> struct One {
    static constexpr int SIZE = 1;
    T at[1];
};
inline bool is_aligned(const void *pointer) {
    return reinterpret_cast<uintptr_t>(pointer) % COPY_BYTES == 0;
}

/* log(sum exp) over the rounds of a pixel. */
__device__ inline float combine(const float *lse, int rounds, int length) {
    float top = lse[0], sum = 0.0f;
    for (int round = 1; round < rounds; ++round) top = fmaxf(top, lse[int64_t(round) * length]);
    for (int round = 0; round < rounds; ++round) sum += expf(lse[int64_t(round) * length] - top);
    return top + logf(sum);
}

/* One warp per pixel: out = sum over rounds of exp(lse - combined) * part. P: Pack or One. */
template <typename T, typename P>
__global__ void merge_kernel(Problem p, const T *parts, const float *lse, T *out) {
    const int pixel = int(blockIdx.x) * PIXELS + warp_index();
    if (pixel >= p.images * p.length) return;
    const int image = pixel / p.length, position = pixel % p.length;
    const float *own = lse + int64_t(image) * p.rounds * p.length + position;
    const float combined = combine(own, p.rounds, p.length);
    for (int d = lane_index() * P::SIZE; d < p.width; d += WARP * P::SIZE) {
        const T *part = parts + (int64_t(image) * p.rounds * p.length + position) * p.width + d;
        float sum[P::SIZE] = {};
#pragma unroll 4
        for (int round = 0; round < p.rounds; ++round) {
            const P here = *reinterpret_cast<const P *>(part + int64_t(round) * p.length * p.width);
            const float weight = expf(own[int64_t(round) * p.length] - combined);
#pragma unroll
            for (int i = 0; i < P::SIZE; ++i) sum[i] += weight * widen(here.at[i]);
        }
        P result;
#pragma unroll
        for (int i = 0; i < P::SIZE; ++i) result.at[i] = narrow<T>(sum[i]);
        *reinterpret_cast<P *>(out + int64_t(pixel) * p.width + d) = result;
    }
}

}  // namespace

#endif
