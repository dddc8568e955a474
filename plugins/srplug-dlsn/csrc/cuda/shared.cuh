/* Pieces of shared memory: the kernels take them, the host counts them. */
#ifndef DLSN_CUDA_SHARED_CUH
#define DLSN_CUDA_SHARED_CUH

#include "problem.cuh"
#include "tile.cuh"

namespace {

__host__ __device__ inline int up(int count, int multiple) {
    return (count + multiple - 1) / multiple * multiple;
}
/* Elements from one row to the next in shared memory: whole tiles and 16 bytes against conflicts. */
template <typename T> __host__ __device__ inline int pitch_of(int width) {
    return up(width, TILE) + COPY_BYTES / int(sizeof(T));
}

/* Pieces of shared memory; on the host, with a null start, it counts. */
class Pieces {
  public:
    __host__ __device__ explicit Pieces(unsigned char *start) : start_(start), used_(0) {}
    template <typename T> __host__ __device__ T *take(int count) {
#ifdef __CUDA_ARCH__
        T *piece = reinterpret_cast<T *>(start_ + used_); /* a condition hides that it is shared */
#else
        T *piece = start_ ? reinterpret_cast<T *>(start_ + used_) : nullptr;
#endif
        used_ += up(count * int(sizeof(T)), 128);
        return piece;
    }
    __host__ __device__ int used() const { return used_; }

  private:
    unsigned char *start_;
    int used_;
};

}  // namespace

#endif
