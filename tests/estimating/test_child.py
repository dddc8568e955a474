"""A process that tries an experiment: whatever becomes of it is an answer."""

import json
import sys
from pathlib import Path

import pytest

from srcore.errors import SrcoreError
from srcore.estimating import child
from srcore.estimating.child import ProbeMemoryError, try_experiment
from srcore.plugin.manager import PluginManager


@pytest.fixture
def trying(tmp_path, monkeypatch):
    """Has a piece of Python run in place of the probe: what it does -> what is answered."""

    def run(code):
        real = child.subprocess.run

        def instead(command, **how):
            return real([sys.executable, "-c", code, *command[3:]], **how)

        monkeypatch.setattr(child.subprocess, "run", instead)
        plugins = PluginManager(discover=False, without=["ldl"], named=["json"], tolerant=True)
        job = {"seconds": 1.0}
        return try_experiment({"scale": 2}, plugins, job, tmp_path / "probe", "stage gan")

    return run


def answering(answer):
    text = json.dumps(answer)
    return f"import sys, pathlib; pathlib.Path(sys.argv[1], 'answer.json').write_text({text!r})"


def test_an_answer_is_handed_on(trying):
    assert trying(answering({"steps": 3})) == {"steps": 3}


def test_the_process_is_told_what_to_do_and_with_which_plugins(trying):
    """``auto`` of an experiment whose loss is in a named plugin could not be tried without."""
    target = "srcore.estimating.measuring:measure"
    told = {"seconds": 1.0, "without": ["ldl"], "named": ["json"], "target": target}
    copy = (
        "import shutil, sys; shutil.copy(sys.argv[1] + '/job.json', sys.argv[1] + '/answer.json')"
    )
    assert trying(copy) == told


def test_a_killed_process_ran_out_of_memory(trying):
    with pytest.raises(ProbeMemoryError, match=r"stage gan: .* was killed: out of memory"):
        trying("import os; os.kill(os.getpid(), 9)")


def test_memory_that_ran_out_is_told(trying):
    with pytest.raises(ProbeMemoryError, match="stage gan: out of memory"):
        trying(answering({"error": "not enough memory", "out_of_memory": True}))


def test_another_error_is_one_line(trying):
    with pytest.raises(SrcoreError, match=r"^stage gan: no images$"):
        trying(answering({"error": "no images", "out_of_memory": False}))


def test_an_end_without_answer_is_told_with_its_last_line(trying):
    with pytest.raises(SrcoreError, match=r"ended with exit code 1: ValueError: what"):
        trying("raise ValueError('what')")


def test_variables_of_torchrun_are_not_handed_on(trying, torchrun_variables):
    torchrun_variables(0, 2)
    code = "import os; assert 'WORLD_SIZE' not in os.environ;" + answering({"steps": 1})
    assert trying(code) == {"steps": 1}


def test_the_working_folder_is_gone_afterwards():
    with child.working_folder() as folder:
        (folder / "file").write_text("x")
    assert not Path(folder).exists()
