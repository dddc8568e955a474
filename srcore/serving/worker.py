"""The process that computes: it can be killed, and what it does wrong ends nobody else."""

from __future__ import annotations

import re
import signal
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from torch import nn

from srcore.errors import DataError, SrcoreError, cause, line_about
from srcore.images import ImageHeader, read_header, read_image, write_image
from srcore.machine.devices import pick_device
from srcore.machine.memory import is_out_of_memory
from srcore.machine.processes import end_with_parent
from srcore.messages import one_line
from srcore.models.resolving import weights_file
from srcore.plugin.manager import PluginManager
from srcore.plugin.registry import Registry
from srcore.serving.options import Computing
from srcore.serving.picture_queue import PictureOrder
from srcore.upscaling.batch import Result, Settings, upscale_files
from srcore.upscaling.frames import choose_frames
from srcore.upscaling.jobs import Task
from srcore.upscaling.sizing import Sizing
from srcore.weights.channel_order import order_remark
from srcore.weights.containers import read_checkpoint
from srcore.weights.loading import build_generator

#: Seconds between two words about how far it is.
_OFTEN = 0.1


def serve_orders(connection: Connection, computing: Computing) -> None:
    """Take orders from a connection and tell what becomes of them, until nobody gives any."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal; whoever started us ends us
    end_with_parent()
    manager = PluginManager(without=computing.without, named=computing.named)
    worker = Worker(manager.registry, computing)
    while True:
        try:
            order = connection.recv()
        except EOFError:
            return
        connection.send(worker.done(order, lambda **changes: connection.send(changes)))


class Worker:
    """Enlarges pictures one by one; the last network stays loaded."""

    def __init__(self, registry: Registry, computing: Computing) -> None:
        self._registry, self._computing = registry, computing
        self._loaded: tuple[tuple[Any, ...], nn.Module, str] | None = None

    def done(self, order: PictureOrder, tell: Callable[..., object]) -> dict[str, Any]:
        """What becomes of an order in the end, as changes of its job.

        Args:
            order: what to do.
            tell: called with changes of the job on the way.
        """
        try:
            facts = self._upscaled(order, tell)
        except Exception as error:  # whatever it is, the next one is done
            if not isinstance(error, SrcoreError) and not is_out_of_memory(error):
                traceback.print_exc(file=sys.stderr)
            return {
                "state": "failed",
                "message": _named_as_given(_what_went_wrong(order, error), order),
            }
        return {"state": "done", "share": 1.0, "facts": facts}

    def _upscaled(self, order: PictureOrder, tell: Callable[..., object]) -> dict[str, Any]:
        tell(facts={"doing": "reading the picture"})
        header = read_header(order.source)
        if order.viewable is not None:
            picture = read_image(order.source)
            write_image(order.viewable, picture, icc_profile=header.icc_profile, durable=False)
            del picture
        tell(facts={"doing": f"{'fetching' if order.fetch else 'loading'} the model"})
        network, remark = self._network(order)
        sizing = Sizing(scale=order.scale or float(network.scale))  # type: ignore[arg-type]  # an int by the contract
        task = Task(order.source, order.target)
        series, _ = choose_frames(task, header.frame_count, "auto", header.dtype)
        count = 1 if series is None else series.count
        self._refuse_huge(header, count, sizing, order)
        facts = {"width": header.width, "height": header.height, "scale": sizing.scale}
        tell(state="upscaling", facts=facts)
        settings = Settings(
            sizing=sizing, upscaling=self._computing.upscaling, registry=self._registry
        )
        pixels = header.width * header.height
        progress = _ShareTeller(pixels * count, tell)
        (result,) = upscale_files(network, [task], settings, progress)
        if result.status == "failed":
            raise SrcoreError(result.message)
        return {**facts, **_facts_of(result, order, remark)}

    def _network(self, order: PictureOrder) -> tuple[nn.Module, str]:
        """The network of an order, and what is odd about its colors."""
        file = weights_file(order.weights, self._registry, lambda offer: order.fetch)
        try:
            about = file.stat()
        except OSError as error:
            raise DataError(f"{file}: cannot be read: {error.strerror}") from error
        known = (str(file), about.st_size, about.st_mtime_ns)
        if self._loaded is None or self._loaded[0] != known:
            self._loaded = None  # before the next one needs the memory
            checkpoint = read_checkpoint(file)
            device = pick_device(self._computing.device)
            network = build_generator(checkpoint, self._registry, device)
            self._loaded = (known, network, order_remark(checkpoint, self._registry))
        return self._loaded[1:]

    def _refuse_huge(
        self, header: ImageHeader, count: int, sizing: Sizing, order: PictureOrder
    ) -> None:
        height, width = sizing.target(header.height, header.width, 1).final
        pixels, most = height * width * count, self._computing.most_pixels
        if pixels > most:
            frames = f" of {count} pictures" if count > 1 else ""
            megapixels = f"{pixels / 1e6:.0f} megapixels; at most {most / 1e6:.0f} are made here"
            raise DataError(
                f"{order.source}: {header.width}x{header.height} pixels would become "
                f"{width}x{height}{frames}, {megapixels}; choose a smaller scale, or start "
                "srcore serve with a larger --max-result"
            )


class _ShareTeller:
    """Tells which part of the input is done, now and then."""

    def __init__(self, pixels: int, tell: Callable[..., object]) -> None:
        self._pixels, self._tell = max(1, pixels), tell
        self._done, self._told = 0, 0.0

    def __call__(self, pixels: int) -> None:
        self._done += pixels
        if time.monotonic() - self._told > _OFTEN:
            self._told = time.monotonic()
            self._tell(share=min(1.0, self._done / self._pixels))


def _facts_of(result: Result, order: PictureOrder, remark: str) -> dict[str, Any]:
    assert result.size is not None
    lost = f"not kept: {', '.join(result.lost)}" if result.lost else ""
    notes = [_named_as_given(note, order) for note in (remark, result.note, lost) if note]
    return {
        "result_width": result.size[0],
        "result_height": result.size[1],
        "seconds": round(result.seconds, 2),
        "notes": notes,
    }


def _what_went_wrong(order: PictureOrder, error: Exception) -> str:
    """What went wrong, in one line."""
    if is_out_of_memory(error) and not isinstance(error, SrcoreError):
        return line_about(order.source, MemoryError("a smaller picture or --tile needs less"))
    return one_line(str(error)) if isinstance(error, SrcoreError) else cause(error)


def _named_as_given(text: str, order: PictureOrder) -> str:
    """A message that names files as the client does, and options as those of another command."""
    for file in (order.source, order.target):
        text = text.replace(str(file), order.name)
    text = text.replace(f"{order.name}: {order.name}: ", f"{order.name}: ")
    return re.sub(r"(?<!\S)(?=--(?:background|depth|frames)\b)", "srcore upscale ", text)
