"""A process that never starts ends the wait of the others with one line."""

import time

import pytest
from torch.distributed import TCPStore

import srcore
import srcore.engine.training  # forked processes do not load it again
from srcore.launching import rendezvous
from srcore.launching.stages import run_experiment
from srcore.testing.killing import fork, wait
from srcore.testing.ranks import free_port, join_ranks

#: What torchrun tells processes that share its store, which outlives them.
AGENT = {"TORCHELASTIC_USE_AGENT_STORE": "True"}


@pytest.fixture
def port():
    return free_port()


def launch(experiment, folder, own, port, **more):
    """Start one of two processes of a run; return its number."""
    loaded = srcore.load_experiment(experiment)

    def work():
        join_ranks(own, 2, port, **more)
        run_experiment(loaded, folder / "runs", quiet=True)

    return fork(work, folder / f"{own}.log")


@pytest.mark.parametrize("own", [0, 1])
def test_a_process_that_is_alone_says_so_and_ends(
    tiny_experiment, tmp_path, monkeypatch, own, port
):
    monkeypatch.setattr(rendezvous, "LIMIT", 1.0)
    began = time.monotonic()
    assert wait(launch(tiny_experiment, tmp_path, own, port), 30) == 1
    assert time.monotonic() - began < 20
    lines = [
        line for line in (tmp_path / f"{own}.log").read_text().splitlines() if "srcore: " in line
    ]
    (line,) = lines
    assert line.startswith(
        f"srcore: process {own} of 2 waited 1 s for the others to start; not all "
    )
    assert line.endswith("start all of them, with the same number of processes")
    assert f"127.0.0.1:{port}" in line
    assert "Traceback" not in (tmp_path / f"{own}.log").read_text()
    assert not (tmp_path / "runs").exists(), "nothing was begun"


def test_below_torchrun_the_missing_ones_are_named_also_after_a_restart(
    tiny_experiment, tmp_path, monkeypatch, port
):
    monkeypatch.setattr(rendezvous, "LIMIT", 1.0)
    store = TCPStore("127.0.0.1", port, is_master=True, wait_for_workers=False)
    store.set("srcore/start/asks/1", "5")  # what is left of the first attempt
    assert wait(launch(tiny_experiment, tmp_path, 0, port, **AGENT), 30) == 1
    assert "to start; not yet there: 1; their own" in (tmp_path / "0.log").read_text()


def test_below_torchrun_a_missing_main_process_is_named(
    tiny_experiment, tmp_path, monkeypatch, port
):
    monkeypatch.setattr(rendezvous, "LIMIT", 1.0)
    _store = TCPStore("127.0.0.1", port, is_master=True, wait_for_workers=False)
    here = {"LOCAL_WORLD_SIZE": "1"}
    assert wait(launch(tiny_experiment, tmp_path, 1, port, **AGENT, **here), 30) == 1
    text = (tmp_path / "1.log").read_text()
    assert "to start; not yet there: 0; their own" in text
    assert "give it TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 on all of them" in text


def test_processes_that_are_started_again_do_not_meet_what_is_left_of_the_first(tmp_path, port):
    _store = TCPStore("127.0.0.1", port, is_master=True, wait_for_workers=False)

    def attempt(number):
        def work(own):
            join_ranks(own, 2, port, **AGENT, TORCHELASTIC_RESTART_COUNT=str(number * own))
            store = rendezvous.meet()
            assert not store.check([f"address/{own}"])
            store.set(f"address/{own}", str(number))
            assert store.get(f"address/{1 - own}") == str(number).encode()

        children = [fork(lambda own=own: work(own), tmp_path / f"{own}.log") for own in (0, 1)]
        return [wait(child, 30) for child in children]

    codes = [attempt(number) for number in range(3)]
    assert codes == 3 * [[0, 0]], [(tmp_path / f"{own}.log").read_text() for own in (0, 1)]


def test_processes_that_start_at_different_times_meet(tiny_experiment, tmp_path, port):
    first = launch(tiny_experiment, tmp_path, 1, port)
    time.sleep(1)
    second = launch(tiny_experiment, tmp_path, 0, port)
    codes = [wait(process, 60) for process in (first, second)]
    assert codes == [0, 0], [(tmp_path / f"{own}.log").read_text() for own in (0, 1)]
