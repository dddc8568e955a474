import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from srcore.cli.evaluation import work_flags
from srcore.cli.evaluation.work_flags import WorkFlags, metric_settings
from srcore.cli.main import main
from srcore.evaluation.evaluating import choose_measures
from srcore.machine.shared_memory import cores
from srcore.plugin.manager import plugins
from srcore.testing import write_tiny_images
from srcore.testing.weights import write_weights


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture
def evaluate(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["evaluate", *arguments])
        return (caught.value.code, *capsys.readouterr())

    return run


KEPT = Path("cache/srcore/evaluations")


def test_small_sets_have_one_process_and_no_file():
    work = WorkFlags().work([199, 199], {})
    assert (work.processes, work.record) == (1, None)
    assert WorkFlags().work([5, 200], {}).processes == min(cores(), 8)
    assert WorkFlags(workers=3).work([5], {}).processes == 3
    assert WorkFlags().work([500, 500], {}).record is not None
    assert not KEPT.exists()


def test_other_settings_have_another_record():
    files = {
        WorkFlags(resume=True).work([1], settings).record.file
        for settings in ({}, {"metrics": "psnr"}, {"metrics": "ssim"}, {"metrics": "psnr"})
    }
    assert len(files) == 3


def test_files_that_metrics_read_belong_to_their_settings(monkeypatch):
    measures = choose_measures("psnr:y_channel=false", plugins().registry)
    before = metric_settings(measures)
    Path("false").write_bytes(b"a file of the name of a value")
    assert metric_settings(measures) != before


def test_a_stopped_command_goes_on_with_resume_alone(evaluate, monkeypatch):
    write_tiny_images(Path("Toy"), 4)
    given = ("--scale", "2", "--data", "Toy", "--csv", "t.csv", "--save-images", "sr")
    code, out, err = evaluate(*given)
    assert (code, err) == (0, "")
    assert not KEPT.exists()
    whole = Path("t.csv").read_bytes()
    pictures = {path: path.read_bytes() for path in Path("sr").rglob("*.png")}
    again = ("--overwrite", *given)

    real, count = work_flags.WorkFlags.work, []

    def stopping(flags, images, settings):
        work = real(flags, images, settings)
        add = work.record.add

        def note(key, measured):
            add(key, measured)
            count.append(key)
            if len(count) == 3:
                raise KeyboardInterrupt

        work.record.add = note
        return work

    with monkeypatch.context() as patch:
        patch.setattr(work_flags, "_WORTH_KEEPING", 4)
        patch.setattr(work_flags.WorkFlags, "work", stopping)
        assert evaluate(*again)[0] == 130
    assert len(list(KEPT.iterdir())) == 1
    for path in pictures:
        path.unlink()
    for path in list(pictures)[:1]:
        path.write_bytes(pictures[path])
    code, text, err = evaluate("--resume", *again)
    assert (code, text, err) == (0, out, "srcore: values of 3 images are known\n")
    assert Path("t.csv").read_bytes() == whole
    assert {path: path.read_bytes() for path in Path("sr").rglob("*.png")} == pictures
    assert list(KEPT.iterdir()) == []


def test_pictures_of_others_are_gone_on_with_too(evaluate):
    write_tiny_images(Path("hr"), 3)
    write_tiny_images(Path("theirs"), 3, seed=9)
    given = ("--pictures", "theirs", "--hr", "hr", "--scale", "2", "--json")
    plain = evaluate(*given)
    code, out, err = evaluate(*given, "--resume")
    assert (code, out) == plain[:2]
    assert err == "srcore: values of 0 images are known\n"


@pytest.mark.slow
def test_several_processes_killed_again_and_again_print_what_one_prints(place):
    write_tiny_images(Path("Toy"), 120)
    Path("Toy/07.png").write_bytes(b"no image")
    write_weights(Path("net.safetensors"), "edsr", scale=2, num_features=4, num_blocks=1)
    command = [
        *(sys.executable, "-m", "srcore", "evaluate", "net.safetensors", "--data", "Toy"),
        *("--device", "cpu", "--metrics", "psnr,ssim,psnr:y_channel=false", "--json"),
    ]

    def ended(*more):
        return subprocess.run([*command, *more], capture_output=True, text=True, check=False)

    one = ended("--workers", "1")
    assert one.returncode == 1
    assert len(json.loads(one.stdout)["sets"][0]["images"]) == 119
    for lines in (1, 40, 90):
        process = subprocess.Popen([*command, "--workers", "2", "--resume"])
        deadline = time.monotonic() + 120
        while sum(file.read_bytes().count(b"\n") for file in KEPT.glob("*")) < lines:
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.wait()
    last = ended("--workers", "2", "--resume")
    assert "values of 0 images" not in last.stderr
    assert last.stdout == one.stdout
    assert os.listdir(KEPT) == []
