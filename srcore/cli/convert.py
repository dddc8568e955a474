"""Translate a generator's weights to another program's names, or to safetensors."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import click


@click.command()
@click.argument("source", metavar="IN", type=click.Path(path_type=Path))
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--to",
    required=True,
    metavar="DIALECT|safetensors",
    help="What to write: safetensors, or basicsr, old_esrgan, esrgan_new, esrdgan, edsr_pytorch, "
    "official (SwinIR), or a plugin's dialect.",
)
@click.option("--key", help="Entry of IN to take, such as params; EMA weights come first.")
@click.option("--scale", type=int, help="Expected scale; tells x3 from x2 where IN does not.")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    source: Path,
    target: Path,
    to: str,
    key: str | None,
    scale: int | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Translate a generator's weights to another program's names, or to safetensors.

    IN is a .pth, .pt, .ckpt or .safetensors file of srcore or another program; its architecture,
    scale and dialect are recognised by its content. The ending of OUT decides between safetensors
    and PyTorch. Files written with --to safetensors name their network; those of RRDBNet and SwinIR
    open in spandrel too.

    \b
    Examples:
      srcore convert RRDB_ESRGAN_x4_old_arch.pth esrgan.safetensors --to safetensors
      srcore convert net_g_400000.pth for_bsrgan.pth --to esrgan_new --key params
      srcore convert runs/my_edsr/generator.safetensors edsr.pt --to edsr_pytorch
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    if target.exists() and not overwrite:
        raise click.UsageError(f"{target} exists; choose another name or add --overwrite")
    from srcore.weights.conversion import convert

    done = convert(source, target, to, key=key, scale=scale)
    if as_json:
        click.echo(json.dumps(attrs.asdict(done) | {"source": str(source), "out": str(target)}))
        return
    taken = f", entry {done.key}" if done.key else ""
    click.echo(
        f"{source} ({done.network} x{done.scale}, {done.source_dialect}{taken}) -> {target} "
        f"({done.target})"
    )
