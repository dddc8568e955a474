"""How much memory is free: of the machine, a container, a limit of the process."""

import subprocess
import sys

import pytest

from srcore.machine import memory


def test_a_container_limits_the_free_memory(tmp_path):
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("400\n")
    assert memory._left_in_container(tmp_path) == 600
    (tmp_path / "memory.max").write_text("max\n")
    assert memory._left_in_container(tmp_path) is None


@pytest.mark.skipif(sys.platform != "linux", reason="limits are Linux's")
@pytest.mark.parametrize("flag", ["-d", "-v"])
def test_a_limit_of_the_process_counts(flag):
    """As batch systems set it: what is left of it, not of the machine."""
    program = "from srcore.machine.memory import free_memory_of_processor as free; print(free())"
    kilobytes = 300 * 1024
    shell = ["bash", "-c", f'ulimit {flag} {kilobytes}; exec "$@"', "bash"]
    done = subprocess.run(
        [*shell, sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert 100 * 2**20 < int(done.stdout) < kilobytes * 1024
