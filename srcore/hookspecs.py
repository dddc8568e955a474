"""All hooks: what plugins register, then those of a run in their order.

They are implemented with ``srcore.hookimpl``.

A plugin is a module that holds functions of these names. It is found through the entry-point group
``srcore`` of its distribution. Take only the parameters you use; pluggy passes them by name.

The core's implementation of a hook is called first, then those of plugins by the name of their
distribution. ``@srcore.hookimpl(tryfirst=True)``, ``trylast=True`` and ``wrapper=True`` change that
as [pluggy](https://pluggy.readthedocs.io) says: a wrapper runs around all others, ``yield`` gives
it what they returned or raises what went wrong, and it returns what the caller shall see.
``optionalhook=True`` marks a hook that only other versions of srcore have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from ignite.engine import Engine

    from srcore.cli.main import SrcoreGroup
    from srcore.config.schema import Experiment
    from srcore.engine.parts import Parts
    from srcore.engine.run import Run
    from srcore.errors import Problem
    from srcore.plugin.registry import Registry

hookspec = pluggy.HookspecMarker("srcore")
hookimpl = pluggy.HookimplMarker("srcore")


@hookspec
def srcore_register_components(registry: Registry) -> None:
    """Register networks, losses and all other kinds of components.

    When: when a program first asks for a component, which ``srcore --help`` does not; again if
        plugins are collected anew, as ``srcore plugins`` does without a broken one.
    Do: call ``registry.add(kind, name, options, target)`` for every component. Options and targets
        may be ``"package.module:name"``, imported when needed, so that listing components does not
        import torch. ``registry.add_kind("plugin.what", contract)`` adds a kind of components.
    Parameters: ``registry`` - refuses a name that another plugin has taken.
    Returns: nothing.
    Errors: stop the program with the plugin's name.
    Since: 0.1.
    """


@hookspec
def srcore_register_experiments(registry: Registry) -> None:
    """Register shipped experiment files.

    When: once, after the components are registered.
    Do: call ``registry.add_experiments("ldl", folder)``; ``folder/rrdb_x4.toml`` is then
        addressed as ``ldl/rrdb_x4``.
    Parameters: ``registry``.
    Returns: nothing.
    Errors: stop the program with the plugin's name.
    Since: 0.1.
    """


@hookspec
def srcore_register_weight_dialects(registry: Registry) -> None:
    """Register key layouts of checkpoint files written by other programs.

    When: once, after the components are registered.
    Do: call ``registry.add_dialect(name, target)``; see ``srcore.weights.dialects``. Whole networks
        of files that no dialect knows come from ``registry.add_reader(name, target)``.
    Parameters: ``registry``.
    Returns: nothing.
    Errors: stop the program with the plugin's name.
    Since: 0.1.
    """


@hookspec
def srcore_register_models(registry: Registry) -> None:
    """Register lists of published models, which users then take by name.

    When: once, after the components are registered.
    Do: call ``registry.add_models(Path(__file__).parent / "models.toml")``; what stands in such a
        file is told in :mod:`srcore.models.lists`. It is read when a model is asked for.
    Parameters: ``registry``.
    Returns: nothing.
    Errors: stop the program with the plugin's name. So does, once a model is asked for, a list that
        cannot be read, or that has a name which another one has taken.
    Since: 0.1.
    """


@hookspec
def srcore_register_commands(cli: SrcoreGroup) -> None:
    """Add commands to the ``srcore`` program.

    When: when the command line starts.
    Do: ``cli.add_target(name, "package.module:command", "First sentence of its help.")``, which
        imports the module when the command is used; without the sentence ``srcore --help``
        imports it, too. Or ``cli.add_command(...)``. Import torch inside the command, not at
        module level.
    Parameters: ``cli`` - the click group of ``srcore``.
    Returns: nothing.
    Errors: stop the program with the plugin's name.
    Since: 0.1.
    """


@hookspec
def srcore_experiment_loaded(experiment: Experiment, registry: Registry) -> list[Problem]:  # type: ignore[empty-body]  # plugins have one
    """Check what concerns several tables of an experiment.

    When: after an experiment was read and its own values were found valid, in ``srcore check``
        and before every run.
    Do: return a :class:`srcore.errors.Problem` for everything that cannot work; do not change the
        experiment and do not import torch. The core's own checks are an implementation too.
    Parameters: ``experiment`` - all tables as typed objects; ``registry`` - what is registered by
        name, to look things up; nothing is added any more.
    Returns: a list of problems; the lists of all plugins are shown together.
    Errors: stop the program with the plugin's name.
    Since: 0.1.
    """


@hookspec
def srcore_run_started(run: Run) -> None:
    """A stage of an experiment starts; its directory exists.

    When: once for every stage that is executed, before networks are built; on every rank. A stage
        that was killed when it was complete, and before :func:`srcore_run_finished` was through,
        starts once more when it is resumed, only to finish.
    Do: write files of your own below ``run.folder / "plugins"``, which ``--overwrite`` deletes with
        the run (other files keep it from doing so); read ``run.experiment``.
    Parameters: ``run``.
    Returns: nothing.
    Errors: stop the run.
    Since: 0.1.
    """


@hookspec
def srcore_engines_created(run: Run, parts: Parts, trainer: Engine, evaluator: Engine) -> None:
    """Networks, optimizers and both Ignite engines exist; training has not begun.

    When: once for every training stage, after a resumed state was loaded; on every rank.
    Do: attach Ignite handlers with ``trainer.add_event_handler``. ``trainer.state.losses`` holds
        the loss terms of the last iteration, ``trainer.state.metrics`` the last training row of
        ``metrics.jsonl``, ``evaluator.state.metrics`` the last validation, which
        ``Events.COMPLETED`` of the evaluator sees; ``evaluator.state.higher_is_better`` says which
        way is better by metric. The trainer also fires
        :class:`srcore.engine.events.TrainingEvents`: ``VALUES_LOGGED``, ``VALIDATION_COMPLETED``,
        ``CHECKPOINT_SAVED`` and others. A component of kind handler does the same, has keys and
        state and is chosen per experiment.
        While a set is validated, ``evaluator.state.batch`` is (set, index) and
        ``evaluator.state.output`` the image's result; append the paths of pictures that you write
        to ``evaluator.state.pictures``, and they appear on TensorBoard too.
    Parameters: ``run``; ``parts`` - networks, losses, optimizers, iteration; ``trainer``,
        ``evaluator`` (Ignite engines).
    Returns: nothing.
    Errors: stop the run.
    Since: 0.1.
    """


@hookspec
def srcore_run_finished(run: Run, parts: Parts | None, error: BaseException | None) -> None:
    """A stage ended.

    When: after the last checkpoint was written, or after an error; on every rank. Once for every
        complete stage: ``finished.json`` notes that all plugins were through. Who was killed or
        failed before is called again when the run is resumed.
    Do: clean up, notify.
    Parameters: ``run``; ``parts`` - networks, losses, optimizers as they are at the end, None of a
        stage that does not train, whose networks could not be built, or that was complete when it
        was resumed; ``error`` - what ended the stage, None if it is complete.
    Returns: nothing.
    Errors: stop the run; if the stage failed already, they are logged, and the error of the stage
        is what the program reports.
    Since: 0.1.
    """
