"""A plugin that ends the program is named, in commands, API calls and reading processes."""

import signal
import sys

import numpy as np
import pytest
import torch

from srcore import api
from srcore.errors import PluginError, SrcoreError
from srcore.plugin.manager import load_plugins, plugins
from srcore.weights.saving import GeneratorMetadata, save_safetensors

EXITS = {
    "a handler": """
    import srcore
    from ignite.engine import Events

    @srcore.hookimpl
    def srcore_engines_created(trainer):
        trainer.add_event_handler(Events.ITERATION_COMPLETED(once=2), leave)

    def leave(engine):
        raise SystemExit(0)
    """,
    "problems": """
    import attrs
    import srcore

    @attrs.frozen
    class Options:
        def problems(self, experiment):
            raise SystemExit("no license")

    @srcore.hookimpl
    def srcore_register_components(registry):
        registry.add("loss", "x", Options, "srplug_stranger.plugin:build")
    """,
    "a constructor": """
    import srcore

    def build():
        raise SystemExit(3)

    @srcore.hookimpl
    def srcore_register_components(registry):
        registry.add("loss", "x", None, "srplug_stranger.plugin:build")
    """,
}


@pytest.mark.parametrize("place", EXITS)
def test_whoever_ends_the_program_is_named(install, program, tiny_experiment, tmp_path, place):
    install(EXITS[place])
    if place != "a handler":
        text = tiny_experiment.read_text("utf-8").replace('"l1"', '"x"')
        tiny_experiment.write_text(text, "utf-8")
    run = ("run", tiny_experiment, "--output", tmp_path / "runs", "--quiet")
    exit_code, err = program(*run)
    assert exit_code == 2
    (line,) = err.splitlines()
    assert line.startswith("srcore: srplug-stranger 1.2 (srplug_stranger.plugin, line ")
    assert ") ended the program (SystemExit" in line
    assert line.endswith("report it there; run with --without stranger to leave it out")


LEAVING = """
    import os
    import signal
    import sys

    import srcore
    from srcore.networks.edsr import EDSR
    from srcore.networks.options import EDSROptions
    from srcore.datasets.hr_folder import HrFolder
    from srcore.datasets.options import HrFolderOptions

    WHERE = None

    def leave(where):
        if where == WHERE:
            sys.exit(where)

    class Network(EDSR):
        def __init__(self, **given):
            leave("network")
            super().__init__(**given)

        def forward(self, lr):
            leave("forward")
            if WHERE == "signal":
                os.kill(os.getpid(), signal.SIGUSR1)
            return super().forward(lr)

    class Data(HrFolder):
        def sample(self, index, generator):
            leave("sample")
            return super().sample(index, generator)

    class Loss:
        count = 0

        def __call__(self, context):
            self.count += 1
            leave(self.count)
            return (context.sr - context.hr).abs().mean()

    @srcore.hookimpl
    def srcore_register_components(registry):
        registry.add("network", "leaving", EDSROptions, Network)
        registry.add("dataset", "leaving", HrFolderOptions, Data, provides=("lr", "hr"))
        registry.add("loss", "leaving", None, Loss)
    """


NAMED = r"srplug-stranger 1\.2 \(srplug_stranger\.plugin, line \d+\) ended the program \(SystemExit"


@pytest.fixture
def leaving(install, monkeypatch):
    """Installs a plugin; the function that is returned says where it ends the program."""
    install(LEAVING)
    load_plugins([])
    module = sys.modules["srplug_stranger.plugin"]
    return lambda where: monkeypatch.setattr(module, "WHERE", where)


def leaving_network():
    return api.build("network", "leaving", scale=2, num_features=8, num_blocks=1)


def test_whoever_ends_a_program_that_calls_the_api_is_named(leaving, tmp_path):
    network = leaving_network()
    about = GeneratorMetadata("leaving", {"num_features": 8, "num_blocks": 1}, scale=2)
    save_safetensors(tmp_path / "x.safetensors", network.state_dict(), about, plugins().registry)
    leaving("forward")
    with pytest.raises(PluginError, match=NAMED):
        api.upscale(network, np.zeros((4, 4, 3), np.uint8))
    leaving("network")
    with pytest.raises(PluginError, match=NAMED):
        leaving_network()
    with pytest.raises(PluginError, match=NAMED):
        api.load_generator(tmp_path / "x.safetensors")


@pytest.mark.parametrize("workers", [0, 1])
def test_whoever_ends_a_process_that_reads_is_named(leaving, tiny_experiment, tmp_path, workers):
    text = tiny_experiment.read_text("utf-8").replace('"hr_folder"', '"leaving"', 1)
    tiny_experiment.write_text(text, "utf-8")
    leaving("sample")
    experiment = api.load_experiment(tiny_experiment, [f"data.train.workers={workers}"])
    with pytest.raises(SrcoreError, match=NAMED):
        api.run(experiment, tmp_path / "runs")


def test_what_was_trained_until_somebody_ended_the_program_is_saved(
    leaving, tiny_experiment, tmp_path
):
    text = tiny_experiment.read_text("utf-8").replace('"l1"', '"leaving"')
    tiny_experiment.write_text(text, "utf-8")
    experiment = api.load_experiment(tiny_experiment, ["train.checkpoint_every=100"])
    leaving(3)  # in the third iteration
    with pytest.raises(PluginError, match=NAMED):
        api.run(experiment, tmp_path / "runs")
    last = tmp_path / "runs" / "tiny" / "checkpoints" / "last.pt"
    assert torch.load(last, weights_only=True)["iteration"] == 2


def test_a_program_that_calls_the_api_may_end_itself(leaving, restored_signal):
    network, image = leaving_network(), np.zeros((4, 4, 3), np.uint8)
    with pytest.raises(SystemExit, match="4"):
        api.upscale(network, image, progress=lambda count: sys.exit(4))
    leaving("signal")
    with pytest.raises(SystemExit, match="5"):  # while the plugin's network computes
        api.upscale(network, image)


@pytest.fixture
def restored_signal():
    before = signal.signal(signal.SIGUSR1, lambda number, frame: sys.exit(5))
    yield
    signal.signal(signal.SIGUSR1, before)


def test_a_command_of_a_plugin_may_end_the_program(install, program):
    install(
        """
        import click
        import srcore

        @click.command()
        def leave():
            raise SystemExit(7)

        @srcore.hookimpl
        def srcore_register_commands(cli):
            cli.add_command(leave)
        """
    )
    assert program("leave") == (7, "")
