"""Broken third-party plugins as the program meets them: one line with distribution and cause.

Every plugin here is a distribution on ``sys.path`` that the ``srcore`` program finds by itself.
"""

import signal
import sys
from textwrap import dedent

import numpy as np
import pytest
import torch

from srcore import api, hookspecs
from srcore.cli.main import main
from srcore.errors import PluginError, SrcoreError
from srcore.plugin.manager import load, plugins, using
from srcore.weights.saving import Metadata, save_safetensors

REGISTER = """
    import srcore

    @srcore.hookimpl
    def srcore_register_components(registry):
        """
HOOK = "srplug-stranger 1.2: hook srcore_register_components"


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put a distribution srplug-stranger 1.2 on the path; returns the function that does so."""
    site = tmp_path / "site"

    def write(code="", *, value="srplug_stranger.plugin", name="stranger", requires="srcore>=0.1"):
        package, info = site / "srplug_stranger", site / "srplug_stranger-1.2.dist-info"
        package.mkdir(parents=True)
        info.mkdir()
        (package / "__init__.py").write_text("")
        (package / "plugin.py").write_text(dedent(code))
        (package / "broken.py").write_text("import a_module_that_nobody_has\n")
        metadata = ("Metadata-Version: 2.1", "Name: srplug-stranger", "Version: 1.2")
        (info / "METADATA").write_text("\n".join((*metadata, f"Requires-Dist: {requires}\n")))
        (info / "entry_points.txt").write_text(f"[srcore]\n{name} = {value}\n")
        monkeypatch.syspath_prepend(str(site))

    with using(plugins()):
        yield write
    for module in [entry for entry in sys.modules if entry.startswith("srplug_stranger")]:
        del sys.modules[module]


def srcore(capsys, *arguments):
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    return caught.value.code, capsys.readouterr().err


IMPORT = "srplug-stranger 1.2: cannot import srplug_stranger.plugin"
BROKEN = {
    "import error": (
        "import a_module_that_nobody_has",
        f"{IMPORT}: ModuleNotFoundError: No module named 'a_module_that_nobody_has' "
        "(srplug_stranger/plugin.py, line 1); reinstall it, or",
    ),
    "syntax error": ("def (:", f"{IMPORT}: SyntaxError: invalid syntax (plugin.py, line 1);"),
    "exit at import": ("import sys; sys.exit('no licence')", f"{IMPORT}: SystemExit: no licence"),
    "no hook": ("x = 1", "srplug-stranger 1.2: srplug_stranger.plugin implements no hook"),
    "wrong signature": (
        """
        import srcore

        @srcore.hookimpl
        def srcore_register_components(registry, colour): ...
        """,
        "hook 'srcore_register_components' hookimpl definition: srcore_register_components("
        "registry, colour) Argument(s) {'colour'} are declared in the hookimpl but can not be "
        "found in the hookspec",
    ),
    "hook of another version": (
        """
        import srcore

        @srcore.hookimpl
        def srcore_register_component(registry): ...
        """,
        "has no hook srcore_register_component; hooks are srcore_register_components, ",
    ),
    "wrapper that does not yield": (
        """
        import srcore

        @srcore.hookimpl(wrapper=True)
        def srcore_run_started(run): ...
        """,
        "hook srcore_run_started is marked as a wrapper and has no yield",
    ),
    "yield without a wrapper": (
        """
        import srcore

        @srcore.hookimpl
        def srcore_run_started(run):
            yield
        """,
        "hook srcore_run_started yields; return a value, or mark it with wrapper=True",
    ),
    "coroutine": (
        """
        import srcore

        @srcore.hookimpl
        async def srcore_run_started(run): ...
        """,
        "hook srcore_run_started is async; expected a plain function",
    ),
    "name of a core component": (
        REGISTER + "registry.add('network', 'edsr', None, 'a:b')",
        f'{HOOK}: network "edsr" is registered by srcore ',
    ),
    "raising registration": (
        REGISTER + "raise ValueError('first\\nsecond')",
        f"{HOOK} failed: ValueError: first second (srplug_stranger/plugin.py, line 6);",
    ),
    "exit in registration": (REGISTER + "raise SystemExit(3)", f"{HOOK} failed: SystemExit: 3"),
    "plain class as options": (
        REGISTER + "registry.add('loss', 'x', dict, 'a:b')",
        f'{HOOK}: options of loss "x" must be an attrs class',
    ),
    "target without a name": (
        REGISTER + "registry.add('loss', 'x', None, 'srplug_stranger.losses')",
        f'{HOOK}: target of loss "x" is "srplug_stranger.losses"; expected',
    ),
    "experiments left out of the wheel": (
        """
        from pathlib import Path
        import srcore

        @srcore.hookimpl
        def srcore_register_experiments(registry):
            registry.add_experiments("stranger", Path(__file__).parent / "experiments")
        """,
        "hook srcore_register_experiments: no experiments in ",
    ),
    "raising commands": (
        """
        import srcore

        @srcore.hookimpl
        def srcore_register_commands(cli):
            1 / 0
        """,
        "hook srcore_register_commands failed: ZeroDivisionError: division by zero",
    ),
    "command of the core": (
        """
        import click
        import srcore

        @srcore.hookimpl
        def srcore_register_commands(cli):
            cli.add_command(click.Command("run"))
        """,
        'hook srcore_register_commands: command "run" is brought by srcore ',
    ),
    "no command": (
        """
        import srcore

        @srcore.hookimpl
        def srcore_register_commands(cli):
            cli.add_command(len)
        """,
        "add_command takes a named click command, not <built-in function len>",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_one_line_names_distribution_version_and_cause(install, capsys, name):
    code, message = BROKEN[name]
    install(code)
    exit_code, err = srcore(capsys, "components")
    assert exit_code == 2
    assert message in err
    assert err.startswith("srcore: srplug-stranger 1.2: ")
    assert err.endswith("run with --without stranger to leave it out\n")
    assert len(err.splitlines()) == 1
    assert srcore(capsys, "--without", "stranger", "components") == (0, "")


HANDLER = """
    import srcore
    from ignite.engine import Events

    @srcore.hookimpl
    def srcore_engines_created(trainer):
        trainer.add_event_handler(Events.ITERATION_COMPLETED(once=2), count_sheep)

    def count_sheep(engine):
        {}["sheep"]
    """


def test_a_bug_in_a_handler_is_shown_whole_with_whose_it_is(
    install, capsys, tiny_experiment, tmp_path
):
    install(HANDLER)
    run = ("run", tiny_experiment, "--output", tmp_path / "runs", "--quiet")
    exit_code, err = srcore(capsys, *run)
    assert exit_code == 1
    *_, cause, advice = err.splitlines()
    assert "Traceback" in err
    assert cause == "KeyError: 'sheep'"
    assert advice == (
        "srcore: this happened in srplug-stranger 1.2 (srplug_stranger.plugin, line 10); report "
        "it there; run with --without stranger to leave it out"
    )
    assert srcore(capsys, "--without", "stranger", *run[:-1], "--overwrite", "--quiet")[0] == 0


@pytest.mark.parametrize("error", ["StopIteration", "StopAsyncIteration", "GeneratorExit"])
@pytest.mark.parametrize("event", ["ITERATION_COMPLETED(once=2)", "EPOCH_STARTED", "STARTED"])
def test_a_handler_that_raises_what_ends_a_loop_is_blamed(
    install, capsys, tiny_experiment, tmp_path, error, event
):
    """An engine is a generator: such errors mean something to Python itself."""
    code = HANDLER.replace("ITERATION_COMPLETED(once=2)", event)
    install(code.replace('{}["sheep"]', f"raise {error}"))
    run = ("run", tiny_experiment, "--output", tmp_path / "runs", "--quiet")
    exit_code, err = srcore(capsys, *run)
    assert exit_code == 1
    assert err.splitlines()[-1].startswith(
        "srcore: this happened in srplug-stranger 1.2 (srplug_stranger.plugin, line 10); report"
    )


EXITS = {
    "a handler": HANDLER.replace('{}["sheep"]', "raise SystemExit(0)"),
    "problems": """
    import attrs
    import srcore

    @attrs.frozen
    class Options:
        def problems(self, experiment):
            raise SystemExit("no licence")

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
def test_whoever_ends_the_program_is_named(install, capsys, tiny_experiment, tmp_path, place):
    install(EXITS[place])
    if place != "a handler":
        text = tiny_experiment.read_text("utf-8").replace('"l1"', '"x"')
        tiny_experiment.write_text(text, "utf-8")
    run = ("run", tiny_experiment, "--output", tmp_path / "runs", "--quiet")
    exit_code, err = srcore(capsys, *run)
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
    load([])
    module = sys.modules["srplug_stranger.plugin"]
    return lambda where: monkeypatch.setattr(module, "WHERE", where)


