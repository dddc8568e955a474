"""Workers that are killed at any moment: nothing is lost, nothing doubled."""

import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from srcore.images import write_image
from srcore.testing.tiny_images import tiny_image

USE = ("--weights", "tiny.safetensors", "--device", "cpu", "--quiet")

#: A plugin, so that workers have it too: the name of every result is noted once it is there, and
#: headers are read by the cluster.
COUNTING = """
import os
import srcore
import srplug_ray.job
from srcore.upscaling import batch

srplug_ray.job._FEW = 100

def counted(path, *rest, write=batch.write_bands, **named):
    if path.name == "deadly.png":
        os.kill(os.getpid(), 9)
    write(path, *rest, **named)
    descriptor = os.open("made", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{path.name}\\n".encode())
    os.close(descriptor)

batch.write_bands = counted

@srcore.hookimpl
def srcore_register_components(registry):
    pass
"""


@pytest.fixture
def start_counted(start, place):
    """Starts the command; names of results are appended to the file ``made``."""
    Path("counting.py").write_text(COUNTING)
    command = ("ray", "upscale", "in", "-o", "ray/", *USE, "--workers", "2")
    return lambda *options: start(*command, *options, own=("--plugin", "counting.py"))


def _workers(process):
    """Numbers of the processes of Ray below a process that upscale now."""
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text()
                names[int(entry.name)] = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            parents[int(entry.name)] = int(status.rpartition(")")[2].split()[1])

    def is_below(number):
        while number in parents:
            number = parents[number]
            if number == process.pid:
                return True
        return False

    upscaling = [it for it, name in names.items() if name.startswith(b"ray::Map")]
    return [it for it in upscaling if is_below(it)]


@pytest.mark.slow
@pytest.mark.parametrize("images_and_kills", [(2000, 12)])
def test_killed_workers_lose_and_double_nothing(
    images_and_kills, images, run, start_counted, content
):
    count, kills = images_and_kills
    images(count)
    assert run("upscale", "in", "-o", "alone/", *USE)[0] == 0
    chance = random.Random(0)
    process = start_counted("--json")
    killed = 0
    while process.poll() is None and killed < kills:
        if Path("made").exists() and (workers := _workers(process)):
            os.kill(chance.choice(workers), signal.SIGKILL)
            killed += 1
        time.sleep(chance.uniform(0.5, 3))
    out, err = process.communicate(timeout=500)
    assert process.returncode == 0, err
    assert killed > kills / 2
    assert content("ray") == content("alone")
    told = json.loads(out)
    assert (told["done"], len({it["target"] for it in told["files"]})) == (count, count)
    made = Counter(Path("made").read_text().split())
    assert set(made.values()) == {1}
    # One that was killed after its result appeared could not say so.
    assert count - killed <= len(made) <= count
    assert "Traceback" not in err


@pytest.mark.slow
def test_an_image_that_ends_its_worker_fails_and_the_others_are_done(
    images, start_counted, content
):
    images(20)
    write_image(Path("in/deadly.png"), tiny_image(), durable=False)
    process = start_counted("--failures", "failed.jsonl")
    _, err = process.communicate(timeout=500)
    assert process.returncode == 1
    failed = json.loads(Path("failed.jsonl").read_text())
    assert failed["source"] == "in/deadly.png"
    assert failed["message"] == "in/deadly.png: its worker ended without a word, each time"
    assert sorted(content("ray")) == sorted(f"{it}.png" for it in range(20))
    assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_job_that_is_ended_goes_on(images, start_counted, content, number):
    images(300)
    process = start_counted()
    while not Path("made").exists():
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=120)
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    if number != signal.SIGKILL:
        told = "srcore: interrupted; finished files are complete, --resume does the others"
        assert err.splitlines()[-1] == told
    time.sleep(5 if number == signal.SIGKILL else 0)  # Ray ends by itself then
    process = start_counted("--resume")
    _, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert len([it for it in content("ray") if not it.startswith(".")]) == 300
    assert set(Counter(Path("made").read_text().split()).values()) == {1}
