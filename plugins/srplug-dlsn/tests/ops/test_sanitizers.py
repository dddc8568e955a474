import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[2]
COMPILER = shutil.which("g++")


def _run(*command, **environment):
    result = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | environment, check=False
    )
    assert result.returncode == 0, f"{result.stdout[-4000:]}\n{result.stderr[-4000:]}"
    return result.stdout


@pytest.mark.slow
@pytest.mark.skipif(
    COMPILER is None or shutil.which("cmake") is None or not sys.platform.startswith("linux"),
    reason="needs g++ and cmake on Linux",
)
def test_operator_tests_are_clean_under_address_and_undefined_behavior_sanitizers(tmp_path):
    options = ("-DDLSN_SANITIZE=ON", "-DDLSN_CUDA=OFF", f"-DCMAKE_CXX_COMPILER={COMPILER}")
    _run("cmake", "-S", str(PLUGIN), "-B", str(tmp_path), *options)
    _run("cmake", "--build", str(tmp_path), "--parallel", "1")
    runtime = [
        _run(COMPILER, f"-print-file-name={name}").strip() for name in ("libasan.so", "libubsan.so")
    ]
    output = _run(
        sys.executable,
        *("-m", "pytest", "-q", "-p", "no:cacheprovider", "-x"),
        str(PLUGIN / "tests" / "ops" / "test_library.py"),
        str(PLUGIN / "tests" / "test_hashing.py"),
        # exporting and forking python again is slow under the sanitizers and shows nothing new
        *("-k", "not export and not memory_above and not opcheck and not vmap"),
        LD_PRELOAD=":".join(runtime),
        ASAN_OPTIONS="detect_leaks=0:verify_asan_link_order=0",
        UBSAN_OPTIONS="print_stacktrace=1",
        SRPLUG_DLSN_LIBDIR=str(tmp_path),
    )
    assert " passed" in output
    assert "native" in _run(
        sys.executable,
        *(
            "-m",
            "pytest",
            "-q",
            "--collect-only",
            str(PLUGIN / "tests" / "ops" / "test_library.py"),
        ),
        LD_PRELOAD=":".join(runtime),
        ASAN_OPTIONS="detect_leaks=0:verify_asan_link_order=0",
        SRPLUG_DLSN_LIBDIR=str(tmp_path),
    )