def leaving_network():
    return api.build("network", "leaving", scale=2, num_features=8, num_blocks=1)


def test_whoever_ends_a_program_that_calls_the_api_is_named(leaving, tmp_path):
    network = leaving_network()
    about = Metadata("leaving", {"num_features": 8, "num_blocks": 1}, scale=2)
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


def test_a_command_of_a_plugin_may_end_the_program(install, capsys):
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
    assert srcore(capsys, "leave") == (7, "")


@pytest.mark.parametrize("error", ["StopIteration", "StopAsyncIteration", "GeneratorExit"])
def test_a_hook_that_raises_what_ends_a_loop_is_named(install, capsys, error):
    install(f"{REGISTER}raise {error}")
    exit_code, err = srcore(capsys, "components")
    assert exit_code == 2
    assert err.startswith(f"srcore: {HOOK} failed: {error} (srplug_stranger/plugin.py")


def test_an_import_that_hangs_names_the_plugin(install, capsys, monkeypatch):
    monkeypatch.setattr("srcore.plugin.patience.PATIENCE", 0.2)
    install("import time\n\ntime.sleep(1)\nimport a_module_that_nobody_has")
    exit_code, err = srcore(capsys, "components")
    assert exit_code == 2
    assert err.splitlines()[0] == (
        "srcore: still importing srplug-stranger 1.2 (srplug_stranger.plugin) after 0.2 s; run "
        "with --without stranger to leave it out"
    )


