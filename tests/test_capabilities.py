"""What parts may declare has one default, is refused where it cannot be meant, and near misses."""

import ast
import json
from pathlib import Path

import attrs
import pytest
import torch
from torch import nn

import srcore
from srcore.capabilities import OPTIONS, PARTS, capability, near_misses
from srcore.errors import PluginError
from srcore.launching.stages import run_experiment
from srcore.options import NoOptions
from srcore.plugin.manager import PluginManager, plugins, using
from srcore.testing.experiments import load_unchecked


def with_part(kind, target, options=None):
    class Stranger:
        __name__ = "srplug-stranger"

        @srcore.hookimpl
        def srcore_register_components(self, registry):
            registry.add(kind, "x", options, target)

    return using(PluginManager(discover=False, extra=[Stranger()]))


@pytest.mark.parametrize("kind", PARTS)
def test_what_is_not_declared_has_its_default(kind):
    for name, known in PARTS[kind].items():
        assert capability(kind, object(), name) == known.default
        assert known.fits(known.default)


class Net(nn.Module):
    """A network that declares whatever a test asks for."""

    def __init__(self, scale, **declared):
        super().__init__()
        self.scale = scale
        for name, value in declared.items():
            setattr(self, name, value)

    def forward(self, lr):
        return nn.functional.interpolate(lr, scale_factor=self.scale)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"tile_multiple": 0}, "declares tile_multiple = 0; expected a number >= 1, or none"),
        ({"tile_multiple": "8"}, 'declares tile_multiple = "8"; expected a number >= 1'),
        ({"receptive_radius": -1}, "declares receptive_radius = -1; expected a number >= 0"),
        ({"export_obstacle": True}, "declares export_obstacle = True; expected text"),
        ({"draw": 3}, "declares draw = 3; expected a method"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_owner(declared, message):
    with (
        with_part("network", lambda scale: Net(scale, **declared)),
        pytest.raises(PluginError, match=f'^srplug-stranger: network "x": .* {message}'),
    ):
        srcore.build("network", "x", scale=2)


def test_what_can_be_meant_is_taken():
    declared = {"tile_multiple": 8, "receptive_radius": None, "export_obstacle": "is odd"}
    with with_part("network", lambda scale: Net(scale, **declared)):
        network = srcore.build("network", "x", scale=2)
    assert capability("network", network, "tile_multiple") == 8
    assert capability("network", network, "in_channels") == 3


class Misspelt(nn.Module):
    """A penalty that is called for the generator all the same."""

    has_generator_terms = False
    state_of_mind = "calm"

    def forward(self, context):
        return context.sr.mean()

    def discriminator_term(self, context):
        yield "x", context.sr.mean()


@attrs.frozen
class MisspeltOptions:
    """Rules that nobody asks."""

    def problem(self, experiment):
        yield "", "never seen"


def test_near_misses_are_found():
    assert list(near_misses("loss", Misspelt(), MisspeltOptions)) == [
        "loss: discriminator_term has no effect; did you mean discriminator_terms?",
        "loss: has_generator_terms has no effect; did you mean has_generator_term?",
        "options: problem has no effect; did you mean problems?",
    ]
    assert list(near_misses("network", Net(2, tile_multiples=8), NoOptions)) == [
        "network: tile_multiples has no effect; did you mean tile_multiple?"
    ]
    # a flag is no method: only what could be called may have been meant as one
    assert list(near_misses("network", Net(2, deployed=True), NoOptions)) == []


def test_no_component_of_the_core_has_a_near_miss():
    for entry in plugins().registry.components():
        assert list(near_misses(entry.kind, type(None), entry.options)) == []


def test_options_capabilities_are_those_that_the_core_declares():
    declared = {
        name
        for entry in plugins().registry.components()
        for name in vars(entry.options)
        if name in OPTIONS
    }
    assert {"problems", "roles", "entries", "hr_patch_size", "hr_crop"} <= declared


class Watching(nn.Module):
    """A loss that logs beside its term."""

    def forward(self, context):
        context.log("brightness", context.sr.mean())
        return (context.sr - context.hr).abs().mean()


def test_losses_log_by_name_under_any_method(tiny_experiment, tmp_path):
    overrides = ['losses=[{ type = "x" }]', "train.iterations=2", "train.log_every=1"]
    overrides += ["train.accumulate=2"]
    with with_part("loss", Watching):
        run_experiment(load_unchecked(tiny_experiment, overrides), tmp_path / "runs", quiet=True)
    lines = (tmp_path / "runs/tiny/metrics.jsonl").read_text("utf-8").splitlines()
    logged = [json.loads(line) for line in lines if '"brightness"' in line]
    assert len(logged) == 2


def test_logged_values_keep_no_graph():
    context = srcore.LossContext({}, torch.ones(1, requires_grad=True) * 2, 1)
    context.log("x", context.sr.mean())
    assert not context.logged["x"].requires_grad


#: Questions whether something is there that are no guess about a part: what differs by version,
#: system or library. All else is declared, with a default, in ``srcore/capabilities.py``.
ASKED = {
    "capabilities.py": {"__dict__"},  # objects with slots
    "engine/readers.py": {"nbytes", "SIGCHLD"},  # arrays among entries of samples; Windows
    "images/formats/avif.py": {"imencodeWithMetadata", "n_frames", "_decoder"},  # of OpenCV, Pillow
    "images/pillow.py": {"n_frames"},
    "images/png/rows.py": {"_fields", "tile"},  # of Pillow
    "machine/devices.py": {"get_capabilities"},  # of new versions of PyTorch
    "options/describing.py": {"__args__", "factory"},  # annotations, defaults of attrs
    "exporting/formats.py": {"graph", "nodes"},  # of PyTorch's exporter
    "plugin/blame.py": {"__name__", "__code__"},
    "plugin/calling.py": {"shape", "dtype", "ndim", "forward"},  # what a strange result is
    "messages.py": {"shape", "dtype"},  # what a strange value is
    "inference/backends/program.py": {"network"},  # what computes another network
    "networks/classifier_features.py": {"transform_input"},  # of torchvision
    "plugin/manager.py": {"__name__"},
    "serving/handler.py": {"headers", "request_version"},  # of requests that cannot be read
    "serving/server.py": {"strerror"},  # of the system's errors
    "films/library.py": {"strerror"},  # of PyAV's errors, which are those of the system or not
    "cli/console.py": {"reconfigure"},  # streams that were replaced
    "cli/main.py": {"name"},  # of click
    "testing/golden.py": {"detach"},
    "testing/killing.py": {"_NormalAccessor"},  # of Python 3.10
    "machine/resident_memory.py": {"malloc_trim"},  # of glibc
    "shards/remote_reading.py": {"status"},  # of aiohttp's errors
    "transforms/options.py": {"downscale"},  # of data sets that make lr; others make none
    "srplug_usrdu/kernelgan/published.py": {"weight_orig"},  # of PyTorch's spectral norm
    "srplug_sed/discriminators.py": {"weight_orig"},  # of PyTorch's spectral norm
    "srplug_dlsn/ops/loading.py": {"_paths"},  # of importlib's editable packages
}


def sources():
    core = Path(srcore.__file__).parent
    yield from ((str(path.relative_to(core)), path) for path in core.rglob("*.py"))
    plugins = core.parent / "plugins"
    for folder in plugins.glob("srplug-*/srplug_*"):
        yield from ((str(p.relative_to(folder.parent)), p) for p in folder.rglob("*.py"))


def questions(path):
    """Names that ``getattr`` with a default, or ``hasattr``, asks for."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if len(node.args) == {"getattr": 3, "hasattr": 2}.get(node.func.id):
            name = node.args[1]
            if isinstance(name, ast.Constant):
                yield name.value


def test_nobody_else_guesses_whether_a_part_has_a_capability():
    """``getattr(options, "hr_crop", None)`` elsewhere would be a second default."""
    asked = {name.replace("\\", "/"): set(questions(path)) for name, path in sources()}
    assert {name: names for name, names in asked.items() if names} == ASKED
