/* What the two kernels of the backward pass share that keep scores in registers: pointers, and the
 * gradients of the scores, which one writes and the other reads.
 */
#ifndef DLSN_CUDA_ONLINE_SCORES_CUH
#define DLSN_CUDA_ONLINE_SCORES_CUH

#include "online_rows.cuh"

namespace {

/* Gradients of one round each, in the type of the tensors: queries (N, h, L, C), others
 * (N, h, L + padding, C | D | slots), whose last rows are of the copies in padded slots; and of the
 * scores, tiles of (N, h, chunk of keys, 3, tile of keys, tile of queries). */
template <typename T> struct OnlineBackward {
    Inputs<T> in;
    const T *grad_out;
    const float *combined, *delta; /* (N, L) */
    T *query, *key, *value, *fc_score, *scores;
};

/* Where the gradients of the scores of a tile lie for this lane. */
__host__ __device__ inline int score_tiles(const Problem &p) { return up(p.slots, TILE) / TILE; }
__device__ inline int64_t score_tile(const Problem &p, int turn, int key_chunk, int neighbor,
                                     int keys, int queries) {
    const int tiles = score_tiles(p);
    const int64_t row = ((int64_t(turn) * p.chunks + key_chunk) * 3 + neighbor) * tiles + keys;
    return (row * tiles + queries) * (TILE * TILE) + lane_index() * 8;
}

}  // namespace

#endif
