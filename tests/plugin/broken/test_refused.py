"""A plugin that cannot be used: one line with distribution, version and cause."""

import json

import pytest

import srcore
from srcore.cli.main import main

REGISTER = """
    import srcore

    @srcore.hookimpl
    def srcore_register_components(registry):
        """


HOOK = "srplug-stranger 1.2: hook srcore_register_components"


IMPORT = "srplug-stranger 1.2: cannot import srplug_stranger.plugin"


BROKEN = {
    "import error": (
        "import a_module_that_nobody_has",
        f"{IMPORT}: ModuleNotFoundError: No module named 'a_module_that_nobody_has' "
        "(srplug_stranger/plugin.py, line 1); reinstall it, or",
    ),
    "syntax error": ("def (:", f"{IMPORT}: SyntaxError: invalid syntax (plugin.py, line 1);"),
    "exit at import": ("import sys; sys.exit('no license')", f"{IMPORT}: SystemExit: no license"),
    "no hook": ("x = 1", "srplug-stranger 1.2: srplug_stranger.plugin implements no hook"),
    "wrong signature": (
        """
        import srcore

        @srcore.hookimpl
        def srcore_register_components(registry, color): ...
        """,
        "hook 'srcore_register_components' hookimpl definition: srcore_register_components("
        "registry, color) Argument(s) {'color'} are declared in the hookimpl but can not be "
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
def test_one_line_names_distribution_version_and_cause(install, program, name):
    code, message = BROKEN[name]
    install(code)
    exit_code, err = program("components")
    assert exit_code == 2
    assert message in err
    assert err.startswith("srcore: srplug-stranger 1.2: ")
    assert err.endswith("run with --without stranger to leave it out\n")
    assert len(err.splitlines()) == 1
    assert program("--without", "stranger", "components") == (0, "")


@pytest.mark.parametrize("name", BROKEN)
def test_who_only_looks_gets_an_answer_and_the_cause(install, capsys, name):
    code, message = BROKEN[name]
    install(code)
    run = runner(capsys)
    assert run("--version") == (0, f"srcore, version {srcore.__version__}\n", "")
    for arguments in (["--help"], ["run", "--help"]):
        exit_code, out, err = run(*arguments)
        assert exit_code == 0
        assert out.startswith("Usage: srcore")
        assert not err or message in err, "what registers components is not asked here"
    exit_code, out, _ = run("plugins", "--json")
    (broken,) = [row for row in json.loads(out) if row["broken"]]
    assert exit_code == 0
    assert (broken["distribution"], broken["version"]) == ("srplug-stranger", "1.2")
    assert message in broken["broken"]
    assert f"  broken:     {broken['broken']}\n" in run("plugins")[1]
    assert run("check", "esrgan_tiny")[0] == 2, "what computes is refused"


def runner(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return run


def test_a_plugin_of_another_core_is_listed(install, capsys):
    install("1 / 0", requires="srcore>=99")
    code, out, err = runner(capsys)("plugins")
    assert (code, err) == (0, "")
    assert "stranger  (srplug-stranger 1.2)\n  broken:     srplug-stranger 1.2: wants srcore" in out


def test_what_a_plugin_prints_is_no_result(install, capsys):
    install(
        """
        import srcore
        print("imported")

        @srcore.hookimpl
        def srcore_register_components(registry):
            print("registers")
        """
    )
    code, out, err = runner(capsys)("plugins", "--json")
    assert (code, err) == (0, "imported\nregisters\n")
    assert "stranger" in [row["name"] for row in json.loads(out)]


def test_an_import_that_hangs_names_the_plugin(install, program, monkeypatch):
    monkeypatch.setattr("srcore.plugin.patience.PATIENCE", 0.2)
    install("import time\n\ntime.sleep(1)\nimport a_module_that_nobody_has")
    exit_code, err = program("components")
    assert exit_code == 2
    assert err.splitlines()[0] == (
        "srcore: still importing srplug-stranger 1.2 (srplug_stranger.plugin) after 0.2 s; run "
        "with --without stranger to leave it out"
    )


@pytest.mark.parametrize("given", ["stranger", "srplug-stranger", "SRPlug_Stranger"])
def test_left_out_by_entry_point_or_distribution_however_it_is_spelt(install, program, given):
    install("1 / 0")
    assert program(f"--without={given}", "plugins") == (0, "")


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
        ("srcore.builtin", 'entry point "stranger" names the module that srcore '),
    ],
)
def test_entry_point_that_names_nothing_of_its_own(install, program, value, message):
    install(value=value)
    exit_code, err = program("components")
    assert (exit_code, len(err.splitlines())) == (2, 1)
    assert f"srcore: srplug-stranger 1.2: {message}" in err
    assert program("--without", "stranger", "plugins") == (0, "")


def test_name_of_another_plugin(install, program):
    install("", name="builtin")
    exit_code, err = program("components")
    assert exit_code == 2
    assert "and by srplug-stranger 1.2; uninstall one of them, or run with --without" in err
    assert program("--without", "srplug-stranger", "plugins") == (0, "")


@pytest.mark.parametrize(
    ("requires", "message"),
    [
        ("srcore>=0.0.1,<0.1", "wants srcore >=0.0.1,<0.1, installed is "),
        ("srcore (>=99)", "wants srcore >=99, installed is "),
    ],
)
def test_wrong_core_is_named_before_the_plugin_is_imported(install, program, requires, message):
    install("1 / 0", requires=requires)
    exit_code, err = program("components")
    assert (exit_code, len(err.splitlines())) == (2, 1)
    assert err.startswith(f"srcore: srplug-stranger 1.2: {message}")
    upgrade = "srcore" if "99" in requires else "srplug-stranger"
    assert err.endswith(
        f"; pip install --upgrade {upgrade}, or run with --without stranger to leave it out\n"
    )
    assert program("--without", "stranger", "plugins") == (0, "")


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
            "srplug_stranger.plugin:colorful",
            "srplug_stranger.plugin:colorful is built with no arguments: missing a required "
            "argument: 'color'",
        ),
    ],
)
def test_component_that_cannot_be_built(install, program, tiny_experiment, target, message):
    install(
        REGISTER
        + f"""registry.add("loss", "x", None, "{target}")

    def colorful(color): ...
    """
    )
    tiny_experiment.write_text(tiny_experiment.read_text("utf-8").replace('"l1"', '"x"'), "utf-8")
    assert program("check", tiny_experiment)[0] == 0
    exit_code, err = program("run", tiny_experiment, "--output", tiny_experiment.parent)
    assert exit_code == 2
    assert err.splitlines()[-1] == f'srcore: srplug-stranger 1.2: loss "x": {message}'
