import sys

import numpy as np
import pytest
import scipy.io
from srplug_usrdu.matfile import read_matrix, write_matrix

from srcore.errors import DataError, MissingExtraError

KERNEL = np.random.default_rng(0).random((13, 17))


def test_scipy_reads_what_we_write(tmp_path):
    write_matrix(tmp_path / "k.mat", "Kernel", KERNEL)
    assert np.array_equal(scipy.io.loadmat(tmp_path / "k.mat")["Kernel"], KERNEL)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("dtype", ["f8", "f4", "u1"])
def test_we_read_what_scipy_writes(tmp_path, compressed, dtype):
    kernel = (255 * KERNEL).astype(dtype)
    other = {"note": "text", "Kernel": kernel, "z": 1j * KERNEL}
    scipy.io.savemat(tmp_path / "k.mat", other, do_compression=compressed)
    assert np.array_equal(read_matrix(tmp_path / "k.mat", "Kernel"), kernel.astype("f8"))


def test_round_trip(tmp_path):
    write_matrix(tmp_path / "k.mat", "Kernel", KERNEL[:1])
    assert np.array_equal(read_matrix(tmp_path / "k.mat", "Kernel"), KERNEL[:1])


def test_missing_variable_names_what_there_is(tmp_path):
    write_matrix(tmp_path / "k.mat", "Blur", KERNEL)
    with pytest.raises(DataError, match='no real matrix "Kernel"; it holds Blur'):
        read_matrix(tmp_path / "k.mat", "Kernel")


def test_other_files_and_damaged_ones_are_told_apart(tmp_path):
    (tmp_path / "text.mat").write_text("no matrix")
    with pytest.raises(DataError, match="not a MATLAB 5 file"):
        read_matrix(tmp_path / "text.mat", "Kernel")
    write_matrix(tmp_path / "k.mat", "Kernel", KERNEL)
    (tmp_path / "cut.mat").write_bytes((tmp_path / "k.mat").read_bytes()[:300])
    with pytest.raises(DataError, match="damaged or cut off"):
        read_matrix(tmp_path / "cut.mat", "Kernel")
    with pytest.raises(DataError, match="cannot be read"):
        read_matrix(tmp_path / "absent.mat", "Kernel")


def test_without_scipy_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    message = r"MATLAB files needs an optional package: pip install 'srplug-usrdu\[matlab\]'"
    with pytest.raises(MissingExtraError, match=f"writing {message}"):
        write_matrix(tmp_path / "k.mat", "Kernel", KERNEL)
    with pytest.raises(MissingExtraError, match=f"reading {message}"):
        read_matrix(tmp_path / "k.mat", "Kernel")


@pytest.mark.parametrize("other", [np.array(["text"]), 1j * KERNEL, KERNEL[None]])
def test_what_is_no_real_matrix_is_refused(tmp_path, other):
    scipy.io.savemat(tmp_path / "k.mat", {"Kernel": other})
    with pytest.raises(DataError, match='"Kernel" is no full real matrix of two dimensions'):
        read_matrix(tmp_path / "k.mat", "Kernel")
