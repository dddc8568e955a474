"""Serve a page on which pictures are enlarged."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from srcore.cli.console import say
from srcore.cli.flags import flags
from srcore.cli.loading import Loading
from srcore.errors import Interrupted, WeightsError
from srcore.inference.options import BORDER_FOR_VIEWERS, UpscaleOptions
from srcore.plugin.manager import plugins
from srcore.serving.options import Computing, ServeOptions

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from srcore.serving.offered_models import Offered


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@flags("serving", ServeOptions)
@flags("loading", Loading, ("yes", "device"))
@flags("upscaling", UpscaleOptions, border=BORDER_FOR_VIEWERS)
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def command(
    models: tuple[str, ...],
    serving: ServeOptions,
    loading: Loading,
    upscaling: UpscaleOptions,
    opens: bool,
) -> None:
    """Serve a page in the browser: drop a picture, choose a model, compare, download.

    MODEL is a file of weights, the folder of a run, or a model of `srcore models`, and comes first
    in the list; beside it are the models that come with srcore, those of --runs, and the published
    ones. What is to be fetched is fetched after a tick on the page. Reports of runs are on the
    page, too, and made when they are looked at.

    The address that is printed holds a token, without which nothing is answered. It is one of this
    machine, which others do not reach; from elsewhere, take a tunnel, which goes by the name of
    this machine: ssh -L 8765:localhost:8765 MACHINE. Pictures are computed one by one, lie in a
    folder of temporary files, and are deleted when they were delivered. Ctrl-C ends it.

    \b
    Examples:
      srcore serve
      srcore serve --open
      srcore serve RealESRGAN_x4plus.pth runs/my_x4
      srcore serve --device cuda --precision bfloat16 --port 0
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.inference.backends.running import check_options
    from srcore.serving.gate import is_loopback
    from srcore.serving.processes import WorkerProcess
    from srcore.serving.server import serving as served

    ends = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    previous = {number: signal.signal(number, _end_serving) for number in ends}
    try:
        loading.warn_of_slow(upscaling.precision)
        check_options(upscaling, plugins().registry)
        offered = _offered(models, serving.runs, yes=loading.yes)
        computing = Computing(
            device=loading.device,
            upscaling=upscaling,
            most_pixels=serving.most_pixels,
            without=plugins().without,
            named=plugins().named,
        )
        with served(
            serving, offered, lambda: WorkerProcess(computing, work), _say_aside
        ) as address:
            if not is_loopback(serving.host):
                _say_aside(
                    f"warning: {serving.host}: whoever reaches this machine and has the address "
                    "can use the page; what is sent is not encrypted"
                )
            say(address)
            _say_aside("Ctrl-C ends it")
            if opens:
                click.launch(address)
            while True:
                time.sleep(_LOOK)
    except KeyboardInterrupt:
        raise Interrupted(signal.SIGINT, _ENDED) from None
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


_ENDED = "ended; pictures and results are deleted"
#: Seconds between two looks for a signal: one that comes just before a wait does not end that wait.
_LOOK = 0.25


def work(connection: Connection, computing: Computing) -> None:
    """The process that computes: messages name the flags of this command there, too."""
    from srcore.serving.processes import work_at_orders

    with click.Context(command):
        work_at_orders(connection, computing)


def _say_aside(line: str) -> None:
    say(f"srcore: {line}", err=True)


def _end_serving(number: int, frame: FrameType | None) -> None:
    raise Interrupted(number, _ENDED)


def _offered(models: tuple[str, ...], runs: Path, *, yes: bool) -> Offered:
    """What is offered; what was named must be there, or is fetched once the user agrees."""
    from srcore.cli.fetching import located
    from srcore.report.reading import has_stages
    from srcore.serving.offered_models import Offered

    given: list[Path] = []
    for text in models:
        path = Path(text)
        if path.is_dir():
            has_stages(path)  # refuses what is no run
        else:
            path = located(text, yes=yes)
            if not path.is_file():
                raise WeightsError(f"{text}: expected a file of weights; it is something else")
        given.append(path)
    return Offered(plugins().registry, tuple(given), runs)
