import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from srcore.errors import DataError
from srcore.images import write_image
from srcore.prepare import jobs
from srcore.prepare.degrading import OfflineDegradation
from srcore.prepare.jobs import prepare_degraded, prepare_sub_images
from srcore.prepare.unfinished import RECORD, are_made, unfinished
from srcore.testing import write_tiny_images


@pytest.fixture
def folder(tmp_path):
    return write_tiny_images(tmp_path / "images", 6)


def files(*folders):
    return {
        f"{folder.name}/{path.name}": path.read_bytes()
        for folder in folders
        for path in sorted(folder.iterdir())
    }


def sub_images(folder, output, **more):
    return prepare_sub_images(folder, output, **{"crop": 24, "step": 24} | more)


def degraded(folder, output, **more):
    hr = output.with_name(f"{output.name}_hr")
    degradation = OfflineDegradation(**{"scale": 2, "noise": 3.0} | more)
    return prepare_degraded(folder, output, degradation, hr_output=hr)


@pytest.mark.parametrize(("prepare", "in_one"), [(sub_images, 4), (degraded, 2)])
def test_a_job_that_was_stopped_goes_on_and_does_nothing_twice(
    prepare, in_one, folder, tmp_path, monkeypatch
):
    whole = prepare(folder, tmp_path / "whole")
    written, real = [], jobs.write_image

    def stopping(path, image, **keywords):
        if len(written) == 2 * in_one + 1:  # in the middle of the third image
            raise KeyboardInterrupt
        written.append(path)
        real(path, image, **keywords)

    monkeypatch.setattr(jobs, "write_image", stopping)
    with pytest.raises(KeyboardInterrupt):
        prepare(folder, tmp_path / "made")
    assert (tmp_path / "made" / RECORD).is_file()
    written.clear()

    def noting(path, image, **keywords):
        written.append(path)
        real(path, image, **keywords)

    monkeypatch.setattr(jobs, "write_image", noting)
    assert prepare(folder, tmp_path / "made") == whole
    assert len(written) == 4 * in_one
    folders = [path for path in tmp_path.iterdir() if path.name.startswith(("whole", "made"))]
    contents = {path.name: files(path) for path in folders}
    for name in ("made", "made_hr") if prepare is degraded else ("made",):
        others = contents[name.replace("made", "whole")]
        assert list(contents[name].values()) == list(others.values())
    with pytest.raises(DataError, match="holds files"):  # it is at its end
        prepare(folder, tmp_path / "made")


def test_an_unfinished_job_of_other_settings_is_not_mixed_with(folder, tmp_path):
    with (
        pytest.raises(ZeroDivisionError),
        unfinished([tmp_path / "made"], {"crop": 1}, overwrite=False),
    ):
        raise ZeroDivisionError
    settings = json.loads((tmp_path / "made" / RECORD).read_text())
    assert settings == {"crop": "1"}
    message = "made: holds an unfinished job with other settings; give the same command again, or "
    with pytest.raises(DataError, match=f"{message}overwrite=True"):
        sub_images(folder, tmp_path / "made")
    assert sub_images(folder, tmp_path / "made", overwrite=True).written == 24
    assert not (tmp_path / "made" / RECORD).exists()


def test_an_image_that_was_changed_since_is_made_again(folder, tmp_path):
    source, target = folder / "00.png", tmp_path / "x.png"
    assert not are_made(source, [target])
    write_image(target, np.zeros((2, 2, 3), np.uint8))
    assert are_made(source, [target])
    assert not are_made(source, [target, tmp_path / "y.png"])
    later = time.time() + 5
    os.utime(source, (later, later))
    assert not are_made(source, [target])


@pytest.mark.slow
def test_a_killed_command_goes_on(folder, tmp_path):
    """Killed in the middle of hundreds of images, the same command ends as an undisturbed one."""
    folder = write_tiny_images(tmp_path / "many", 300)
    (folder / "000.png").write_bytes(b"no image")

    def command(output):
        arguments = ["prepare", "subimages", "many", output, "--crop", "24", "--step", "24"]
        return [sys.executable, "-m", "srcore", *arguments, "--workers", "2"]

    assert subprocess.run(command("whole"), cwd=tmp_path, check=False).returncode == 1
    process = subprocess.Popen(command("made"), cwd=tmp_path)
    deadline = time.monotonic() + 120
    while not (tmp_path / "made").is_dir() or len(os.listdir(tmp_path / "made")) < 50:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    count = len(files(tmp_path / "made"))
    assert subprocess.run(command("made"), cwd=tmp_path, check=False).returncode == 1
    assert count < len(files(tmp_path / "made"))
    made, whole = files(tmp_path / "made"), files(tmp_path / "whole")
    assert list(made.values()) == list(whole.values())
