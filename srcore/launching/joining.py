"""Processes that torchrun started are joined to one run, and say in one line what parted them."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterator

import torch
from ignite import distributed as idist

from srcore.errors import SrcoreError
from srcore.launching.rendezvous import meet
from srcore.machine.processes import (
    end_with_launcher,
    is_lost_process,
    is_silent_process,
    local_rank,
    rank,
    world_size,
)

#: Seconds that a process waits for another one that is there and says nothing (gloo).
SILENCE = 1800.0
#: By it Ignite takes numbers of processes from SLURM, which knows one torchrun per node.
_SLURM = "SLURM_JOB_ID"


@contextlib.contextmanager
def together() -> Iterator[bool]:
    """Join the other processes if torchrun started several; yield whether this is the main one.

    Raises:
        SrcoreError: another process did not start, has ended, or does not answer.
    """
    if world_size() == 1 or torch.distributed.is_initialized():
        yield idist.get_rank() == 0
        return
    end_with_launcher()
    try:
        _join_processes()
        yield idist.get_rank() == 0
    except RuntimeError as error:
        what = _what_parted_us(error)
        if not what:
            raise
        raise SrcoreError(
            f"process {rank()} of {world_size()}: another process of this run {what}; "
            "continue all of them with --resume"
        ) from error
    finally:
        _leave()


def _join_processes() -> None:
    store = meet()
    if not torch.cuda.is_available():
        limit = datetime.timedelta(seconds=SILENCE)
        torch.distributed.init_process_group(
            "gloo", store=store, rank=rank(), world_size=world_size(), timeout=limit
        )
        torch.distributed.barrier()
    else:
        # the one that pick_device takes; what NCCL sends goes through the current device
        index = local_rank() % torch.cuda.device_count()
        torch.cuda.set_device(index)
        torch.distributed.init_process_group(
            "nccl", store=store, rank=rank(), world_size=world_size()
        )
        torch.distributed.barrier(device_ids=[index])
    with _without_slurm():
        idist.sync()


def _leave() -> None:
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()
    idist.sync()


@contextlib.contextmanager
def _without_slurm() -> Iterator[None]:
    job = os.environ.pop(_SLURM, None)
    try:
        yield
    finally:
        if job is not None:
            os.environ[_SLURM] = job


def _what_parted_us(error: RuntimeError) -> str:
    if is_lost_process(error):
        return "has ended, its own lines say why"
    if is_silent_process(error):
        return "does not answer: it hangs, or its machine or network is gone"
    return ""
