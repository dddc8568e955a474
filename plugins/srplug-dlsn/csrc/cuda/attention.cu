/* Hashed attention on CUDA devices.
 *
 * A block works on 64 rows, or 32 where shared memory is small: queries in the forward pass and for
 * grad_query, keys for the other gradients. Rows of other pixels are gathered through the order into
 * shared memory, some being copied while others are worked on. Rounds are independent, and a last
 * kernel merges or adds them up, so that every sum is taken in a fixed order without atomics. Scores,
 * softmax and sums are float32 for all types; how float32 factors are multiplied is in tile.cuh.
 *
 * There are two sets of kernels. The quick ones keep scores in registers (online_kernels.cuh; of 16-bit
 * types also backward, online_key_kernel.cuh and online_query_kernel.cuh). They are for compute
 * capability 8.0 and later, at most 64 channels and 256 columns of values, and what shared memory holds.
 * The others keep scores in shared memory (forward_kernels.cuh, backward_kernels.cuh): for everything
 * else of every type, and for the backward pass of float32. forward.cuh and backward.cuh choose.
 *
 * Here: the C interface.
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
    status = cudaFuncGetAttributes(
        &attributes, reinterpret_cast<const void *>(forward_kernel<FEW_ROWS, Float32>));
    if (status != cudaSuccess) cudaGetLastError(); /* do not leave it to the next caller */
    return int(status);
}

const char *dlsn_cuda_error(int status) { return cudaGetErrorString(cudaError_t(status)); }

static int bytes_of_element(int type) {
    return type == DLSN_FLOAT16 || type == DLSN_BFLOAT16 ? 2 : 4;
}

int64_t dlsn_cuda_forward_workspace(int type, const DlsnSizes *size) {
    return size->images * size->rounds * size->length * size->width * bytes_of_element(type);
}

int64_t dlsn_cuda_backward_workspace(int type, const DlsnSizes *size) {
    return Tables(Problem(*size), bytes_of_element(type)).end;
}

/* Calls `call` with the arithmetic of a type. */
template <typename Call> int with_arithmetic(int type, const Call &call) {
    if (type == DLSN_FLOAT32) return call(Float32());
    if (type == DLSN_TF32) return call(TensorFloat32());
    if (type == DLSN_FLOAT16) return call(Float16());
    if (type == DLSN_BFLOAT16) return call(BFloat16());
    return DLSN_UNSUPPORTED;
}

int dlsn_cuda_fits(int type, const DlsnSizes *size, int device) {
    if (!fits_integers(*size)) return DLSN_TOO_LARGE;
    if (!size->images || !size->length) return DLSN_OK;
    return with_arithmetic(type, [&](auto arithmetic) {
        typedef typename decltype(arithmetic)::T T;
        const Problem p(*size);
        return forward_cut<T>(p, device).rows && backward_cut<T>(p, device).rows ? DLSN_OK
                                                                                 : DLSN_TOO_LARGE;
    });
}

int dlsn_cuda_forward(int type, const DlsnSizes *size, const DlsnForward *tensors, void *workspace,
                      int device, void *stream) {
    if (!fits_integers(*size)) return DLSN_TOO_LARGE;
    const DeviceGuard guard(device);
    if (guard.status != cudaSuccess) return int(guard.status);
    return with_arithmetic(type, [&](auto arithmetic) {
        return forward<decltype(arithmetic)>(*size, *tensors, workspace, device,
                                             static_cast<cudaStream_t>(stream));
    });
}

int dlsn_cuda_backward(int type, const DlsnSizes *size, const DlsnBackward *tensors,
                       void *workspace, int device, void *stream) {
    if (!fits_integers(*size)) return DLSN_TOO_LARGE;
    const DeviceGuard guard(device);
    if (guard.status != cudaSuccess) return int(guard.status);
    return with_arithmetic(type, [&](auto arithmetic) {
        return backward<decltype(arithmetic)>(*size, *tensors, workspace, device,
                                              static_cast<cudaStream_t>(stream));
    });
}
