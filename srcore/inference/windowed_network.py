"""Running a network on windows; what does not fit into memory is computed in parts.

By rows where the network allows that, which is exact, else in tiles, which differ from the whole by
what they lack of context.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable

import torch
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.errors import SrcoreError
from srcore.inference.beside import NOTHING, Beside
from srcore.inference.failures import OutOfMemoryError, check_finite
from srcore.inference.options import SMALLEST_TILE
from srcore.inference.streaming.bands import whole_by_rows
from srcore.inference.tiling import Span, cut_axis
from srcore.machine.device_names import UsePrecision
from srcore.machine.devices import autocast, device_of
from srcore.machine.memory import is_out_of_memory


class WindowedNetwork:
    """Calls a network without graph, in a chosen precision, and survives running out of memory.

    What did not fit once is not tried again.

    Args:
        network: in evaluation mode, on its device.
        precision: computed by autocast.
        batch: at most so many windows at a time.
        overlap_for: tile side -> overlap.
    """

    def __init__(
        self,
        network: nn.Module,
        precision: UsePrecision,
        batch: int,
        overlap_for: Callable[[int], int],
    ) -> None:
        self.network = network
        self.scale = int(network.scale)  # type: ignore[arg-type]  # an int by the contract
        self.multiple = int(capability("network", network, "tile_multiple"))
        self.channels = int(capability("network", network, "in_channels"))
        self.device = device_of(network)
        self.precision = precision
        self.batch = batch
        self.overlap_for = overlap_for
        self._failed_side: float = math.inf
        self._first_error: BaseException | None = None

    def __call__(self, windows: Tensor, beside: Beside = NOTHING) -> Tensor:
        """``(N, 3, h, w)`` -> ``(N, 3, scale*h, scale*w)``, float32.

        Args:
            windows: images or tiles of images.
            beside: what the network sees beside them.

        Raises:
            OutOfMemoryError: the smallest tile is still too large.
            SrcoreError: the result is not finite or has the wrong size.
        """
        parts: list[Tensor] = []
        done = 0
        while done < len(windows):
            chunk = windows[done : done + self.batch]
            own = beside.images(done, done + len(chunk))
            run = self._in_parts if self._is_too_large(chunk) else self._attempt
            sr = run(chunk, own)
            if sr is not None:
                parts.append(sr)
                done += len(chunk)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _attempt(self, windows: Tensor, beside: Beside) -> Tensor | None:
        """Result, or None after lowering what is tried next time."""
        try:
            return self._run(windows, beside)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            traceback.clear_frames(error.__traceback__)  # they hold what filled the memory
            self._first_error = self._first_error or error
        if len(windows) > 1:
            self.batch = len(windows) // 2
        else:
            self._failed_side = max(windows.shape[-2:])
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        return None

    def _run(self, windows: Tensor, beside: Beside) -> Tensor:
        with torch.inference_mode(), autocast(self.device, self.precision):
            # Convolutions of one image are faster on this layout, on CPU and GPU alike.
            images = windows.contiguous(memory_format=torch.channels_last)
            sr: Tensor = self.network(images, **beside.keywords).float()
        expected = tuple(self.scale * side for side in windows.shape[-2:])
        if sr.shape[1] != self.channels or sr.shape[-2:] != expected:
            wanted = f"{self.channels} channels of {expected[0]}x{expected[1]} pixels"
            raise SrcoreError(
                f"the network made {tuple(sr.shape)} of {tuple(windows.shape)}; expected {wanted} "
                f"(scale {self.scale})"
            )
        check_finite(sr, self.precision)
        return sr

    def _is_too_large(self, windows: Tensor) -> bool:
        return max(windows.shape[-2:]) >= self._failed_side

    def _in_parts(self, windows: Tensor, beside: Beside) -> Tensor:
        if not beside.keywords:
            sr = whole_by_rows(self.network, windows, self.precision)
            if sr is not None:
                return sr
        return self._in_tiles(windows, beside)

    def _in_tiles(self, windows: Tensor, beside: Beside) -> Tensor:
        """Cut windows into tiles that read at most half of the side that failed."""
        side = int(self._failed_side) // 2
        overlap = min(self.overlap_for(side), side // 4)
        rows, columns = (
            cut_axis(length, side - 2 * overlap, overlap, self.multiple)
            for length in windows.shape[-2:]
        )
        largest = max(span.stop - span.start for span in (*rows, *columns))
        if side < SMALLEST_TILE or largest >= self._failed_side:
            what = f"a tile of {self._failed_side} pixels"
            raise OutOfMemoryError.of(self.device, what, self._first_error)
        return blend(self, windows, rows, columns, beside)


def blend(
    windowed: WindowedNetwork,
    images: Tensor,
    rows: tuple[Span, ...],
    columns: tuple[Span, ...],
    beside: Beside = NOTHING,
) -> Tensor:
    """Run on every tile of images in memory and fade the results into each other.

    ``(N, C, h, w)`` in [0, 1] -> ``(N, C, scale*h, scale*w)``, not clamped.
    """
    scale = windowed.scale
    size = (int(images.shape[-2]), int(images.shape[-1]))
    height, width = (scale * side for side in size)
    result = images.new_zeros(*images.shape[:2], height, width)
    for row in rows:
        for column in columns:
            place = slice(row.start, row.stop), slice(column.start, column.stop)
            sr = windowed(images[..., place[0], place[1]], beside.window(size, *place))
            weights = row.weights(scale, sr.device)[:, None] * column.weights(scale, sr.device)
            result[..., contribution_place(row, scale), contribution_place(column, scale)].addcmul_(
                contributing_part(sr, row, column, scale), weights
            )
    return result


def contribution_place(span: Span, scale: int) -> slice:
    """Where the contribution of a tile lies in the result."""
    return slice(scale * span.kept_start, scale * span.kept_stop)


def contributing_part(sr: Tensor, row: Span, column: Span, scale: int) -> Tensor:
    """The part of a tile's output that contributes.

    ``(N, C, scale*h, scale*w)`` of a tile, margins included -> the same without them.
    """
    return sr[
        ...,
        scale * (row.kept_start - row.start) : scale * (row.kept_stop - row.start),
        scale * (column.kept_start - column.start) : scale * (column.kept_stop - column.start),
    ]
