/* What comes before and after the rounds: the kernels that merge results and add up gradients, and
 * the one that prepares the backward pass. */
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

/* One warp per pixel: combined log-sum-exp and grad_out . out. */
template <typename T, typename P>
__global__ void prepare_kernel(Problem p, const T *grad_out, const T *out, const float *lse,
                               float *combined, float *delta) {
    const int pixel = int(blockIdx.x) * PIXELS + warp_index();
    if (pixel >= p.images * p.length) return;
    float sum = 0.0f;
    for (int d = lane_index() * P::SIZE; d < p.width; d += WARP * P::SIZE) {
        const P gradient = *reinterpret_cast<const P *>(grad_out + int64_t(pixel) * p.width + d);
        const P result = *reinterpret_cast<const P *>(out + int64_t(pixel) * p.width + d);
#pragma unroll
        for (int i = 0; i < P::SIZE; ++i) sum += widen(gradient.at[i]) * widen(result.at[i]);
    }
    sum = over_warp(sum, false);
    if (lane_index() == 0) {
        delta[pixel] = sum;
        combined[pixel] =
            combine(lse + int64_t(pixel / p.length) * p.rounds * p.length + pixel % p.length,
                    p.rounds, p.length);
    }
}

/* A gradient: its rounds, and where their sum goes. */
template <typename T> struct Gradient {
    T *rounds; /* (N, h, L + padding, width) */
    T *sum;    /* (N, L, columns) */
    int width, columns, padding;
};

/* What copies of pixels in padded slots gathered goes to the pixels, of which each has one copy. */
template <typename T>
__global__ void copies_kernel(Problem p, const int32_t *order, Gradient<T> of) {
    const int64_t e = int64_t(blockIdx.x) * WARP * PIXELS + threadIdx.x;
    if (e >= int64_t(p.images) * p.rounds * of.padding * of.width) return;
    const int64_t d = e % of.width, turn = e / of.width / of.padding;
    const int i = int(e / of.width % of.padding);
    const int pixel = pixel_of(p, order + turn * p.length, 0, p.length + i);
    T *rows = of.rounds + turn * (p.length + of.padding) * of.width + d;
    T &sum = rows[int64_t(pixel) * of.width];
    sum = narrow<T>(widen(sum) + widen(rows[int64_t(p.length + i) * of.width]));
}

/* One thread per P: sums over the rounds. Columns beyond `width` are zeros. */
template <typename T, typename P> __global__ void sum_kernel(Problem p, Gradient<T> of) {
    const int packs = of.columns / P::SIZE;
    const int64_t e = int64_t(blockIdx.x) * WARP * PIXELS + threadIdx.x;
    if (e >= int64_t(p.images) * p.length * packs) return;
    const int d = int(e % packs) * P::SIZE, pixel = int(e / packs);
    const int64_t next = int64_t(p.length + of.padding) * of.width;
    const T *own = of.rounds + int64_t(pixel / p.length) * p.rounds * next +
                   int64_t(pixel % p.length) * of.width + d;
    float sum[P::SIZE] = {};
    if (d < of.width)
#pragma unroll 4
        for (int round = 0; round < p.rounds; ++round) {
            const P here = *reinterpret_cast<const P *>(own + round * next);
#pragma unroll
            for (int i = 0; i < P::SIZE; ++i) sum[i] += widen(here.at[i]);
        }
    P result;
#pragma unroll
    for (int i = 0; i < P::SIZE; ++i) result.at[i] = narrow<T>(sum[i]);
    *reinterpret_cast<P *>(of.sum + int64_t(pixel) * of.columns + d) = result;
}

}  // namespace

#endif
