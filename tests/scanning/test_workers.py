import io
import json
import os
import subprocess
import sys

import attrs
import numpy as np
import pytest

from srcore.scanning import workers as module
from srcore.scanning.facts import Facts
from srcore.scanning.index import ScanIndex
from srcore.scanning.workers import answer_questions, workers


@pytest.fixture
def folder(many, tmp_path):
    """A folder of forty, its index which knows the first twenty, and the names in three chunks."""
    folder, names = many(40)
    (folder / "00007.png").write_bytes(b"no image")
    index = ScanIndex(tmp_path / "index.sqlite")
    for name in names[:20]:
        state = (folder / name).stat()
        stamp = state.st_mtime_ns, state.st_size
        facts = Facts(fault="\0: bad") if name == "00003.png" else Facts(8, 12, 8, 3)
        index.keep([(name.encode(), stamp, facts)])
    index.close()
    return folder, index.file, [names[:15], names[15:30], names[30:]]


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(module, "_MANY", 1)
    monkeypatch.setattr(module, "_LONG", 0.0)
    monkeypatch.setattr(module, "cores", lambda: 2)


def plain(instance, attribute, value):
    return value.tolist() if isinstance(value, np.ndarray) else value


def everything(folder, index, chunks):
    with workers(folder, index, 40) as those:
        known, facts = list(those.look_up(chunks)), list(those.read(chunks))
    tables = [attrs.asdict(it, value_serializer=plain) for it in known]
    return json.loads(json.dumps(tables)), facts


def test_processes_say_the_same_as_threads(folder, two_cores, monkeypatch):
    by_processes = everything(*folder)
    monkeypatch.setattr(module, "_MANY", 10**9)
    known, facts = by_threads = everything(*folder)
    assert by_processes == by_threads
    # 00007 was written a moment ago and is not kept
    assert [[place for place, _ in it["unread"]] for it in known] == [
        [7],
        list(range(5, 15)),
        list(range(10)),
    ]
    assert known[0]["faults"] == [[3, "\0: bad"]]
    assert known[0]["sizes"][2:5] == [[8, 12], [0, 0], [8, 12]]
    assert [len(it) for it in facts] == [15, 15, 10]
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
    with workers(*folder[:2], 40) as those:
        known = list(those.look_up(folder[2]))
        assert list(those.read([["00001.png"]])) == [[Facts(8, 12, 8, 3)]]
        assert commands == []
        assert list(those.read(folder[2])) == expected[1]
        assert len(commands) == 2
    assert [it.sizes.tolist() for it in known] == [it["sizes"] for it in expected[0]]


def test_nothing_to_do(tmp_path):
    with workers(tmp_path, None, 0) as those:
        assert list(those.look_up([])) == list(those.read([])) == []


def test_a_process_answers_line_by_line(folder, monkeypatch):
    folder, index, (names, *_) = folder
    questions = [json.dumps(["look_up", names]), json.dumps(["read", names[:2]])]
    stdin, stdout = io.BytesIO("\n".join([*questions, ""]).encode()), io.BytesIO()
    monkeypatch.setattr(module, "end_with_parent", lambda: None)
    monkeypatch.setattr(module.sys, "stdin", io.TextIOWrapper(stdin))
    monkeypatch.setattr(module.sys, "stdout", io.TextIOWrapper(stdout))
    answer_questions(folder, index)
    [[sizes, faults, unread, file_bytes], facts] = map(json.loads, stdout.getvalue().splitlines())
    assert (len(bytes.fromhex(sizes)), faults, len(unread)) == (15 * 2 * 4, [[3, "\0: bad"]], 1)
    assert len(bytes.fromhex(file_bytes)) == 15 * 8
    assert facts == [[8, 12, 8, 3, ""]] * 2
    assert os.path.isabs(index)
