"""An image through a network by rows: equal to the whole, without context that is thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs
import torch
from torch import Tensor, nn

from srcore.capabilities import capability
from srcore.inference import channels
from srcore.inference.border import Continued
from srcore.inference.streaming.bands import band_for, upscaled_bands
from srcore.inference.streaming.verification import recording_of
from srcore.inference.tiling import Span
from srcore.machine.device_names import UsePrecision
from srcore.machine.devices import device_of
from srcore.networks.padding import pad_to_multiple
from srcore.recording.recording import Recording


@attrs.frozen(eq=False)
class ByRows:
    """An image and a network that is computed by rows.

    Attributes:
        network: in evaluation mode, on its device.
        recording: its operations.
        image: what it enlarges.
        band: rows of it that are taken at a time.
    """

    network: nn.Module
    recording: Recording
    image: Continued
    band: int

    @classmethod
    def of(cls, network: nn.Module, image: Continued, area: int | None) -> ByRows | None:
        """None where the network looks further than some rows, or memory does not hold them.

        Args:
            network: in evaluation mode, on its device.
            image: what is enlarged.
            area: pixels that are taken at a time; None: all of them, which needs no bands.
        """
        if area is None:
            return None
        recording = recording_of(network)
        if recording is None:
            return None
        images = 1 if channels.has_flat_alpha(image.image) else 2
        band = band_for(network, recording, images * image.width, area)
        return None if band is None else cls(network, recording, image, band)

    def upscaled(
        self, precision: UsePrecision, progress: Callable[[int], object]
    ) -> Iterator[Tensor]:
        """Rows ``(C, h, W)`` in [0, 1] from top to bottom; tells the pixels that are done."""
        height, width = self.image.height, self.image.width
        scale: int = self.network.scale  # type: ignore[assignment]  # an int by the contract
        multiple = self._multiple
        padded = -(-height // multiple) * multiple
        told, pixels = 0, self.image.image.shape[0] * self.image.image.shape[1]

        def tell(share: float) -> None:
            nonlocal told
            done = int(share * pixels)
            progress(max(0, done - told))
            told = max(done, told)

        left = scale * height
        corner = self.image.image[:1, :1]
        for rows in upscaled_bands(
            self.network, self.recording, self._read, padded, self.band, precision, tell
        ):
            inside = rows[..., :left, : scale * width]
            left -= inside.shape[-2]
            yield channels.join_channels(inside, corner).clamp(0, 1)
        progress(pixels - told)

    @property
    def _multiple(self) -> int:
        return int(capability("network", self.network, "tile_multiple"))

    def _read(self, start: int, stop: int) -> Tensor:
        """Rows of the image, continued to sides that the network takes: ``(N, C, rows, W)``."""
        network, image, multiple = self.network, self.image, self._multiple
        # What continues an image are its own last rows, mirrored.
        first = start if stop <= image.height else max(0, start - multiple)
        window = image.window(Span(first, min(stop, image.height)), Span(0, image.width))
        rows = channels.split_channels(
            window,
            device_of(network),
            int(capability("network", network, "in_channels")),
            flat_alpha=channels.has_flat_alpha(image.image),
        )
        rows = pad_to_multiple(rows, multiple)[..., start - first :, :]
        # Convolutions are faster on this layout, and those of the whole image are computed on it.
        return rows.contiguous(memory_format=torch.channels_last)
