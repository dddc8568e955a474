"""One real matrix in a MATLAB 5 file, by SciPy, which is an extra: ``srplug-usrdu[matlab]``."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srcore.errors import DataError, MissingExtraError
from srcore.files.atomic import write_bytes


def write_matrix(path: Path, name: str, matrix: NDArray[np.floating]) -> None:
    """Write a matrix ``(M, N)`` as double under a variable's name, atomically.

    Raises:
        DataError: the folder is read-only, the disk is full, ...
        MissingExtraError: SciPy is not installed.
    """
    content = io.BytesIO()
    _scipy_io("writing").savemat(content, {name: matrix.astype(np.float64)})
    write_bytes(path, content.getvalue())


def read_matrix(path: Path, name: str) -> NDArray[np.float64]:
    """Read the matrix ``(M, N)`` of a name.

    Raises:
        DataError: not such a file, no such variable, or not a full real matrix.
        MissingExtraError: SciPy is not installed.
    """
    scipy_io = _scipy_io("reading")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    if content[126:128] not in (b"IM", b"MI"):
        raise DataError(
            f"{path}: not a MATLAB 5 file; save it with save(..., '-v7'), or use .npy files"
        )
    try:
        matrix = scipy_io.loadmat(io.BytesIO(content), variable_names=[name]).get(name)
        held = [] if matrix is not None else scipy_io.whosmat(io.BytesIO(content))
    except MemoryError as error:
        raise DataError(f'{path}: not enough memory for "{name}"') from error
    except Exception as error:  # whatever a parser of foreign bytes meets
        raise DataError(f"{path}: damaged or cut off ({error})") from error
    if matrix is None:
        names = ", ".join(entry[0] for entry in held) or "nothing"
        raise DataError(f'{path}: no real matrix "{name}"; it holds {names}')
    is_matrix = isinstance(matrix, np.ndarray) and matrix.ndim == 2 and matrix.dtype.kind in "iuf"
    if not is_matrix:
        raise DataError(f'{path}: "{name}" is no full real matrix of two dimensions')
    return np.ascontiguousarray(matrix, dtype=np.float64)


def _scipy_io(doing: str) -> Any:
    try:
        import scipy.io
    except ImportError as error:
        what = f"{doing} MATLAB files"
        raise MissingExtraError(what, "matlab", "srplug-usrdu") from error
    return scipy.io
