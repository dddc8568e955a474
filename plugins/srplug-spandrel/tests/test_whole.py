"""Every network whole: all sizes, tiles, precisions, files, two scales; some always, all by hand.

Trainings are in test_trainings.py.
"""

import logging
from pathlib import Path

import numpy as np
import pytest
import spandrel
import torch
from srplug_spandrel.catalog import ARCHITECTURES
from srplug_spandrel.tiny import tiny, tried_scale

import srcore
from srcore.images import read_image
from srcore.inference.reach import measure_reach
from srcore.plugin.manager import plugins
from srcore.testing import PluginContract
from srcore.testing.specimen import options_for
from srcore.weights.deploying import deployed
from srcore.weights.saving import GeneratorMetadata, save_safetensors

PHOTOGRAPH = Path(__file__).parents[3] / "examples" / "images" / "validation" / "coffee.png"
CELLS = [
    (name, scale)
    for name in ARCHITECTURES
    for scale in sorted({tried_scale(name, 1), tried_scale(name, 4)})
]
LEVEL = 1 / 255
LONGEST = 41
"""Sum of the sides of the images of all sizes."""


def built(name, scale):
    component = plugins().registry.get("network", f"spandrel_{name}")
    torch.manual_seed(0)
    return component.build(options_for(component, tiny(name, scale)), scale=scale).eval()


def any_size(network, rules):
    """Images from one pixel on, and around the least that spandrel asks for."""
    least = max(rules.minimum, rules.multiple)
    sizes = [(side, LONGEST - side) for side in range(1, LONGEST)]
    sizes += [(1, 1), (least - 1, least + 1), (least, least), (least + 1, 2 * least + 3)]
    for height, width in sizes:
        lr = torch.rand(1, network.in_channels, max(1, height), width)
        wanted = (*lr.shape[:2], network.scale * lr.shape[2], network.scale * width)
        for dtype in (torch.float32, torch.bfloat16):
            if dtype == torch.bfloat16 and height % 8:  # the same code: every eighth is enough
                continue
            with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
                sr = network(lr)
            if tuple(sr.shape) != wanted or not torch.isfinite(sr).all():
                yield f"{dtype} {height}x{width}: found {tuple(sr.shape)}, expected finite {wanted}"


def shifted(network, by, distance=64):
    """Largest change far from the cut, of the largest value, when so many rows are left out."""
    generator = torch.Generator().manual_seed(1)
    lr = torch.rand(1, network.in_channels, by + 160, 128, generator=generator)
    whole, part = network(lr)[..., by * network.scale :, :], network(lr[..., by:, :])
    middle = slice(distance * network.scale, (distance + 32) * network.scale)
    difference = (whole - part)[..., middle, :].abs().max()
    return float(difference / whole.abs().max())


def tiled(network, overlap="auto"):
    """Largest difference in gray levels between a picture made in tiles and as a whole."""
    image = read_image(PHOTOGRAPH)[100:196, 60:204]
    whole = srcore.upscale(network, image, tile=None)
    made = srcore.upscale(network, image, tile=48, overlap=overlap)
    assert made.shape == (96 * network.scale, 144 * network.scale, 3)
    return int(np.abs(made.astype(int) - whole).max())


def tiles(network, rules, figures):
    """Tiles begin where windows do and give the whole picture, where nothing sees all of it."""
    reach = measure_reach(network)
    if reach.beyond:
        figures["sees_the_whole_image"] = round(reach.beyond, 1)
        figures["levels_in_tiles"] = tiled(network, overlap=16)
        return
    figures["levels_in_tiles"] = result = tiled(network)
    if result > 1:
        yield f"in tiles: {result} gray levels from the whole picture, expected at most 1"
    if not rules.square and shifted(network, network.tile_multiple) > LEVEL / 2:
        yield f"a cut of {network.tile_multiple} rows changes what is far away"


def files(name, network, folder):
    """What is written opens in spandrel and here, under the authors' names, with equal output."""
    file = folder / f"{name}_{network.scale}.safetensors"
    about = GeneratorMetadata(f"spandrel_{name}", tiny(name, network.scale), network.scale)
    merged = deployed(network)
    save_safetensors(file, merged.state_dict(), about, plugins().registry)
    theirs = spandrel.ModelLoader().load_from_file(file)
    ours = srcore.load_generator(file)
    image = torch.rand(1, 3, *((70, 90) if name == "uformer" else (43, 52)))
    wanted = merged(image).clamp(0, 1)
    # A copy: spandrel's RCAN writes into what it is given.
    for who, made in (("srcore", ours(image).clamp(0, 1)), ("spandrel", theirs(image.clone()))):
        worst = float((made - wanted).abs().max())
        if not worst <= 1e-5:
            yield f"file: {who} makes another picture of it, {worst:.2g} apart"
    file.unlink()


def contract(name, scale):
    """What every plugin's networks and dialects are tried for."""
    component = ARCHITECTURES[name].component
    tried = PluginContract()
    tried.plugin, tried.scales = "spandrel", {component: scale}
    tried.small = {("network", component): tiny(name, scale)}
    for kind in ("network", "dialect"):
        try:
            tried.test_what_it_registers_keeps_its_contract(f"{kind}-{component}")
        except AssertionError as error:
            yield str(error)


def complaints(name, scale, folder, figures):
    """Everything that does not hold for a network at a scale."""
    torch.set_num_threads(1)
    network, rules = built(name, scale), ARCHITECTURES[name]
    with torch.no_grad():
        lines = [*any_size(network, rules), *tiles(network, rules, figures)]
        lines += files(name, network, folder)
    return [*lines, *contract(name, scale)]


pytestmark = [
    pytest.mark.filterwarnings("ignore:.saved_variables. is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),  # spandrel 0.4
]


@pytest.fixture(autouse=True)
def workplace(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.ERROR, "srcore")  # networks that see all are told of once


@pytest.mark.parametrize(
    ("name", "multiple"), [("hat", 8), ("nafnet", 4), ("swin2sr", 8), ("moesr", 2)]
)
@torch.no_grad()
def test_tiles_begin_where_windows_do(name, multiple):
    network = built(name, 1)
    assert network.tile_multiple == multiple
    assert shifted(network, multiple) < 1e-5
    assert shifted(network, multiple // 2) > 1e-5


@pytest.mark.slow
@pytest.mark.parametrize(("name", "scale"), [("hat", 4), ("realcugan", 4), ("fbcnn", 1)])
def test_some_networks_whole(name, scale, tmp_path):
    figures = {}
    assert complaints(name, scale, tmp_path, figures) == []
    assert figures["levels_in_tiles"] <= 1


@pytest.mark.stress
@pytest.mark.timeout(0)
def test_all_networks_whole(tmp_path, stress_result):
    wrong, figures = {}, {}
    for name, scale in CELLS:
        own = figures[f"{name} x{scale}"] = {}
        lines = complaints(name, scale, tmp_path, own)
        print(name, scale, own, lines, flush=True)  # seen with -s
        if lines:
            wrong[f"{name} x{scale}"] = lines
    stress_result(
        "spandrel_contract",
        networks=len(ARCHITECTURES),
        cells=len(CELLS),
        wrong=wrong,
        largest_of_tiles=max(
            own["levels_in_tiles"] for own in figures.values() if "sees_the_whole_image" not in own
        ),
        see_the_whole_image={
            cell: own for cell, own in figures.items() if "sees_the_whole_image" in own
        },
    )
    assert not wrong
