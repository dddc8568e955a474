/* What every instruction set's translation unit offers to the dispatcher. */
#ifndef DLSN_CPU_KERNELS_H
#define DLSN_CPU_KERNELS_H

#include "../attention.h"

struct DlsnCpuKernels {
    int (*hash_order)(const DlsnHash *, int threads);
    int (*forward)(int type, const DlsnSizes *, const DlsnForward *, int threads);
    int (*backward)(int type, const DlsnSizes *, const DlsnBackward *, int threads);
};

extern const DlsnCpuKernels dlsn_kernels_base;
extern const DlsnCpuKernels dlsn_kernels_avx2;
extern const DlsnCpuKernels dlsn_kernels_avx512;

#endif
