"""``python -m srplug_dlsn``: what is built, loaded and chosen, and why not."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version

import torch

from srplug_dlsn.ops import devices, loading


def main() -> None:
    """Print the diagnosis."""
    print(f"srplug-dlsn {version('srplug-dlsn')}, torch {torch.__version__}, {platform.platform()}")
    for name in ("SRPLUG_DLSN_LIBDIR", "SRPLUG_DLSN_CPU_ISA"):
        if name in os.environ:
            print(f"{name} = {os.environ[name]}")
    print("searched:", ", ".join(map(str, loading.library_folders())))
    for device_type in ("cpu", "cuda"):
        loaded = loading.load_library(device_type)
        kernel, reason = devices.kernel_for(device_type)
        print(f"{device_type}:")
        print(f"  library: {loaded.path or 'none'}")
        print(f"  chosen:  {kernel.name if kernel else f'PyTorch operations ({reason})'}")
        if device_type == "cpu" and loaded.library is not None:
            openmp = "yes" if loaded.library.dlsn_cpu_has_openmp() else "no"
            best = loading.ISA_NAMES[loaded.library.dlsn_cpu_best_isa()]
            print(f"  OpenMP:  {openmp}; best instruction set of this CPU: {best}")
            print(f"  threads: {torch.get_num_threads()}")


if __name__ == "__main__":
    main()
