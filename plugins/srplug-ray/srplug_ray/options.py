"""Which cluster a command uses, and what of it."""

from __future__ import annotations

import attrs

from srcore.options import option


@attrs.frozen(kw_only=True)
class ClusterOptions:
    """A cluster and its workers."""

    address: str | None = option(
        None,
        "of a running cluster, such as auto or host:6379; without it that of RAY_ADDRESS, else a "
        "cluster of this machine alone is started, and ended",
    )
    workers: int | None = option(
        None,
        "processes that upscale, each with a network of its own; without it as many as the GPUs "
        "of the cluster allow, or, without GPUs, its cores",
        ge=1,
    )
    gpus_per_worker: float | None = option(
        None,
        "GPUs of each worker, such as 0.5 for two workers on one, 0 for none; without it 1 if "
        "the cluster has GPUs",
        ge=0,
        le=1,
    )
