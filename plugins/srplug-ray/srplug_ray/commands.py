"""``srcore ray``: enlarging images on a cluster."""

from __future__ import annotations

import time

import attrs
import click

from srcore.cli.flags import flags
from srcore.cli.listing import ListingGroup
from srcore.cli.upscale_flags import UpscaleRequest, upscale_flags
from srcore.cli.upscale_results import interruptible, say_rates, say_result, say_results
from srcore.cli.writing import WritingCommand
from srcore.plugin.registry import Registry
from srplug_ray.options import ClusterOptions


@click.group("ray", cls=ListingGroup)
def command() -> None:
    """Enlarge images on a Ray cluster."""


@command.command(
    "upscale",
    cls=WritingCommand,
    before="depth",
    written="Format where --output does not name one; same: that of each input.",
    of_inputs=True,
)
@upscale_flags(flags("cluster", ClusterOptions, heading="Cluster"))
def upscale_on_cluster(request: UpscaleRequest, cluster: ClusterOptions) -> None:
    """Enlarge INPUT, images as of srcore upscale, on the workers of a Ray cluster.

    Names, files and messages are those of srcore upscale. All machines must see the same folders
    under the same names. Films are left out.

    \b
    Examples:
      srcore ray upscale photos/ -o enlarged/ --recursive
      srcore ray upscale photos/ -o enlarged/ --recursive --resume
      srcore ray upscale --list files.txt -o enlarged/ --failures failed.jsonl
      srcore ray upscale photos/ -o enlarged/ --address auto --gpus-per-worker 0.5
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from tqdm import tqdm

    from srcore.cli.console import say
    from srcore.cli.upscale_plan import planned_upscale, refuse_occupied
    from srcore.files.replacing import refuse_replacing
    from srcore.machine.terminal import on_terminal
    from srcore.upscaling.failure_report import FailureReport
    from srcore.upscaling.inputs import files_of_inputs
    from srplug_ray.cluster import connected, share
    from srplug_ray.job import RayJob
    from srplug_ray.place import marked
    from srplug_ray.worker import Conditions

    def tell(line: str) -> None:
        say(f"srcore: {line}", err=True)

    with interruptible():
        planned = planned_upscale(request, device="cpu")
        tasks = [task for task in planned.tasks if not task.is_film]
        if films := len(planned.tasks) - len(tasks):
            tell(f"left out, with their number: films ({films}); srcore upscale takes them")
        report = FailureReport(request.failures)
        refuse_replacing(files_of_inputs(it.source for it in planned.tasks), report.files)
        if not (request.resume or request.overwrite):
            refuse_occupied(tasks, report)
        report.begin()
        report.add(planned.unreadable)
    results = list(planned.unreadable)
    began = time.perf_counter()
    if tasks:
        # Ray takes over SIGTERM, so that what it means is said once more.
        with connected(cluster) as machines, interruptible(), marked(tasks) as place:
            given = share(machines, _on_device(cluster, request.loading.device))
            device = request.loading.device
            job = RayJob(
                tasks=tasks,
                network=planned.network,
                settings=attrs.evolve(planned.settings, registry=None),
                conditions=Conditions(
                    place=place,
                    environment=_plugins_by_environment(),
                    registry=_registry_here,
                    threads=max(1, int(given.cpus)),
                    device="cpu" if device == "auto" and not given.gpus else device,
                    resume=request.resume,
                ),
                share=given,
                tell=tell,
            )
            shown = on_terminal(quiet=request.quiet)
            with tqdm(total=len(tasks), unit="file", **shown) as bar:
                for result in job.results():
                    report.add([result])
                    results.append(result)
                    say_result(result, says_paths=not request.as_json)
                    bar.update()
    say_results(results, as_json=request.as_json)
    say_rates(results, began)
    if any(result.status == "failed" for result in results):
        raise click.exceptions.Exit(1)


def _on_device(cluster: ClusterOptions, device: str) -> ClusterOptions:
    """Workers that compute on the CPU take no GPU."""
    if device == "cpu" and cluster.gpus_per_worker is None:
        return attrs.evolve(cluster, gpus_per_worker=0.0)
    return cluster


def _plugins_by_environment() -> dict[str, str]:
    """Variables by which another process has the plugins of this one."""
    from srcore.plugin.manager import plugins

    manager = plugins()
    return {
        "SRCORE_PLUGINS": ",".join(manager.named),
        "SRCORE_WITHOUT": ",".join(sorted(manager.without)),
    }


def _registry_here() -> Registry:
    """What the plugins of the process that asks registered."""
    from srcore.plugin.manager import plugins

    return plugins().registry
