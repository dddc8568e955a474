"""The Ray cluster that does the work, and what of it each worker gets."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import attrs

from srcore.errors import SrcoreError, first_line
from srplug_ray.options import ClusterOptions

_LOCAL = "local"
#: Seconds for a host to answer.
_PATIENCE = 20
#: Variables of Ray: no statistics of usage; what it will do by default, and else warns of, since
#: workers without GPUs are told so by their device; no errors of its own for how Ray Data uses it,
#: and no lines of its own among the results.
_EVERYWHERE = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
}
#: Named after the systems on which it is so by default: the address of the machine is 127.0.0.1.
_ON_LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


class ClusterError(SrcoreError):
    """There is no such cluster, or it has not what was asked for."""

    exit_code = 2


@attrs.frozen
class Share:
    """What the workers get.

    Attributes:
        workers: number of them.
        cpus: cores of each.
        gpus: GPUs of each.
    """

    workers: int
    cpus: float
    gpus: float


@contextlib.contextmanager
def connected(options: ClusterOptions) -> Iterator[list[Mapping[str, float]]]:
    """Connect to a cluster, or start one; yields the resources of its machines.

    Nothing of it is told to anybody: Ray's statistics of usage are off. A cluster that is started
    listens to this machine alone, has no dashboard, and ends with the block.

    Raises:
        ClusterError: it cannot be reached or started.
    """
    address = options.address or os.environ.get("RAY_ADDRESS") or _LOCAL
    _refuse_unreachable(address)
    how: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    os.environ |= _EVERYWHERE
    if address == _LOCAL:
        os.environ |= _ON_LOOPBACK
        how |= {"include_dashboard": False}
    import ray  # which reads these variables

    try:
        with _muted():
            ray.init(address, **how)
    except Exception as error:  # of many kinds; why comes last, behind other programs' lines
        lines = [first_line(error), *str(error.__cause__ or "").strip().splitlines()[-1:]]
        raise ClusterError(f"--address {address}: {'; '.join(lines)}") from error
    try:
        yield [node["Resources"] for node in ray.nodes() if node["Alive"]]
    finally:
        ray.shutdown()


def _refuse_unreachable(address: str) -> None:
    """Refuse a host that does not answer, for which Ray would wait for minutes."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    try:
        if parts.port:
            socket.create_connection((parts.hostname or "", parts.port), _PATIENCE).close()
    except (OSError, ValueError) as error:
        raise ClusterError(f"--address {address}: {error}; expected a running cluster") from error


@contextlib.contextmanager
def _muted() -> Iterator[None]:
    """Without standard error, on which Ray says at which level it says something there."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def share(machines: Sequence[Mapping[str, float]], options: ClusterOptions) -> Share:
    """What each worker gets of the machines of a cluster.

    >>> share([{"CPU": 16, "GPU": 2}, {"CPU": 16, "GPU": 2}], ClusterOptions())
    Share(workers=4, cpus=8, gpus=1.0)

    Args:
        machines: resources of each: ``"CPU"``, ``"GPU"``.
        options: what was asked for.

    Raises:
        ClusterError: the cluster has no room for a worker, and the number was not given.
    """
    has_gpus = any(it.get("GPU") for it in machines)
    gpus = options.gpus_per_worker
    if gpus is None:
        gpus = 1.0 if has_gpus else 0.0
    if gpus:
        places = sum(int(it.get("GPU", 0) / gpus) for it in machines)
    else:
        places = int(sum(it.get("CPU", 0) for it in machines))
    workers = options.workers or places
    if not workers:
        what = "GPU" if gpus else "core"
        raise ClusterError(
            f"the cluster has no {what} for a worker; --workers says for how many to wait"
        )
    return Share(workers, _cores_each(machines, workers), gpus)


def _cores_each(machines: Sequence[Mapping[str, float]], workers: int) -> float:
    """The most cores with which all workers find room; a part of one if there are fewer."""
    cores = [it.get("CPU", 0) for it in machines]
    for each in range(int(sum(cores)) // workers, 0, -1):
        if sum(int(it // each) for it in cores) >= workers:
            return each
    most = int(max(cores, default=0))
    return next((1 / it for it in range(1, workers + 1) if most * it >= workers), 1)
