"""Several processes of ``srcore upscale`` in one folder; kills: tests/upscaling."""

import re
from pathlib import Path

import numpy as np

from srcore.images import write_image


def _photos(folder, number=3):
    for index in range(number):
        image = np.random.default_rng(index).integers(0, 256, (6 + index, 9, 3), np.uint8)
        write_image(Path(folder) / f"{index}.png", image, durable=False)


def test_a_process_of_torchrun_does_what_the_others_leave(upscale, torchrun_variables):
    _photos("in", 5)
    torchrun_variables(1, 2)
    code, out, err = upscale("in")
    assert (code, sorted(out.split())) == (0, [f"in_x2/{index}.png" for index in range(5)])
    assert err == "srcore: process 1 of 2: 5 done\n"
    torchrun_variables(0, 2)
    code, out, err = upscale("in")
    assert (code, out) == (0, "")
    assert re.fullmatch(r"srcore: all processes: 5 done; .* megapixels/s of results\n", err)
    assert sorted(_hidden("in_x2")) == []


def test_without_locks_processes_of_torchrun_take_fixed_parts(
    upscale, torchrun_variables, monkeypatch
):
    monkeypatch.setattr("srcore.upscaling.shared_queue.fcntl", None)
    _photos("in", 5)
    outputs = []
    for rank in range(2):
        torchrun_variables(rank, 2)
        code, out, err = upscale("in")
        assert code == 0
        outputs.append(out.split())
        assert f"process {rank} of 2 takes {3 - rank} of 5 images" in err
    assert list(map(len, outputs)) == [3, 2]
    assert sorted(outputs[0] + outputs[1]) == [f"in_x2/{index}.png" for index in range(5)]
    assert _hidden("in_x2") == []
    code, _, err = upscale("in", "--shared")
    assert code == 1
    assert "srcore: this system has no locks by which processes could share files\n" in err


def test_results_that_are_there_are_refused_once_for_all_processes(upscale, torchrun_variables):
    _photos("in", 2)
    assert upscale("in/1.png", "-o", "in_x2/")[0] == 0
    torchrun_variables(1, 2)
    code, out, err = upscale("in")
    assert (code, out) == (2, "")
    assert "in_x2/1.png: exists; --resume skips what is done" in err
    assert _hidden("in_x2") == []
    code, out, err = upscale("in", "--resume")
    assert (code, out) == (0, "in_x2/0.png\n")


def test_shared_jobs_go_on_and_say_what_all_have_done(upscale):
    _photos("in", 3)
    assert upscale("in/1.png", "-o", "in_x2/")[0] == 0
    code, out, err = upscale("in", "--shared")
    assert (code, sorted(out.split())) == (0, ["in_x2/0.png", "in_x2/2.png"])
    assert "srcore: all processes: 2 done, 1 skipped; " in err
    code, _, err = upscale("in", "--shared", "--overwrite")
    assert code == 2
    assert "--shared and --overwrite exclude each other" in err


def _hidden(folder):
    return [path.name for path in Path(folder).iterdir() if path.name.startswith(".")]
