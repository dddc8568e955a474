"""``srcore usrdu``: blur kernels of a folder, published checkpoint layout."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from srcore.cli.existing import EXISTING_FILE, EXISTING_FOLDER
from srcore.cli.flags import flag
from srcore.cli.listing import ListingGroup
from srcore.config.schema import Experiment, TrainTable
from srcore.files.occupied import refuse_existing
from srplug_usrdu.options import KernelsOptions


@click.group("usrdu", cls=ListingGroup)
def command() -> None:
    """USR-DU: blur kernels of real images, exchange of its checkpoints."""


@command.command()
@click.argument("lr", type=EXISTING_FOLDER)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="Folder of kernels."
)
@flag(KernelsOptions, "iterations")
@flag(KernelsOptions, "variant")
@flag(KernelsOptions, "mat")
@flag(Experiment, "seed")
@flag(TrainTable, "device")
def kernels(
    lr: Path,
    output: Path,
    iterations: int,
    variant: Literal["paper", "published"],
    mat: bool,
    seed: int,
    device: str,
) -> None:
    """Estimate a blur kernel for every image of the folder LR (KernelGAN).

    Kernels that are there already are kept. An experiment uses them with
    kernels = "OUTPUT" in the transform usrdu_reference.

    \b
    Example:
      srcore usrdu kernels phone -o kernels
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    from srcore.machine.devices import pick_device
    from srplug_usrdu.kernelgan import KernelGanSettings
    from srplug_usrdu.tasks import write_missing_kernels

    settings = KernelGanSettings(variant=variant, iterations=iterations)
    written = write_missing_kernels(
        lr, output, settings, seed=seed, device=pick_device(device), mat=mat
    )
    click.echo(f"{output}: kernels of {written} images written")


@command.command()
@click.argument("rrdbnet", metavar="GENERATOR", type=EXISTING_FILE)
@click.argument("dsn", type=EXISTING_FILE)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), required=True, help="File to write, .pth."
)
@click.option("--overwrite", is_flag=True, help="Replace OUTPUT if it exists.")
def export(rrdbnet: Path, dsn: Path, output: Path, overwrite: bool) -> None:
    """Write an RRDBNet and a DSN in the published two-part layout (params, one .pth file).

    \b
    Example:
      srcore usrdu export runs/t/srn/generator.safetensors runs/t/dsn/generator.safetensors \\
        -o net_g.pth
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    refuse_existing([output], overwrite=overwrite)
    import io

    import torch

    from srcore.errors import WeightsError
    from srcore.files.atomic import write_bytes
    from srcore.files.replacing import refuse_replacing
    from srcore.plugin.manager import plugins
    from srcore.weights.containers import read_checkpoint
    from srcore.weights.loading import identify
    from srplug_usrdu.weights import load_dsn, published_sr_state

    refuse_replacing([rrdbnet, dsn], [output])
    recognized = identify(read_checkpoint(rrdbnet), plugins().registry)
    if recognized.network != "rrdbnet" or recognized.scale != 4:
        raise WeightsError(
            f"{rrdbnet}: a {recognized.network} of scale {recognized.scale}; the published "
            "layout holds an rrdbnet of scale 4"
        )
    state = published_sr_state(recognized.state, load_dsn(dsn, scale=4).state_dict())
    buffer = io.BytesIO()
    torch.save({"params": state}, buffer)
    write_bytes(output, buffer.getvalue())
    click.echo(str(output))
