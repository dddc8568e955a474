import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from srplug_dlsn.ops import abi, devices, loading

HAS_NATIVE = devices.kernel_for("cpu")[0] is not None


def run_python(*arguments, **environment):
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
        check=False,
    )


def test_a_folder_without_libraries_leaves_pytorch_operations(tmp_path):
    script = (
        "import torch\n"
        "from srplug_dlsn.attention import GLA\n"
        "from srplug_dlsn.errors import NativeUnavailableError\n"
        "block = GLA(8, chunk_size=4).eval()\n"
        "assert block(torch.rand(1, 8, 5, 5)).shape == (1, 8, 5, 5)\n"
        "block.backend = 'native'\n"
        "try:\n"
        "    block(torch.rand(1, 8, 5, 5))\n"
        "except NativeUnavailableError as error:\n"
        "    print(error)\n"
    )
    result = run_python("-c", script, SRPLUG_DLSN_LIBDIR=str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert "hash" not in result.stderr
    assert "no compiled kernel for cpu: no _libdlsn_cpu" in result.stdout
    assert "reinstall srplug-dlsn with a C++ compiler" in result.stdout


def test_a_broken_library_is_reported_with_the_loaders_reason(tmp_path):
    (tmp_path / "_libdlsn_cpu.so").write_text("not a library")
    result = run_python("-m", "srplug_dlsn", SRPLUG_DLSN_LIBDIR=str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert "cannot be loaded" in result.stdout


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no compiler was found\n", "no compiler was found;"),
        ("nvcc is broken\n\nerror 1\nerror 2\n", "nvcc is broken ({file} holds its output);"),
    ],
)
def test_the_diagnosis_says_why_there_is_no_cuda_library(tmp_path, text, reason):
    file = tmp_path / loading.CUDA_BUILD
    file.write_text(text)
    result = run_python("-m", "srplug_dlsn", SRPLUG_DLSN_LIBDIR=str(tmp_path))
    assert f": when it was installed, {reason.format(file=file)}" in result.stdout


PROJECT = Path(__file__).parents[2]


@pytest.mark.skipif(not (PROJECT / "cmake").is_dir(), reason="not beside the sources")
@pytest.mark.skipif(
    shutil.which("g++") is None or shutil.which("cmake") is None, reason="needs g++ and cmake"
)
@pytest.mark.parametrize("wanted", ["AUTO", "ON"])
def test_a_cuda_compiler_that_fails_does_not_take_the_cpu_library_away(tmp_path, wanted):
    compiler = tmp_path / "nvcc"
    compiler.write_text("#!/bin/sh\necho unsupported GNU version >&2\nexit 1\n")
    compiler.chmod(0o755)
    built = tmp_path / "build"
    settings = {"SOURCE": PROJECT / "csrc/cuda", "BUILD": built, "WANTED": wanted}
    defined = [f"-D{name}={value}" for name, value in settings.items()]
    script = PROJECT / "cmake/BuildCuda.cmake"
    done = subprocess.run(
        ["cmake", *defined, "-DGENERATOR=Unix Makefiles", "-P", str(script)],
        capture_output=True,
        text=True,
        env=os.environ | {"CUDACXX": str(compiler)},
        check=False,
    )
    reason = f"the CUDA compiler {compiler} does not work"
    if wanted == "ON":
        assert done.returncode != 0
        assert f"DLSN_CUDA=ON, but {reason}" in " ".join(done.stderr.split())
        return
    assert done.returncode == 0, done.stderr
    (file,) = (built / "result").iterdir()
    assert file.name == loading.CUDA_BUILD
    said, _, output = file.read_text().partition("\n")
    assert said == reason
    assert "The CUDA compiler identification is unknown" in output


def test_diagnosis_says_what_is_chosen():
    result = run_python("-m", "srplug_dlsn")
    assert result.returncode == 0, result.stderr
    assert ("chosen:  C++" in result.stdout) == HAS_NATIVE
    assert "searched:" in result.stdout


@pytest.mark.skipif(not HAS_NATIVE, reason="nothing is compiled here")
def test_instruction_set_can_be_lowered_but_not_raised():
    library = loading.load_library("cpu").library
    best = library.dlsn_cpu_best_isa()
    try:
        assert library.dlsn_cpu_select_isa(0) == 0
        assert library.dlsn_cpu_select_isa(99) == best
    finally:
        library.dlsn_cpu_select_isa(best)
    lowered = run_python("-m", "srplug_dlsn", SRPLUG_DLSN_CPU_ISA="base")
    assert "C++, base" in lowered.stdout
    wrong = run_python("-m", "srplug_dlsn", SRPLUG_DLSN_CPU_ISA="sse9")
    assert 'SRPLUG_DLSN_CPU_ISA is "sse9"; expected one of base, avx2, avx512' in wrong.stderr


@pytest.mark.skipif(not HAS_NATIVE, reason="nothing is compiled here")
def test_a_library_of_another_interface_is_refused(monkeypatch):
    monkeypatch.setattr(loading, "ABI_VERSION", 999)
    loaded = loading.load_library.__wrapped__("cpu")
    assert loaded.library is None
    assert "expected 999" in loaded.reason


def test_importing_the_plugin_does_not_import_torch():
    script = "import sys, srplug_dlsn.plugin; print('torch' in sys.modules)"
    assert run_python("-c", script).stdout.strip() == "False"


SOURCES = Path(__file__).parents[2] / "csrc"


@pytest.mark.skipif(not SOURCES.is_dir(), reason="not beside the sources")
def test_statuses_are_those_of_the_header():
    text = (SOURCES / "attention.h").read_text()
    declared = re.findall(
        r"DLSN_(\w+) = (-?\d+),", re.search(r"enum DlsnStatus \{(.*?)\};", text, re.DOTALL)[1]
    )
    assert {name: int(value) for name, value in declared} == {
        status.name: status.value for status in abi.Status
    }


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
@pytest.mark.parametrize(
    "header",
    sorted(SOURCES.rglob("*.h")) + sorted(SOURCES.rglob("*.cuh")),
    ids=lambda path: path.name,
)
def test_a_header_can_be_included_alone(header):
    emulation = Path(__file__).parents[1] / "cuda_emulation"
    command = ["g++", "-std=c++17", "-fsyntax-only", "-Wall", "-Wextra", "-Werror"]
    command += [
        "-Wno-unused-function",
        "-Wno-unknown-pragmas",
        "-Wno-psabi",
        "-Wno-unused-variable",
    ]
    command += ["-DDLSN_EMULATION", "-I", str(emulation), "-x", "c++", "-include", str(header)]
    result = subprocess.run([*command, os.devnull], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
