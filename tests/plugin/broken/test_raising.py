"""A plugin that raises in its hooks and handlers: named in the last line, whatever it raised."""

import pytest

from srcore import hookspecs

REGISTER = """
    import srcore

    @srcore.hookimpl
    def srcore_register_components(registry):
        """


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
    install, program, tiny_experiment, tmp_path
):
    install(HANDLER)
    run = ("run", tiny_experiment, "--output", tmp_path / "runs", "--quiet")
    exit_code, err = program(*run)
    assert exit_code == 1
    *_, cause, advice = err.splitlines()
    assert "Traceback" in err
    assert cause == "KeyError: 'sheep'"
    assert advice == (
        "srcore: this happened in srplug-stranger 1.2 (srplug_stranger.plugin, line 10); report "
        "it there; run with --without stranger to leave it out"
    )
    assert program("--without", "stranger", *run[:-1], "--overwrite", "--quiet")[0] == 0


@pytest.mark.parametrize("error", ["StopIteration", "StopAsyncIteration", "GeneratorExit"])
@pytest.mark.parametrize("event", ["ITERATION_COMPLETED(once=2)", "EPOCH_STARTED", "STARTED"])
def test_a_handler_that_raises_what_ends_a_loop_is_blamed(
    install, program, tiny_experiment, tmp_path, error, event
):
    """An engine is a generator: such errors mean something to Python itself."""
    code = HANDLER.replace("ITERATION_COMPLETED(once=2)", event)
    install(code.replace('{}["sheep"]', f"raise {error}"))
    run = ("run", tiny_experiment, "--output", tmp_path / "runs", "--quiet")
    exit_code, err = program(*run)
    assert exit_code == 1
    assert err.splitlines()[-1].startswith(
        "srcore: this happened in srplug-stranger 1.2 (srplug_stranger.plugin, line 10); report"
    )


@pytest.mark.parametrize("error", ["StopIteration", "StopAsyncIteration", "GeneratorExit"])
def test_a_hook_that_raises_what_ends_a_loop_is_named(install, program, error):
    install(f"{REGISTER}raise {error}")
    exit_code, err = program("components")
    assert exit_code == 2
    hook = "srplug-stranger 1.2: hook srcore_register_components"
    assert err.startswith(f"srcore: {hook} failed: {error} (srplug_stranger/plugin.py")


@pytest.mark.parametrize("hook", ["run_started", "engines_created", "run_finished"])
def test_raising_hook_of_a_run(install, program, tiny_experiment, hook):
    install(
        f"""
        import srcore

        @srcore.hookimpl
        def srcore_{hook}(run):
            raise KeyError("color")
        """
    )
    exit_code, err = program("run", tiny_experiment, "--output", tiny_experiment.parent)
    assert exit_code == 2
    assert err.splitlines()[-1] == (
        f"srcore: srplug-stranger 1.2: hook srcore_{hook} failed: KeyError: 'color' "
        "(srplug_stranger/plugin.py, line 6); run with --without stranger to leave it out"
    )


def test_raising_finish_hook_does_not_hide_what_ended_the_run(install, program, tiny_experiment):
    install(
        REGISTER
        + """registry.add("loss", "x", None, "srplug_stranger.broken:Loss")

    @srcore.hookimpl
    def srcore_run_finished(run):
        raise KeyError("color")
    """
    )
    tiny_experiment.write_text(tiny_experiment.read_text("utf-8").replace('"l1"', '"x"'), "utf-8")
    err = program("run", tiny_experiment, "--output", tiny_experiment.parent)[1]
    assert "hook srcore_run_finished failed: KeyError: 'color'" in err.splitlines()[-2]
    assert 'loss "x": cannot import srplug_stranger.broken:Loss' in err.splitlines()[-1]


def test_check_hook_that_returns_no_problems(install, program, tiny_experiment):
    install(
        """
        import srcore

        @srcore.hookimpl
        def srcore_experiment_loaded(experiment):
            return "the scale is odd"
        """
    )
    exit_code, err = program("check", tiny_experiment)
    assert exit_code == 2
    assert 'hook srcore_experiment_loaded returned "the scale is odd"; expected a list of' in err


def test_what_nobody_expected_is_shown_whole(program, monkeypatch):
    monkeypatch.setattr("srcore.cli.components.command.callback", lambda **given: 1 / 0)
    exit_code, err = program("components")
    assert exit_code == 1
    *_, cause, advice = err.splitlines()
    assert cause == "ZeroDivisionError: division by zero"
    assert advice.startswith("srcore: srcore ")
    assert "did not expect this" in advice


def test_package_whose_name_begins_with_srcore_is_no_hook(install, program, tmp_path):
    install(
        """
        import srcore
        import srcore_colors

        @srcore.hookimpl
        def srcore_run_started(run): ...
        """
    )
    (tmp_path / "site" / "srcore_colors.py").write_text("")
    assert program("plugins") == (0, "")


def test_deprecated_hook_is_one_line_that_names_the_plugin(install, program, monkeypatch):
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
    assert program("plugins") == (
        0,
        "srcore: warning: srplug-stranger 1.2: srcore_run_ended goes away in 0.3; look for a newer "
        "version of the plugin\n",
    )