def test_what_nobody_expected_is_shown_whole(capsys, monkeypatch):
    monkeypatch.setattr("srcore.cli.components.command.callback", lambda **given: 1 / 0)
    exit_code, err = srcore(capsys, "components")
    assert exit_code == 1
    *_, cause, advice = err.splitlines()
    assert cause == "ZeroDivisionError: division by zero"
    assert advice.startswith("srcore: srcore ")
    assert "did not expect this" in advice


@pytest.mark.parametrize("given", ["stranger", "srplug-stranger", "SRPlug_Stranger"])
def test_left_out_by_entry_point_or_distribution_however_it_is_spelt(install, capsys, given):
    install("1 / 0")
    assert srcore(capsys, f"--without={given}", "plugins") == (0, "")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            "srplug_stranger.plugin:thing",
            "cannot import srplug_stranger.plugin:thing: AttributeError: module "
            "'srplug_stranger.plugin' has no attribute 'thing'; reinstall it, or run with",
        ),
        (
            "srplug_stranger plugin",
            'entry point stranger is "srplug_stranger plugin"; expected package.module or',
        ),
        ("srcore.plugin.builtin", 'entry point "stranger" names the module that srcore '),
    ],
)
def test_entry_point_that_names_nothing_of_its_own(install, capsys, value, message):
    install(value=value)
    exit_code, err = srcore(capsys, "plugins")
    assert (exit_code, len(err.splitlines())) == (2, 1)
    assert f"srcore: srplug-stranger 1.2: {message}" in err
    assert srcore(capsys, "--without", "stranger", "plugins") == (0, "")


def test_name_of_another_plugin(install, capsys):
    install("", name="builtin")
    exit_code, err = srcore(capsys, "plugins")
    assert exit_code == 2
    assert "and by srplug-stranger 1.2; uninstall one of them, or run with --without" in err
    assert srcore(capsys, "--without", "srplug-stranger", "plugins") == (0, "")


