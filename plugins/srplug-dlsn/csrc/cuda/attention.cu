/* Hashed attention on CUDA devices.
 *
 * A block of 256 threads works on 32 rows: queries in the forward pass and for grad_query, keys for
 * the other gradients. Rows of other pixels are gathered through the order straight into shared
 * memory, a few at a time. Rounds are independent in the forward pass and merged by a second kernel;
 * in the backward pass they follow one another, so that every sum is taken in a fixed order without
 * atomics. Scores, softmax and sums are float32 for all types; float32 inputs are multiplied as
 * float32.
 *
 * Here: the C interface. The kernels are in forward_kernels.cuh and backward_kernels.cuh.
 */
#include "../attention.h"
#include "backward.cuh"
#include "forward.cuh"
#include "host.cuh"

int dlsn_abi_version(void) { return DLSN_ABI_VERSION; }

/* 0 if our kernels can run on the device. */
int dlsn_cuda_probe(int device) {
    int count = 0;
    cudaError_t status = cudaGetDeviceCount(&count);
    if (status != cudaSuccess) return int(status);
    if (device >= count) return int(cudaErrorInvalidDevice);
    const DeviceGuard guard(device);
    if (guard.status != cudaSuccess) return int(guard.status);
    cudaFuncAttributes attributes;
    status = cudaFuncGetAttributes(&attributes, reinterpret_cast<const void *>(forward_kernel<float>));
    if (status != cudaSuccess) cudaGetLastError(); /* do not leave it to the next caller */
    return int(status);
}

const char *dlsn_cuda_error(int status) { return cudaGetErrorString(cudaError_t(status)); }

int64_t dlsn_cuda_forward_workspace(int, const DlsnSizes *size) {
    return size->images * size->rounds * size->length * size->width * int64_t(sizeof(float));
}

int64_t dlsn_cuda_backward_workspace(int type, const DlsnSizes *size) {
    return Tables(*size, type == DLSN_FLOAT32).end * int64_t(sizeof(float));
}

int dlsn_cuda_forward(int type, const DlsnSizes *size, const DlsnForward *tensors, void *workspace,
                      int device, void *stream) {
    if (!fits_integers(*size)) return DLSN_TOO_LARGE;
    const DeviceGuard guard(device);
    if (guard.status != cudaSuccess) return int(guard.status);
    const cudaStream_t on = static_cast<cudaStream_t>(stream);
    if (type == DLSN_FLOAT32) return forward<float>(*size, *tensors, workspace, device, on);
    if (type == DLSN_FLOAT16) return forward<__half>(*size, *tensors, workspace, device, on);
    if (type == DLSN_BFLOAT16) return forward<__nv_bfloat16>(*size, *tensors, workspace, device, on);
    return DLSN_UNSUPPORTED;
}

int dlsn_cuda_backward(int type, const DlsnSizes *size, const DlsnBackward *tensors, void *workspace,
                       int device, void *stream) {
    if (!fits_integers(*size)) return DLSN_TOO_LARGE;
    const DeviceGuard guard(device);
    if (guard.status != cudaSuccess) return int(guard.status);
    const cudaStream_t on = static_cast<cudaStream_t>(stream);
    if (type == DLSN_FLOAT32) return backward<float>(*size, *tensors, workspace, device, on);
    if (type == DLSN_FLOAT16) return backward<__half>(*size, *tensors, workspace, device, on);
    if (type == DLSN_BFLOAT16)
        return backward<__nv_bfloat16>(*size, *tensors, workspace, device, on);
    return DLSN_UNSUPPORTED;
}
