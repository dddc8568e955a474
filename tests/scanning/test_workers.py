import io
import json
import subprocess
import sys

import pytest

from srcore.scanning import workers as module
from srcore.scanning.facts import Facts
from srcore.scanning.stamps import NO_FILE, stamps
from srcore.scanning.workers import answer_questions, workers


@pytest.fixture
def folder(many):
    """A folder of forty, one of them no image and one gone, and the names in three chunks."""
    folder, names = many(40)
    (folder / "00007.png").write_bytes(b"no image")
    (folder / "00031.png").unlink()
    return folder, [names[:15], names[15:30], names[30:]]


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(module, "_MANY", 1)
    monkeypatch.setattr(module, "_LONG", 0.0)
    monkeypatch.setattr(module, "cores", lambda: 2)


def everything(folder, chunks):
    with workers(folder, 40) as those:
        return [it.tolist() for it in those.stamps(chunks)], list(those.read(chunks))


def test_processes_say_the_same_as_threads(folder, two_cores, monkeypatch):
    by_processes = everything(*folder)
    monkeypatch.setattr(module, "_MANY", 10**9)
    stamps, facts = by_threads = everything(*folder)
    assert by_processes == by_threads
    assert [len(it) for it in stamps] == [len(it) for it in facts] == [15, 15, 10]
    assert stamps[0][7][1] == len(b"no image")
    assert stamps[2][1] == list(NO_FILE)
    assert facts[0][7].fault.endswith("not an image (or of an unknown format)")
    assert facts[0][8] == Facts(8, 12, 8, 3)


def test_what_a_dead_process_owes_is_done_here(folder, two_cores, monkeypatch):
    real = subprocess.Popen

    def dying(command, **keywords):
        return real([sys.executable, "-c", "pass"], **keywords)

    expected = everything(*folder)
    monkeypatch.setattr(module.subprocess, "Popen", dying)
    assert everything(*folder) == expected


def test_processes_start_when_there_is_enough_for_them_to_do(folder, two_cores, monkeypatch):
    expected = everything(*folder)
    commands, real = [], subprocess.Popen

    def noting(command, **keywords):
        commands.append(command)
        return real(command, **keywords)

    monkeypatch.setattr(module.subprocess, "Popen", noting)
    monkeypatch.setattr(module, "_LONG", 60.0)
    monkeypatch.setattr(module, "_MANY", 40)
    with workers(folder[0], 40) as those:
        known = [it.tolist() for it in those.stamps(folder[1])]
        assert list(those.read([["00001.png"]])) == [[Facts(8, 12, 8, 3)]]
        assert commands == []
        assert list(those.read(folder[1])) == expected[1]
        assert len(commands) == 2
    assert known == expected[0]


def test_nothing_to_do(tmp_path):
    with workers(tmp_path, 0) as those:
        assert list(those.stamps([])) == list(those.read([])) == []


def test_a_process_answers_line_by_line(folder, monkeypatch):
    folder, (names, *_) = folder
    questions = [
        json.dumps(["stamps", "\0".join(names)]),
        json.dumps(["read", "\0".join(names[:2])]),
    ]
    stdin, stdout = io.BytesIO("\n".join([*questions, ""]).encode()), io.BytesIO()
    monkeypatch.setattr(module, "end_with_parent", lambda: None)
    monkeypatch.setattr(module.sys, "stdin", io.TextIOWrapper(stdin))
    monkeypatch.setattr(module.sys, "stdout", io.TextIOWrapper(stdout))
    answer_questions(folder)
    answer, facts = map(json.loads, stdout.getvalue().splitlines())
    assert bytes.fromhex(answer) == stamps(folder, names).tobytes()
    assert facts == [[8, 12, 8, 3, ""]] * 2
