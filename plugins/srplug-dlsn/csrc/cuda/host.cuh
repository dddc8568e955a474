/* What both launches need on the host: the device, its shared memory, and how the work is cut. */
#ifndef DLSN_CUDA_HOST_CUH
#define DLSN_CUDA_HOST_CUH

#include <stdint.h>

#include "rows.cuh"
#include "shared.cuh"

namespace {

/* Of a kernel that is not for the problem or the device; another one is tried then. */
constexpr cudaError_t NOT_LAUNCHED = cudaError_t(DLSN_NOT_LAUNCHED);

int64_t blocks_for(int64_t count, int64_t per_block) { return (count + per_block - 1) / per_block; }

/* Sets the device and puts the old one back. */
class DeviceGuard {
  public:
    explicit DeviceGuard(int device) {
        status = cudaGetDevice(&before_);
        if (status == cudaSuccess && before_ != device) status = cudaSetDevice(device);
    }
    ~DeviceGuard() { cudaSetDevice(before_); }
    cudaError_t status;

  private:
    int before_ = 0;
};

int shared_limit(int device) {
    int bytes = 0;
    cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device);
    return bytes;
}

/* Whether the matrix units take all types. */
bool has_units(int device) {
    int major = 0;
    cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device);
    return major >= 8;
}

/* How many rows a block has and how many others it works on at a time; rows 0: nothing fits. */
struct Cut {
    int rows, step, bytes;
};

/* The largest cut whose `layout(rows, step)` fits into the shared memory of a block. */
template <typename Layout>
Cut cut_for(const Problem &p, int device, int largest_step, const Layout &layout) {
    const int limit = shared_limit(device);
    for (int rows = p.slots > FEW_ROWS ? MANY_ROWS : FEW_ROWS; rows >= FEW_ROWS; rows -= FEW_ROWS)
        for (int step = largest_step; step >= TILE; step /= 2) {
            const int bytes = layout(rows, step);
            if (bytes <= limit) return {rows, step, bytes};
        }
    return {0, 0, 0};
}

template <template <int, typename> class Shared, typename T>
int bytes_of(const Problem &p, int rows, int step) {
    Pieces pieces(nullptr);
    if (rows == MANY_ROWS)
        (void)Shared<MANY_ROWS, T>(pieces, p, step);
    else
        (void)Shared<FEW_ROWS, T>(pieces, p, step);
    return pieces.used();
}

}  // namespace

#endif
