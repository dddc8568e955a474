"""Translate a generator's weights, or export the generator as a program."""

from __future__ import annotations

import json
from pathlib import Path

import attrs
import click

from srcore.cli.console import say
from srcore.cli.existing import EXISTING_FOLDER
from srcore.cli.flags import flag
from srcore.cli.loading import Loading
from srcore.exporting.programs import ProgramOptions, written_files
from srcore.files.occupied import refuse_existing
from srcore.plugin.manager import plugins


@click.command()
@click.argument("source", metavar="IN")
@click.argument("target", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--to",
    required=True,
    metavar="DIALECT|FORMAT",
    help="What to write. Weights: safetensors, or basicsr, old_esrgan, esrgan_new, esrdgan, "
    "edsr_pytorch, realesrgan (compact), official (SwinIR), or a plugin's dialect. Programs: "
    "onnx, torchscript, torch_export, ncnn, openvino.",
)
@click.option("--key", help="Entry of IN to take, such as params; EMA weights come first.")
@click.option(
    "--scale", type=click.IntRange(1), help="Expected scale; tells x3 from x2 where IN does not."
)
@flag(ProgramOptions, "opset")
@flag(ProgramOptions, "precision")
@click.option(
    "--calibration",
    metavar="FOLDER",
    type=EXISTING_FOLDER,
    help="Images such as those to be enlarged; int8 is scaled by them.",
)
@flag(Loading, "yes")
@click.option("--overwrite", is_flag=True, help="Replace OUT if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    source: str,
    target: Path,
    to: str,
    key: str | None,
    scale: int | None,
    opset: int | None,
    precision: str,
    calibration: Path | None,
    yes: bool,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Translate a generator's weights, or export the generator as a program.

    IN is a .pth, .pt, .ckpt or .safetensors file of srcore or another program, or the name or
    address of a published model (srcore models); its architecture,
    scale and dialect are recognized by its content. The ending of OUT decides between safetensors
    and PyTorch. Files written with --to safetensors name their network; those of RRDBNet, SwinIR
    and compact open in spandrel too; where spandrel does not open what is written, the reason is
    said. Weights are read back before they take the place of OUT; an option that the dialect cannot
    say, such as img_range of EDSR, is named.

    Programs run without srcore: onnx (.onnx), torchscript (.pt, .ts), torch_export (.pt2), ncnn
    (.param and .bin, for single images), openvino (.xml and .bin). They take float32 images (N, 3,
    height, width) in [0, 1] of any number and size and return images that are not clamped;
    torch_export refuses the smallest images, a few pixels high or wide, for SwinIR one window.
    Before OUT is written, the program is loaded again and compared with PyTorch on three
    sizes; one that differs by more than 1e-4 of the largest value is refused (fp16: 1/255; int8: 5
    % as root of the mean square, on calibration images).

    \b
    Examples:
      srcore convert RRDB_ESRGAN_x4_old_arch.pth esrgan.safetensors --to safetensors
      srcore convert net_g_400000.pth for_bsrgan.pth --to esrgan_new --key params
      srcore convert runs/my_edsr/generator.safetensors edsr.pt --to edsr_pytorch
      srcore convert runs/my_rrdb/generator.safetensors my_rrdb.onnx --to onnx
      srcore convert 001_classicalSR_x4.pth swinir.onnx --to onnx --opset 20
      srcore convert RealESRGAN_x2plus.pth x2plus.ts --to torchscript
      srcore convert runs/my_edsr/generator.safetensors my_edsr.pt2 --to torch_export
      srcore convert RealESRGAN_x4plus.pth x4plus.param --to ncnn --precision fp16
      srcore convert realesr-animevideo-v3 anime.param --to ncnn
      srcore convert my_x4.pth my_x4.onnx --to onnx --precision int8 --calibration photos/
    """  # noqa: D301 - \b is click's mark for "do not wrap"
    refuse_existing(written_files(target, to), overwrite=overwrite)
    if opset is not None and to != "onnx":
        raise click.UsageError("--opset goes with --to onnx")
    from srcore.cli.fetching import located
    from srcore.converting.conversion import convert

    done = convert(
        located(source, yes=yes), target, to, plugins().registry, key=key, scale=scale, opset=opset,
        precision=precision, calibration=calibration,
        tell=lambda step: say(f"srcore: {step}", err=True),
    )  # fmt: skip
    for name, (value, assumed) in done.lost.items():
        lost = f"{done.target} cannot say {name} = {_toml_text(value)}"
        told = f"whoever reads the file assumes {_toml_text(assumed)} and must be told"
        click.echo(f"srcore: warning: {target}: {lost}; {told}", err=True)
    if done.closed:
        closed = f"spandrel, on which chaiNNer and others stand, does not open it: {done.closed}"
        click.echo(f"srcore: {target}: {closed}; --to onnx or ncnn makes a program", err=True)
    if to == "ncnn" and (assumed := _scale_by_name(target)) != done.scale:
        told = f"Upscayl takes it for x{assumed} by its name; the network is x{done.scale}"
        can_be_told = done.scale in _TOLD_BY_NAME
        hint = f"put x{done.scale} into the name" if can_be_told else "it has no such models"
        click.echo(f"srcore: {target}: {told}; {hint}", err=True)
    if as_json:
        result = {
            key: value for key, value in attrs.asdict(done).items() if value not in (None, {})
        }
        click.echo(json.dumps(result | {"source": str(source), "out": str(target)}))
        return
    taken = f", entry {done.key}" if done.key else ""
    click.echo(
        f"{source} ({done.network} x{done.scale}, {done.source_dialect}{taken}) -> {target} "
        f"({done.target})"
    )
    if done.agreement:
        *first, last = ("x".join(map(str, size)) for size in done.agreement.sizes)
        agreement = done.agreement
        alike = "same as" if precision == "fp32" else f"{precision} beside"
        click.echo(
            f"{alike} PyTorch on {', '.join(first)} and {last}: largest difference "
            f"{agreement.difference:.1e}, root of the mean square "
            f"{agreement.root_mean_square:.1e}, largest value {agreement.largest:.2g}"
        )


#: Scales that Upscayl finds in names; what names neither of the first two is the last.
_TOLD_BY_NAME = (2, 3, 4)


def _scale_by_name(target: Path) -> int:
    """The scale that Upscayl reads in the name of a program."""
    name, *_, usual = target.stem.lower(), *_TOLD_BY_NAME
    told = (it for it in _TOLD_BY_NAME if f"x{it}" in name or f"{it}x" in name)
    return next(told, usual)


def _toml_text(value: object) -> str:
    """An option's value as an experiment file spells it."""
    return "none" if value is None else json.dumps(value)
