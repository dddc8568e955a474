/* Gradients of keys, values and learned scores, then of queries, round by round. */
#ifndef DLSN_CUDA_BACKWARD_KERNELS_CUH
#define DLSN_CUDA_BACKWARD_KERNELS_CUH

#include "forward_kernels.cuh"
#include "rows.cuh"

namespace {

template <typename T> struct Backward {
    Inputs<T> in;
    const T *grad_out;
    const float *combined, *delta;                   /* (N, L) */
    float *grad_query, *grad_key, *grad_value, *grad_fc_score;
    float *key_copies, *value_copies, *score_copies; /* (N, padding, C | D | T) */
    int round, block;                                /* block: pixels of the other side at a time */
};

/* One warp per pixel: combined log-sum-exp and grad_out . out. */
template <typename T>
__global__ void prepare_kernel(Problem p, const T *grad_out, const T *out, const float *lse,
                               float *combined, float *delta) {
    const int64_t pixel = int64_t(blockIdx.x) * WARPS + warp_index();
    if (pixel >= int64_t(p.images) * p.length) return;
    float sum = 0.0f;
    for (int d = lane_index(); d < p.width; d += 32)
        sum += widen(grad_out[pixel * p.width + d]) * widen(out[pixel * p.width + d]);
    sum = over_warp(sum, false);
    if (lane_index() == 0) {
        delta[pixel] = sum;
        combined[pixel] = combine(lse + pixel / p.length * p.rounds * p.length + pixel % p.length,
                                  p.rounds, p.length);
    }
}

template <typename T> struct BackwardShared {
    int *own, *other;
    float *combined, *delta, *scores, *slopes, *stage;
    T *narrow_rows, *wide_rows, *narrow_block, *wide_block, *weights, *changes;
    int pitch, wide_pitch, score_pitch, weight_pitch;

    __host__ __device__ BackwardShared(Pieces &pieces, const Problem &p, int block) {
        const int side = block > ROWS ? block : ROWS;
        pitch = pitch_of<T>(p.channels);
        wide_pitch = pitch_of<T>(p.width);
        score_pitch = block + 4;
        weight_pitch = pitch_of<T>(block);
        own = pieces.take<int>(ROWS);
        other = pieces.take<int>(block);
        combined = pieces.take<float>(side);
        delta = pieces.take<float>(side);
        narrow_rows = pieces.take<T>(ROWS * pitch);     /* key | query */
        wide_rows = pieces.take<T>(ROWS * wide_pitch);  /* value | grad_out */
        narrow_block = pieces.take<T>(block * pitch);
        wide_block = pieces.take<T>(block * wide_pitch);
        weights = pieces.take<T>(ROWS * weight_pitch);
        changes = pieces.take<T>(ROWS * weight_pitch);
        /* scores and slopes; in the end the results */
        const int both = 2 * ROWS * score_pitch, results = WARPS * TILE * TILE;
        scores = pieces.take<float>(both > results ? both : results);
        slopes = scores + ROWS * score_pitch;
        stage = scores;
    }
};

/* Gradients of 32 keys: value, key and fc_score. Scores as (key, query). */
template <typename T>
__global__ void __launch_bounds__(THREADS) key_kernel(Problem p, Backward<T> b) {
    DLSN_SHARED(memory);
    Pieces pieces(memory);
    const BackwardShared<T> shared(pieces, p, b.block);
    const int row_tile = int(blockIdx.x) % p.row_tiles, chunk = int(blockIdx.x) / p.row_tiles % p.chunks;
    const int64_t image = int(blockIdx.x) / (p.row_tiles * p.chunks);
    const int32_t *order = b.in.order + (image * p.rounds + b.round) * p.length;
    const int64_t base = image * p.length;
    const T *fc_score = b.in.fc_score + base * p.chunk;
    const int first_slot = row_tile * ROWS;

    if (threadIdx.x < ROWS) {
        const int slot = first_slot + int(threadIdx.x);
        shared.own[threadIdx.x] = slot < p.slots ? pixel_of(p, order, chunk, slot) : -1;
    }
    __syncthreads();
    gather(shared.narrow_rows, shared.pitch, b.in.key + base * p.channels, p.channels, 0, p.channels,
           shared.own, ROWS);
    gather(shared.wide_rows, shared.wide_pitch, b.in.value + base * p.width, p.width, 0, p.width,
           shared.own, ROWS);

    /* Where a row's results go: its pixel, or for a copy its place among the copies. */
    const auto target = [&](int row, float *pixels, float *copies, int width) {
        const int slot = chunk * p.slots + first_slot + row;
        return slot < p.length
                   ? pixels + (base + shared.own[row]) * width
                   : copies + (image * p.padding + slot - p.length) * width;
    };
    Sums<T> grad_value, grad_key;
    grad_value.clear();
    grad_key.clear();
    for (int first = 0; first < p.slots; first += b.block) {
        float grad_score[ROWS * 64 / THREADS] = {};
        for (int neighbour = 0; neighbour < 3; ++neighbour) {
            const int other = (chunk + p.chunks + 1 - neighbour) % p.chunks;
            __syncthreads();
            for (int i = int(threadIdx.x); i < b.block; i += THREADS) {
                const bool exists = first + i < p.queries(other);
                const int pixel = exists ? pixel_of(p, order, other, first + i) : -1;
                shared.other[i] = pixel;
                shared.combined[i] = exists ? b.combined[base + pixel] : 0.0f;
                shared.delta[i] = exists ? b.delta[base + pixel] : 0.0f;
            }
            __syncthreads();
            gather(shared.narrow_block, shared.pitch, b.in.query + base * p.channels, p.channels, 0,
                   p.channels, shared.other, b.block);
            gather(shared.wide_block, shared.wide_pitch, b.grad_out + base * p.width, p.width, 0,
                   p.width, shared.other, b.block);
            __syncthreads();
            score(shared.narrow_rows, shared.narrow_block, shared.pitch, p.channels, b.block,
                  shared.scores, shared.score_pitch);
            score(shared.wide_rows, shared.wide_block, shared.wide_pitch, p.width, b.block,
                  shared.slopes, shared.score_pitch);
            __syncthreads();
#pragma unroll
            for (int i = 0; i < ROWS * 64 / THREADS; ++i) {
                const int e = int(threadIdx.x) + i * THREADS;
                if (e >= ROWS * b.block) break;
                const int row = e / b.block, column = e % b.block;
                float weight = 0.0f, change = 0.0f;
                if (shared.own[row] >= 0 && shared.other[column] >= 0) {
                    const float learned =
                        widen(fc_score[int64_t(shared.own[row]) * p.chunk + first + column]);
                    const int at = row * shared.score_pitch + column;
                    weight = expf(shared.scores[at] + learned - shared.combined[column]);
                    change = weight * (shared.slopes[at] - shared.delta[column]);
                }
                grad_score[i] += change;
                shared.weights[row * shared.weight_pitch + column] = narrow<T>(weight);
                shared.changes[row * shared.weight_pitch + column] = narrow<T>(change);
            }
            __syncthreads();
            grad_value.add(shared.weights, shared.weight_pitch, shared.wide_block,
                           shared.wide_pitch, b.block, p.width);
            grad_key.add(shared.changes, shared.weight_pitch, shared.narrow_block, shared.pitch,
                         b.block, p.channels);
        }
#pragma unroll
        for (int i = 0; i < ROWS * 64 / THREADS; ++i) {
            const int e = int(threadIdx.x) + i * THREADS;
            if (e >= ROWS * b.block) break;
            const int row = e / b.block, slot = first + e % b.block;
            if (shared.own[row] >= 0 && slot < p.slots)
                target(row, b.grad_fc_score, b.score_copies, p.chunk)[slot] += grad_score[i];
        }
    }
    __syncthreads();
    grad_value.each(p.width, shared.stage, [&](int row, int d, float x) {
        if (shared.own[row] >= 0) target(row, b.grad_value, b.value_copies, p.width)[d] += x;
    });
    grad_key.each(p.channels, shared.stage, [&](int row, int d, float x) {
        if (shared.own[row] >= 0) target(row, b.grad_key, b.key_copies, p.channels)[d] += x;
    });
}

/* Gradient of 32 queries. Scores as (query, key). */
template <typename T>
__global__ void __launch_bounds__(THREADS) query_kernel(Problem p, Backward<T> b) {
    DLSN_SHARED(memory);
    Pieces pieces(memory);
    const BackwardShared<T> shared(pieces, p, b.block);
    const int row_tile = int(blockIdx.x) % p.row_tiles, chunk = int(blockIdx.x) / p.row_tiles % p.chunks;
    const int64_t image = int(blockIdx.x) / (p.row_tiles * p.chunks);
    const int32_t *order = b.in.order + (image * p.rounds + b.round) * p.length;
    const int64_t base = image * p.length;
    const T *fc_score = b.in.fc_score + base * p.chunk;
    const int first_slot = row_tile * ROWS, count = 3 * p.slots;

    if (threadIdx.x < ROWS) {
        const int slot = first_slot + int(threadIdx.x);
        const bool exists = slot < p.queries(chunk);
        const int pixel = exists ? pixel_of(p, order, chunk, slot) : -1;
        shared.own[threadIdx.x] = pixel;
        shared.combined[threadIdx.x] = exists ? b.combined[base + pixel] : 0.0f;
        shared.delta[threadIdx.x] = exists ? b.delta[base + pixel] : 0.0f;
    }
    __syncthreads();
    gather(shared.narrow_rows, shared.pitch, b.in.query + base * p.channels, p.channels, 0,
           p.channels, shared.own, ROWS);
    gather(shared.wide_rows, shared.wide_pitch, b.grad_out + base * p.width, p.width, 0, p.width,
           shared.own, ROWS);
    Sums<T> grad_query;
    grad_query.clear();
    for (int first = 0; first < count; first += b.block) {
        __syncthreads();
        for (int i = int(threadIdx.x); i < b.block; i += THREADS) {
            const int j = first + i;
            const int neighbour = (chunk + p.chunks - 1 + j / p.slots) % p.chunks;
            shared.other[i] = j < count ? pixel_of(p, order, neighbour, j % p.slots) : -1;
        }
        __syncthreads();
        gather(shared.narrow_block, shared.pitch, b.in.key + base * p.channels, p.channels, 0,
               p.channels, shared.other, b.block);
        gather(shared.wide_block, shared.wide_pitch, b.in.value + base * p.width, p.width, 0, p.width,
               shared.other, b.block);
        __syncthreads();
        score(shared.narrow_rows, shared.narrow_block, shared.pitch, p.channels, b.block,
              shared.scores, shared.score_pitch);
        score(shared.wide_rows, shared.wide_block, shared.wide_pitch, p.width, b.block,
              shared.slopes, shared.score_pitch);
        __syncthreads();
        for (int e = int(threadIdx.x); e < ROWS * b.block; e += THREADS) {
            const int row = e % ROWS, column = e / ROWS;
            float change = 0.0f;
            if (shared.own[row] >= 0 && shared.other[column] >= 0) {
                const float learned =
                    widen(fc_score[int64_t(shared.other[column]) * p.chunk + first_slot + row]);
                const int at = row * shared.score_pitch + column;
                change = expf(shared.scores[at] + learned - shared.combined[row]) *
                         (shared.slopes[at] - shared.delta[row]);
            }
            shared.changes[row * shared.weight_pitch + column] = narrow<T>(change);
        }
        __syncthreads();
        grad_query.add(shared.changes, shared.weight_pitch, shared.narrow_block, shared.pitch,
                       b.block, p.channels);
    }
    __syncthreads();
    grad_query.each(p.channels, shared.stage, [&](int row, int d, float x) {
        if (shared.own[row] >= 0) b.grad_query[(base + shared.own[row]) * p.channels + d] += x;
    });
}

/* What copies of pixels in padded slots gathered goes to the pixels; one thread per column, copies
 * in order. The table is left at zero for the next round. */
__global__ void copies_kernel(Problem p, const int32_t *order, int round, float *copies, float *grad,
                              int width) {
    const int64_t column = int64_t(blockIdx.x) * THREADS + threadIdx.x;
    if (column >= int64_t(p.images) * width) return;
    const int64_t image = column / width, d = column % width;
    for (int i = 0; i < p.padding; ++i) {
        const int pixel = pixel_of(p, order + (image * p.rounds + round) * p.length, 0, p.length + i);
        float *copy = copies + (image * p.padding + i) * width + d;
        grad[(image * p.length + pixel) * width + d] += *copy;
        *copy = 0.0f;
    }
}

template <typename T> __global__ void narrow_kernel(const float *from, T *to, int64_t count) {
    const int64_t i = int64_t(blockIdx.x) * THREADS + threadIdx.x;
    if (i < count) to[i] = narrow<T>(from[i]);
}

}  // namespace

#endif
