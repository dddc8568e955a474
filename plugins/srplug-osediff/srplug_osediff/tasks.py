"""Task ``osediff_base``: a generator of the weights of a text-to-image model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch

from srcore.config.plain_tables import as_table
from srcore.errors import WeightsError
from srcore.options.declaration import defaults, keywords
from srcore.runs.folder import RunFolder
from srcore.tasks import wait_for_all
from srcore.weights.saving import GeneratorMetadata, save_safetensors
from srplug_osediff.networks import OSEDiff
from srplug_osediff.options import OSEDiffBaseOptions
from srplug_osediff.text_to_image import (
    embed,
    load_parts,
    longest_text,
    options_of,
    read_prompts,
)

if TYPE_CHECKING:
    from srcore.engine.run import Run
    from srplug_osediff.options import OSEDiffOptions

_DEFAULT = defaults(OSEDiffBaseOptions)


class OSEDiffBase:
    """Write ``generator.safetensors``: a network ``osediff`` of the experiment's scale.

        [[stages]]
        name = "base"
        [stages.task]
        type = "osediff_base"
        model = "stable-diffusion-2-1-base"

    Nothing is fetched: the model lies in a folder.

    Arguments: the keys of :class:`srplug_osediff.options.OSEDiffBaseOptions`.
    """

    def __init__(
        self,
        *,
        model: Path,
        prompts: Path | None = _DEFAULT.prompts,
        prompt: str = _DEFAULT.prompt,
        negative_prompt: str = _DEFAULT.negative_prompt,
        lora_rank: int = _DEFAULT.lora_rank,
    ) -> None:
        self.model = model
        self.prompts = prompts
        self.prompt = prompt
        self.negative_prompt = negative_prompt
        self.lora_rank = lora_rank

    def run(self, run: Run) -> None:
        """Write the file.

        Raises:
            WeightsError: the model lacks a file, or cannot be made a generator.
        """
        if run.is_main:
            self._write(run)
        wait_for_all()

    def generator(self, scale: int) -> tuple[OSEDiff, OSEDiffOptions]:
        """The network with the weights of the model, without its prompts, and its options.

        Raises:
            WeightsError: as :meth:`run`.
        """
        given = None if self.prompts is None else read_prompts(self.prompts)[0]
        tokens = longest_text(self.model) if given is None else len(given)
        options = options_of(self.model, tokens=tokens, lora_rank=self.lora_rank)
        network = OSEDiff(scale, **keywords(options))
        if given is not None and given.shape != network.prompt.shape:
            raise WeightsError(
                f"{self.prompts}: the prompts have shape {tuple(given.shape)}; expected "
                f"{tuple(network.prompt.shape)}, as the model's cross_attention_dim says"
            )
        load_parts(network, self.model)
        return network, options

    def _write(self, run: Run) -> None:
        scale = run.experiment.scale
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(run.experiment.seed)  # adapters begin with random numbers
            network, options = self.generator(scale)
        texts = (self.prompt, self.negative_prompt)
        embedded = (
            read_prompts(self.prompts)
            if self.prompts is not None
            else [embed(self.model, text) for text in texts]
        )
        for buffer, values in zip((network.prompt, network.negative_prompt), embedded, strict=True):
            buffer.copy_(values)
        save_safetensors(
            run.folder / RunFolder.generator,
            network.state_dict(),
            GeneratorMetadata("osediff", as_table(options), scale),
            run.plugins.registry,
        )
