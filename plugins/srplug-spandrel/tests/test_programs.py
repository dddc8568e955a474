"""Which networks can be written as programs: found by trying, since no exporter says so before."""

import json
import multiprocessing
from pathlib import Path

import pytest
import torch
from srplug_spandrel.catalog import ARCHITECTURES
from srplug_spandrel.tiny import tiny, tried_scale

from srcore.errors import SrcoreError
from srcore.exporting.export import export_program
from srcore.plugin.manager import plugins
from srcore.testing.specimen import options_for
from srcore.weights.saving import GeneratorMetadata

RESULTS = Path(__file__).parents[3] / "tests" / "stress" / "results"
ENDINGS = {"ncnn": "param", "openvino": "xml", "onnx": "onnx", "torchscript": "pt"}
LONGEST = 600
"""Seconds for one network in one format."""


def attempt(name, form, folder):
    """Empty where a program of the network does what the network does, else why there is none."""
    component = plugins().registry.get("network", f"spandrel_{name}")
    scale = tried_scale(name, 4)
    keys = tiny(name, scale)
    torch.manual_seed(0)
    network = component.build(options_for(component, keys), scale=scale).eval()
    about = GeneratorMetadata(component.name, keys, scale)
    try:
        export_program(network, folder / f"{name}.{ENDINGS[form]}", form, about)
    except SrcoreError as error:
        return str(error).partition(f" cannot be written as {form}: ")[2] or str(error)
    return ""


def alone(*task):
    """What an attempt ends with in a process of its own, which may crash or never end."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sender.send(attempt(*task)))
    process.start()
    sender.close()
    try:
        return receiver.recv() if receiver.poll(LONGEST) else "the exporter did not end"
    except EOFError:
        return "the exporter crashed"
    finally:
        process.kill()
        process.join()


@pytest.mark.stress
@pytest.mark.timeout(0)
@pytest.mark.parametrize("form", ENDINGS)
def test_every_network_as_a_program(form, tmp_path, stress_result):
    ends = {name: alone(name, form, tmp_path) for name in ARCHITECTURES}
    stress_result(
        f"spandrel_{form}",
        written=[name for name, why in ends.items() if not why],
        refused={name: why for name, why in ends.items() if why},
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["realplksr", "rcan", "mosr", "atd", "drct"])
def test_what_was_found_holds(name, tmp_path):
    figures = json.loads((RESULTS / "spandrel_ncnn.json").read_text("utf-8"))["figures"]
    why = figures["refused"].get(name, "")
    assert bool(why) != (name in figures["written"])
    assert attempt(name, "ncnn", tmp_path) == why


@pytest.mark.slow
def test_torchscript_keeps_the_least_sides_open(tmp_path):
    assert attempt("rcan", "torchscript", tmp_path) == ""
