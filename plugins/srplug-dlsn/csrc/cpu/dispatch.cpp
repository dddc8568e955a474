/* Checks the order, then calls the kernels of the best instruction set that the CPU has. */
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

namespace {

const DlsnCpuKernels *const kernels[] = {
    &dlsn_kernels_base,
#ifdef DLSN_X86
    &dlsn_kernels_avx2,
    &dlsn_kernels_avx512,
#endif
};

int selected = -1;

int best_isa() {
#ifdef DLSN_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return 2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 1;
#endif
    return 0;
}

const DlsnCpuKernels &active() { return *kernels[selected < 0 ? best_isa() : selected]; }

/* Every pixel once per round. The kernels write without locks because of it. */
int check_order(const DlsnSizes &size, const int32_t *order) {
    unsigned char *seen = static_cast<unsigned char *>(malloc(static_cast<size_t>(size.length)));
    if (!seen) return DLSN_OUT_OF_MEMORY;
    int status = DLSN_OK;
    for (int64_t round = 0; round < size.images * size.rounds && !status; ++round) {
        const int32_t *pixels = order + round * size.length;
        memset(seen, 0, static_cast<size_t>(size.length));
        for (int64_t slot = 0; slot < size.length; ++slot) {
            const int64_t pixel = pixels[slot];
            if (pixel < 0 || pixel >= size.length || seen[pixel]) {
                status = DLSN_NOT_A_PERMUTATION;
                break;
            }
            seen[pixel] = 1;
        }
    }
    free(seen);
    return status;
}

bool is_empty(const DlsnSizes &size) { return size.images == 0 || size.length == 0; }

}  // namespace

int dlsn_abi_version(void) { return DLSN_ABI_VERSION; }

int dlsn_cpu_best_isa(void) { return best_isa(); }

int dlsn_cpu_select_isa(int level) {
    const int best = best_isa();
    selected = level < 0 ? 0 : level < best ? level : best;
    return selected;
}

int dlsn_cpu_has_openmp(void) {
#ifdef _OPENMP
    return 1;
#else
    return 0;
#endif
}

int dlsn_cpu_hash_order(const DlsnHash *hash, int threads) {
    if (hash->images == 0 || hash->length == 0) return DLSN_OK;
    return active().hash_order(hash, threads);
}

int dlsn_cpu_forward(int type, const DlsnSizes *sizes, const DlsnForward *tensors, int threads) {
    if (is_empty(*sizes)) return DLSN_OK;
    const int status = check_order(*sizes, tensors->order);
    return status ? status : active().forward(type, sizes, tensors, threads);
}

int dlsn_cpu_backward(int type, const DlsnSizes *sizes, const DlsnBackward *tensors, int threads) {
    if (is_empty(*sizes)) return DLSN_OK;
    const int status = check_order(*sizes, tensors->order);
    return status ? status : active().backward(type, sizes, tensors, threads);
}