@pytest.mark.parametrize(
    ("requires", "message"),
    [
        ("srcore>=0.0.1,<0.1", "wants srcore >=0.0.1,<0.1, installed is "),
        ("srcore (>=99)", "wants srcore >=99, installed is "),
    ],
)
def test_wrong_core_is_named_before_the_plugin_is_imported(install, capsys, requires, message):
    install("1 / 0", requires=requires)
    exit_code, err = srcore(capsys, "plugins")
    assert (exit_code, len(err.splitlines())) == (2, 1)
    assert err.startswith(f"srcore: srplug-stranger 1.2: {message}")
    upgrade = "srcore" if "99" in requires else "srplug-stranger"
    assert err.endswith(
        f"; pip install --upgrade {upgrade}, or run with --without stranger to leave it out\n"
    )
    assert srcore(capsys, "--without", "stranger", "plugins") == (0, "")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (
            "srplug_stranger.broken:Loss",
            "cannot import srplug_stranger.broken:Loss: ModuleNotFoundError: No module named "
            "'a_module_that_nobody_has' (srplug_stranger/broken.py, line 1)",
        ),
        (
            "srplug_stranger.plugin:Loss",
            "cannot import srplug_stranger.plugin:Loss: AttributeError: module "
            "'srplug_stranger.plugin' has no attribute 'Loss'",
        ),
        (
            "srplug_stranger.plugin:colourful",
            "srplug_stranger.plugin:colourful is built with no arguments: missing a required "
            "argument: 'colour'",
        ),
    ],
)
def test_component_that_cannot_be_built(install, capsys, tiny_experiment, target, message):
    install(
        REGISTER
        + f"""registry.add("loss", "x", None, "{target}")

    def colourful(colour): ...
    """
    )
    tiny_experiment.write_text(tiny_experiment.read_text("utf-8").replace('"l1"', '"x"'), "utf-8")
    assert srcore(capsys, "check", tiny_experiment)[0] == 0
    exit_code, err = srcore(capsys, "run", tiny_experiment, "--output", tiny_experiment.parent)
    assert exit_code == 2
    assert err.splitlines()[-1] == f'srcore: srplug-stranger 1.2: loss "x": {message}'


@pytest.mark.parametrize("hook", ["run_started", "engines_created", "run_finished"])
def test_raising_hook_of_a_run(install, capsys, tiny_experiment, hook):
    install(
        f"""
        import srcore

        @srcore.hookimpl
        def srcore_{hook}(run):
            raise KeyError("colour")
        """
    )
    exit_code, err = srcore(capsys, "run", tiny_experiment, "--output", tiny_experiment.parent)
    assert exit_code == 2
    assert err.splitlines()[-1] == (
        f"srcore: srplug-stranger 1.2: hook srcore_{hook} failed: KeyError: 'colour' "
        "(srplug_stranger/plugin.py, line 6); run with --without stranger to leave it out"
    )


def test_raising_finish_hook_does_not_hide_what_ended_the_run(install, capsys, tiny_experiment):
    install(
        REGISTER
        + """registry.add("loss", "x", None, "srplug_stranger.broken:Loss")

    @srcore.hookimpl
    def srcore_run_finished(run):
        raise KeyError("colour")
    """
    )
    tiny_experiment.write_text(tiny_experiment.read_text("utf-8").replace('"l1"', '"x"'), "utf-8")
    err = srcore(capsys, "run", tiny_experiment, "--output", tiny_experiment.parent)[1]
    assert "hook srcore_run_finished failed: KeyError: 'colour'" in err.splitlines()[-2]
    assert 'loss "x": cannot import srplug_stranger.broken:Loss' in err.splitlines()[-1]


def test_check_hook_that_returns_no_problems(install, capsys, tiny_experiment):
    install(
        """
        import srcore

        @srcore.hookimpl
        def srcore_experiment_loaded(experiment):
            return "the scale is odd"
        """
    )
    exit_code, err = srcore(capsys, "check", tiny_experiment)
    assert exit_code == 2
    assert 'hook srcore_experiment_loaded returned "the scale is odd"; expected a list of' in err


def test_package_whose_name_begins_with_srcore_is_no_hook(install, capsys, tmp_path):
    install(
        """
        import srcore
        import srcore_colours

        @srcore.hookimpl
        def srcore_run_started(run): ...
        """
    )
    (tmp_path / "site" / "srcore_colours.py").write_text("")
    assert srcore(capsys, "plugins") == (0, "")


def test_deprecated_hook_is_one_line_that_names_the_plugin(install, capsys, monkeypatch):
    @hookspecs.hookspec(warn_on_impl=DeprecationWarning("srcore_run_ended goes away in 0.3"))
    def srcore_run_ended(run): ...

    monkeypatch.setattr(hookspecs, "srcore_run_ended", srcore_run_ended, raising=False)
    install(
        """
        import srcore

        @srcore.hookimpl
        def srcore_run_ended(run): ...
        """
    )
    assert srcore(capsys, "plugins") == (
        0,
        "srcore: warning: srplug-stranger 1.2: srcore_run_ended goes away in 0.3; look for a newer "
        "version of the plugin\n",
    )
