"""``srcore ray upscale`` on a cluster of this machine."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from srplug_ray.cluster import _EVERYWHERE, _ON_LOOPBACK
from srplug_ray.commands import command

from srcore.images import read_image

USE = ("--weights", "tiny.safetensors", "--device", "cpu")


def test_results_and_failures_are_those_of_srcore_upscale(images, run, content):
    images(9)
    Path("in/4.png").write_text("no image")
    Path("films.txt").write_text("in/film.mp4\n")
    code, out, err = run("upscale", "in", "-o", "alone/", *USE, "--failures", "alone.jsonl")
    *alone_lines, alone_counts = err.splitlines()
    assert code == 1, err
    code, ray_out, ray_err = run(
        *("ray", "upscale", "in", "-o", "ray/", *USE, "--failures", "ray.jsonl"),
        *("--workers", "2", "--list", "films.txt"),
    )
    assert code == 1, ray_err
    assert len(content("ray")) == 8
    assert content("ray") == content("alone")
    assert sorted(ray_out.splitlines()) == sorted(out.replace("alone/", "ray/").splitlines())
    failed = [json.loads(Path(f"{it}.jsonl").read_text()) for it in ("alone", "ray")]
    for it in failed:
        del it["seconds"]
    assert failed[1] == failed[0] | {"target": "ray/4.png"}
    *lines, counts, rates = ray_err.splitlines()
    left_out = "srcore: left out, with their number: films (1); srcore upscale takes them"
    assert sorted(lines) == sorted([*alone_lines, left_out])
    assert counts == alone_counts
    assert re.fullmatch(r"srcore: .* s, .* images/s, .* megapixels/s of results", rates)


@pytest.mark.slow
def test_what_is_there_is_refused_skipped_or_replaced(images, run, content):
    images(4)
    assert run("ray", "upscale", "in", "-o", "out/", *USE)[0] == 0
    made = content("out")
    code, _, err = run("ray", "upscale", "in", "-o", "out/", *USE)
    assert code == 2
    assert "out/0.png: exists, and 3 more outputs; --resume skips what is done" in err
    Path("out/1.png").unlink()
    code, out, err = run("ray", "upscale", "in", "-o", "out/", *USE, "--resume", "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["done"], told["skipped"], told["failed"]) == (1, 3, 0)
    assert content("out") == made
    Path("out/2.png").write_bytes(b"")
    assert run("ray", "upscale", "in", "-o", "out/", *USE, "--overwrite")[0] == 0
    assert content("out") == made


def test_a_backend_that_does_not_fit_ends_the_job_with_one_line(images, run):
    """What of all files alike is wrong is found by a worker, and said once."""
    images(2)
    Path("broken.py").write_text(
        "import srcore\n"
        "class Broken:\n"
        "    devices, precisions = ('cpu',), ('float32',)\n"
        "    def made(self, order):\n"
        "        return lambda image: image[..., :1, :1]\n"
        "@srcore.hookimpl\n"
        "def srcore_register_components(registry):\n"
        "    registry.add('srcore.backend', 'broken', None, Broken)\n"
    )
    arguments = ("upscale", "in", "-o", "out/", *USE, "--backend", "broken")
    own = ("--plugin", "broken.py")
    alone = run(*arguments, own=own)
    code, out, err = run("ray", *arguments, own=own)
    assert (code, out, err) == alone
    assert code == 2
    assert len(err.splitlines()) == 1


@pytest.mark.slow
def test_a_running_cluster_is_used_and_left_running(images, run, content, environment):
    images(3)
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "0123456789abcdef" * 4}
    environment |= {**_EVERYWHERE, **_ON_LOOPBACK, **token}
    script = (
        "import ray, sys\n"
        "context = ray.init('local', include_dashboard=False, num_cpus=2, log_to_driver=False)\n"
        "print(context.address_info['address'], flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as cluster:
        address = cluster.stdout.readline().strip()
        for folder in ("first", "second"):
            options = ("-o", f"{folder}/", *USE, "--address", address)
            code, _, err = run("ray", "upscale", "in", *options)
            assert code == 0, err
        cluster.stdin.close()
    assert content("first") == content("second")
    assert read_image(Path("first/0.png")).shape == (12, 16, 3)


def test_a_cluster_that_is_not_there_is_one_line(images, run):
    images(1)
    options = ("-o", "out/", *USE, "--address", "127.0.0.1:1")
    code, _, err = run("ray", "upscale", "in", *options)
    assert code == 2
    assert err.startswith("srcore: --address 127.0.0.1:1: ")
    assert not list(Path("out").glob("*"))


@pytest.mark.parametrize(
    "more", [("--workers", "0"), ("--gpus-per-worker", "1.5"), ("--tile", "x"), ("--shared",)]
)
def test_values_out_of_range_are_a_wrong_use(more, place):
    assert CliRunner().invoke(command, ["upscale", "in", *more]).exit_code == 2
