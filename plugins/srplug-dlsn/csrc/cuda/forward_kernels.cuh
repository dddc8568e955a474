/* Forward pass of one round, for any type, size and device: scores, their softmax, its sums. What
 * online_kernels.cuh does not take comes here: 16-bit types too, with more than 64 channels, values
 * wider than 256, on devices before compute capability 8.0 or with little shared memory. */
#ifndef DLSN_CUDA_FORWARD_KERNELS_CUH
#define DLSN_CUDA_FORWARD_KERNELS_CUH

#include "rows.cuh"

namespace {

constexpr int KEYS = 64; /* that are scored at a time */
constexpr int LARGEST_FORWARD_STEP = 32;

template <int ROWS, typename T> struct ForwardShared {
    int *near, *own;
    float *top, *sum, *scores;
    T *queries, *blocks; /* two: one is copied while the other is worked on; keys, then values */
    int pitch, score_pitch, value_pitch, block_size;

    __host__ __device__ ForwardShared(Pieces &pieces, const Problem &p, int value_keys) {
        const int near_count = up(3 * p.slots, TILE);
        const int columns = p.width < MAX_WIDTH ? p.width : MAX_WIDTH;
        pitch = pitch_of<T>(p.channels);
        score_pitch = near_count + 4;
        value_pitch = up(columns, TILE) + 8; /* of both types against conflicts of `load_right` */
        near = pieces.take<int>(near_count);
        own = pieces.take<int>(ROWS);
        top = pieces.take<float>(ROWS);
        sum = pieces.take<float>(ROWS);
        scores = pieces.take<float>(ROWS * score_pitch);
        queries = pieces.take<T>(ROWS * pitch);
        const int keys = KEYS * pitch, values = value_keys * value_pitch;
        block_size = keys > values ? keys : values;
        blocks = pieces.take<T>(2 * block_size);
    }
    __device__ T *block(int index) const { return blocks + index % 2 * block_size; }
};

/* To about 2^-22 + 2^-24 |x|. */
__device__ inline float exponential(float x) { return __expf(x); }

/* exp(score - top) of one row per warp, in place; T is not wider than float, and what is overwritten
 * has been read. */
template <typename T>
__device__ void softmax_row(float *scores, int count, float *top, float *sum) {
    float largest = -INFINITY;
    for (int j = lane_index(); j < count; j += WARP) largest = fmaxf(largest, scores[j]);
    largest = over_warp(largest, true);
    T *weights = reinterpret_cast<T *>(scores);
    float total = 0.0f;
    for (int first = 0; first < up(count, TILE); first += WARP) {
        const int j = first + lane_index();
        const float weight = j < count ? exponential(scores[j] - largest) : 0.0f;
        total += weight;
        __syncwarp();
        if (j < up(count, TILE)) weights[j] = narrow<T>(weight);
        __syncwarp();
    }
    total = over_warp(total, false);
    if (lane_index() == 0) {
        *top = largest;
        *sum = total;
    }
}

template <int ROWS, typename A>
__global__ void __launch_bounds__(Block<ROWS>::THREADS, Block<ROWS>::TOGETHER)
    forward_kernel(Problem p, Inputs<typename A::T> in, typename A::T *parts, float *lse,
                   int value_keys) {
    typedef typename A::T T;
    constexpr int THREADS = Block<ROWS>::THREADS;
    DLSN_SHARED(memory);
    Pieces pieces(memory);
    const ForwardShared<ROWS, T> shared(pieces, p, value_keys);
    const Place<ROWS> place(p);
    const int32_t *order = in.order + int64_t(place.turn) * p.length;
    const T *query = in.query + place.image * p.length * p.channels;
    const T *key = in.key + place.image * p.length * p.channels;
    const T *value = in.value + place.image * p.length * p.width;
    const T *fc_score = in.fc_score + place.image * p.length * p.chunk;
    const int count = 3 * p.slots, padded_count = up(count, TILE);

    for (int j = int(threadIdx.x); j < padded_count; j += THREADS)
        shared.near[j] =
            j < count ? pixel_of(p, order, (place.chunk + p.chunks - 1 + j / p.slots) % p.chunks,
                                 j % p.slots)
                      : -1;
    if (threadIdx.x < ROWS) {
        const int slot = place.first_slot + int(threadIdx.x);
        shared.own[threadIdx.x] =
            slot < p.queries(place.chunk) ? pixel_of(p, order, place.chunk, slot) : -1;
    }
    __syncthreads();
    const auto load_keys = [&](int first) {
        const int here = padded_count - first < KEYS ? padded_count - first : KEYS;
        if (here > 0)
            gather<ROWS>(shared.block(first / KEYS), shared.pitch, key, p.channels, 0, p.channels,
                         shared.near + first, here);
        end_copies();
    };
    gather<ROWS>(shared.queries, shared.pitch, query, p.channels, 0, p.channels, shared.own, ROWS);
    load_keys(0);
    /* Sums start at the learned scores; the rows of a warp's threads lie side by side in memory. */
    {
        constexpr int TOGETHER = THREADS / ROWS;
        const int row = int(threadIdx.x) % ROWS, start = int(threadIdx.x) / ROWS;
        const int end = place.first_slot + row < p.slots ? count : 0;
        const T *learned = fc_score + place.first_slot + row;
        float *scores = shared.scores + row * shared.score_pitch;
#pragma unroll 8
        for (int j = start; j < padded_count; j += TOGETHER)
            scores[j] = j < end ? widen(learned[int64_t(shared.near[j]) * p.chunk]) : 0.0f;
    }
    for (int first = 0; first < padded_count; first += KEYS) {
        const int here = padded_count - first < KEYS ? padded_count - first : KEYS;
        load_keys(first + KEYS);
        wait_for_all_but_the_last();
        __syncthreads();
        score<ROWS, A, true>(shared.queries, shared.block(first / KEYS), shared.pitch, p.channels,
                             here, shared.scores + first, shared.score_pitch, 1, 0);
        __syncthreads();
    }
    const T *weights = reinterpret_cast<const T *>(shared.scores);
    const int weight_pitch = shared.score_pitch * int(sizeof(float) / sizeof(T));
    for (int column = 0; column < p.width; column += MAX_WIDTH) {
        const int width = p.width - column < MAX_WIDTH ? p.width - column : MAX_WIDTH;
        const auto load_values = [&](int first) {
            const int here = padded_count - first < value_keys ? padded_count - first : value_keys;
            if (here > 0)
                gather<ROWS>(shared.block(first / value_keys), shared.value_pitch, value, p.width,
                             column, width, shared.near + first, here);
            end_copies();
        };
        load_values(0);
        if (column == 0)
            for (int row = warp_index(); row < ROWS; row += Block<ROWS>::WARPS)
                softmax_row<T>(shared.scores + row * shared.score_pitch, count, shared.top + row,
                               shared.sum + row);
        Sums<ROWS, A> sums;
        sums.clear();
        for (int first = 0; first < padded_count; first += value_keys) {
            const int here = padded_count - first < value_keys ? padded_count - first : value_keys;
            load_values(first + value_keys);
            wait_for_all_but_the_last();
            __syncthreads();
            sums.add(weights + first, weight_pitch, shared.block(first / value_keys),
                     shared.value_pitch, here, width);
            __syncthreads();
        }
        T *to = parts + int64_t(place.turn) * p.length * p.width + column;
        sums.each(width, [&](int row, int d, float x) {
            if (shared.own[row] >= 0)
                to[int64_t(shared.own[row]) * p.width + d] =
                    narrow<T>(x * (1.0f / shared.sum[row]));
        });
        __syncthreads();
    }
    if (threadIdx.x < ROWS && shared.own[threadIdx.x] >= 0)
        lse[int64_t(place.turn) * p.length + shared.own[threadIdx.x]] =
            shared.top[threadIdx.x] + logf(shared.sum[threadIdx.x]);
}

}  // namespace

#endif
