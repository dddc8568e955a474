/* What both launches need on the host: the device, its shared memory, and how many blocks. */
#ifndef DLSN_CUDA_HOST_CUH
#define DLSN_CUDA_HOST_CUH

#include <stdint.h>

#include "platform.cuh"

namespace {

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

}  // namespace

#endif
