/* Forward pass: softmax of the scores of each round, then one kernel that merges the rounds. */
#ifndef DLSN_CUDA_FORWARD_KERNELS_CUH
#define DLSN_CUDA_FORWARD_KERNELS_CUH

#include "rows.cuh"

namespace {

constexpr int KEYS = 64; /* that are scored at a time */

template <typename T> struct ForwardShared {
    int *near, *own;
    float *top, *sum, *scores;
    T *queries, *block;
    int pitch, score_pitch, value_pitch;

    __host__ __device__ ForwardShared(Pieces &pieces, const Problem &p, int value_keys) {
        const int near_count = up(3 * p.slots, TILE);
        const int columns = p.width < MAX_WIDTH ? p.width : MAX_WIDTH;
        pitch = pitch_of<T>(p.channels);
        score_pitch = near_count + 4;
        value_pitch = pitch_of<T>(columns);
        near = pieces.take<int>(near_count);
        own = pieces.take<int>(ROWS);
        top = pieces.take<float>(ROWS);
        sum = pieces.take<float>(ROWS);
        scores = pieces.take<float>(ROWS * score_pitch);
        queries = pieces.take<T>(ROWS * pitch);
        /* keys, then values, then results, one after the other */
        const int keys = KEYS * pitch * int(sizeof(T));
        const int values = value_keys * value_pitch * int(sizeof(T));
        const int stage = WARPS * TILE * TILE * int(sizeof(float));
        const int most = keys > values ? keys : values;
        block = reinterpret_cast<T *>(pieces.take<unsigned char>(most > stage ? most : stage));
    }
};

/* exp(score - top) of one row per warp, in place; T is not wider than float, and what is overwritten
 * has been read. */
template <typename T>
__device__ void softmax_row(float *scores, int count, float *top, float *sum) {
    float largest = -INFINITY;
    for (int j = lane_index(); j < count; j += 32) largest = fmaxf(largest, scores[j]);
    largest = over_warp(largest, true);
    T *weights = reinterpret_cast<T *>(scores);
    float total = 0.0f;
    for (int first = 0; first < up(count, TILE); first += 32) {
        const int j = first + lane_index();
        const float weight = j < count ? expf(scores[j] - largest) : 0.0f;
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

template <typename T>
__global__ void __launch_bounds__(THREADS)
forward_kernel(Problem p, Inputs<T> in, float *parts, float *lse, int value_keys) {
    DLSN_SHARED(memory);
    Pieces pieces(memory);
    const ForwardShared<T> shared(pieces, p, value_keys);
    const int row_tile = int(blockIdx.x) % p.row_tiles, chunk = int(blockIdx.x) / p.row_tiles % p.chunks;
    const int turn = int(blockIdx.x) / (p.row_tiles * p.chunks); /* image * rounds + round */
    const int64_t image = turn / p.rounds;
    const int32_t *order = in.order + int64_t(turn) * p.length;
    const T *query = in.query + image * p.length * p.channels;
    const T *key = in.key + image * p.length * p.channels;
    const T *value = in.value + image * p.length * p.width;
    const T *fc_score = in.fc_score + image * p.length * p.chunk;
    const int count = 3 * p.slots, padded_count = up(count, TILE);
    const int first_slot = row_tile * ROWS;

    for (int j = int(threadIdx.x); j < padded_count; j += THREADS)
        shared.near[j] =
            j < count ? pixel_of(p, order, (chunk + p.chunks - 1 + j / p.slots) % p.chunks, j % p.slots)
                      : -1;
    if (threadIdx.x < ROWS) {
        const int slot = first_slot + int(threadIdx.x);
        shared.own[threadIdx.x] = slot < p.queries(chunk) ? pixel_of(p, order, chunk, slot) : -1;
    }
    __syncthreads();
    gather(shared.queries, shared.pitch, query, p.channels, 0, p.channels, shared.own, ROWS);
    for (int first = 0; first < padded_count; first += KEYS) {
        const int here = padded_count - first < KEYS ? padded_count - first : KEYS;
        __syncthreads();
        gather(shared.block, shared.pitch, key, p.channels, 0, p.channels, shared.near + first, here);
        __syncthreads();
        score(shared.queries, shared.block, shared.pitch, p.channels, here, shared.scores + first,
              shared.score_pitch);
    }
    __syncthreads();
    for (int e = int(threadIdx.x); e < ROWS * count; e += THREADS) {
        const int row = e % ROWS, j = e / ROWS;
        if (first_slot + row < p.slots)
            shared.scores[row * shared.score_pitch + j] +=
                widen(fc_score[int64_t(shared.near[j]) * p.chunk + first_slot + row]);
    }
    __syncthreads();
    for (int row = warp_index(); row < ROWS; row += WARPS)
        softmax_row<T>(shared.scores + row * shared.score_pitch, count, shared.top + row,
                       shared.sum + row);
    const T *weights = reinterpret_cast<const T *>(shared.scores);
    const int weight_pitch = shared.score_pitch * int(sizeof(float) / sizeof(T));
    for (int column = 0; column < p.width; column += MAX_WIDTH) {
        const int width = p.width - column < MAX_WIDTH ? p.width - column : MAX_WIDTH;
        Sums<T> sums;
        sums.clear();
        for (int first = 0; first < padded_count; first += value_keys) {
            const int here = padded_count - first < value_keys ? padded_count - first : value_keys;
            __syncthreads();
            gather(shared.block, shared.value_pitch, value, p.width, column, width,
                   shared.near + first, here);
            __syncthreads();
            sums.add(weights + first, weight_pitch, shared.block, shared.value_pitch, here, width);
        }
        __syncthreads();
        float *to = parts + int64_t(turn) * p.length * p.width + column;
        sums.each(width, reinterpret_cast<float *>(shared.block), [&](int row, int d, float x) {
            if (shared.own[row] >= 0)
                to[int64_t(shared.own[row]) * p.width + d] = x / shared.sum[row];
        });
    }
    if (threadIdx.x < ROWS && shared.own[threadIdx.x] >= 0)
        lse[int64_t(turn) * p.length + shared.own[threadIdx.x]] =
            shared.top[threadIdx.x] + logf(shared.sum[threadIdx.x]);
}

/* log(sum exp) over the rounds of a pixel. */
__device__ inline float combine(const float *lse, int rounds, int length) {
    float top = lse[0], sum = 0.0f;
    for (int round = 1; round < rounds; ++round) top = fmaxf(top, lse[int64_t(round) * length]);
    for (int round = 0; round < rounds; ++round) sum += expf(lse[int64_t(round) * length] - top);
    return top + logf(sum);
}

/* One warp per pixel: out = sum over rounds of exp(lse - combined) * part. */
template <typename T>
__global__ void merge_kernel(Problem p, const float *parts, const float *lse, T *out) {
    const int64_t pixel = int64_t(blockIdx.x) * WARPS + warp_index();
    if (pixel >= int64_t(p.images) * p.length) return;
    const int64_t image = pixel / p.length, position = pixel % p.length;
    const float *own = lse + image * p.rounds * p.length + position;
    const float combined = combine(own, p.rounds, p.length);
    for (int d = lane_index(); d < p.width; d += 32) {
        float sum = 0.0f;
        for (int round = 0; round < p.rounds; ++round)
            sum += expf(own[int64_t(round) * p.length] - combined) *
                   parts[((image * p.rounds + round) * p.length + position) * p.width + d];
        out[pixel * p.width + d] = narrow<T>(sum);
    }
}

}  // namespace

#endif
