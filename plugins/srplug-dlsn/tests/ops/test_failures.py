"""A status of a compiled library is raised as what it means, in whose words it is."""

import re
from types import SimpleNamespace

import pytest
from srplug_dlsn.ops.abi import Status
from srplug_dlsn.ops.failures import raise_for

CUDA = SimpleNamespace(dlsn_cuda_error=lambda status: f"error {status} of CUDA".encode())


@pytest.mark.parametrize(
    ("status", "error", "text"),
    [
        (Status.OUT_OF_MEMORY, MemoryError, "hashed_attention: not enough memory"),
        (Status.NOT_A_PERMUTATION, ValueError, "sorted_indices holds something other than"),
        (Status.UNSUPPORTED, RuntimeError, "the library was built without this type (code -3)"),
        (Status.TOO_LARGE, RuntimeError, "sizes beyond the kernel's indices"),
        (-99, RuntimeError, "hashed_attention: the kernel failed (code -99)"),
        (700, RuntimeError, "hashed_attention: error 700 of CUDA (code 700)"),
    ],
)
def test_a_failure_says_what_it_is(status, error, text):
    with pytest.raises(error, match=re.escape(text)):
        raise_for(status, CUDA)


def test_success_raises_nothing():
    raise_for(Status.OK, None)


def test_codes_are_those_of_the_header(request):
    header = (request.path.parents[2] / "csrc" / "attention.h").read_text("utf-8")
    codes = dict(
        re.findall(r"^    DLSN_(\w+) = (-?\d+),.*$", header.partition("};")[0], re.MULTILINE)
    )
    assert {name: int(code) for name, code in codes.items()} == Status.__members__
    assert len(set(codes.values())) == len(codes)
