"""What a command that enlarges files will do; refusals are those of ``srcore upscale``."""

from pathlib import Path

import click
import numpy as np
import pytest

from srcore.cli.upscale_flags import upscale_flags
from srcore.cli.upscale_plan import planned_upscale, refuse_occupied
from srcore.cli.writing import WritingCommand
from srcore.files.occupied import OccupiedError
from srcore.images import write_image
from srcore.upscaling.failure_report import FailureReport
from srcore.upscaling.jobs import Task


@pytest.fixture
def plan(weights, tmp_path, monkeypatch):
    """Plans a job as a command does: arguments -> what is planned."""
    monkeypatch.chdir(tmp_path)
    for index in range(2):
        image = np.full((5, 4 + index, 3), 9, np.uint8)
        write_image(Path(f"in/{index}.png"), image, durable=False)
    plans = []

    @click.command(cls=WritingCommand, before="depth", written="Format.")
    @upscale_flags()
    def command(request):
        plans.append(planned_upscale(request, device="cpu"))

    def plan(*arguments):
        given = ["--weights", str(weights), "--device", "cuda", *arguments]
        command.main(given, standalone_mode=False)
        return plans.pop()

    return plan


def test_names_and_settings_follow_from_the_command_line(plan):
    planned = plan("in", "-o", "out/", "--scale", "3", "--depth", "8")
    assert [task.target for task in planned.tasks] == [Path("out/0.png"), Path("out/1.png")]
    assert planned.settings.sizing.scale == 3
    assert planned.settings.fitting.depth == 8
    assert planned.settings.registry is not None
    assert planned.unreadable == []


def test_the_network_lies_on_the_device_of_who_plans(plan):
    """The device of the command line is that of those who compute, and need not be here."""
    network = plan("in").network
    assert {it.device.type for it in network.parameters()} == {"cpu"}
    assert plan("in").settings.sizing.scale == network.scale == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "x4"], "--weights and --model exclude each other"),
        (["--resume", "--overwrite"], "--resume and --overwrite exclude each other"),
        (["--width", "9", "--scale", "2"], "--width and --height exclude --scale"),
        (["--fit", "cover"], "--fit needs --width and --height"),
        (["--quality", "9"], "quality"),
    ],
)
def test_contradictions_are_refused(plan, options, message):
    with pytest.raises(click.UsageError, match=message):
        plan("in", *options)


def test_what_is_there_is_refused(tmp_path):
    task = Task(tmp_path / "a.png", tmp_path / "b.png")
    refuse_occupied([task], FailureReport(None))
    (tmp_path / "failed").touch()
    with pytest.raises(OccupiedError, match=r"failed: exists; --resume skips what is done"):
        refuse_occupied([task], FailureReport(tmp_path / "failed"))
